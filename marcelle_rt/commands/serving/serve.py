"""`marcelle-rt serve`: runs a `TrainingServer` that a module has."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from functools import partial
from pathlib import Path

from ...notices import THREADS, tell
from ...processes import garbage
from ...serving.definition import NoServer, Reference
from ...serving.server import TrainingServer
from .changes import Changes


def run_server(target: str, location: str | None, reload: bool) -> None:
    """Serves until Ctrl-C.

    Args:
        target: `module:server`.
        location: The backend's URL, for a server that names none.
        reload: Start again whenever a Python file below the working directory changes that was imported.

    Raises:
        NoServer: There is no such server.
        MarcelleError: What serving raised.
    """
    if location is not None:
        os.environ["MARCELLE_BACKEND"] = location  # the processes of its jobs read it too
    reference = Reference.parse(target)
    if not reload:
        _server(reference).serve()
        return
    changes = Changes(Path.cwd(), reference.module)
    try:
        server = _server(reference)
    except Exception:  # whatever a file says that is being written; the next change may mend it
        traceback.print_exc()
        tell("The server starts when a file has changed.")
        changes.wait()
    else:
        end = partial(os.kill, os.getpid(), signal.SIGTERM)
        threading.Thread(target=changes.then, args=[end], name=f"{THREADS}reload", daemon=True).start()
        server.serve()
        if not changes.seen:
            return
    tell("A file has changed: the server starts again.")
    os.execv(sys.executable, [sys.executable, "-m", "marcelle_rt", *sys.argv[1:]])


def _server(reference: Reference) -> TrainingServer:
    with garbage.kept():
        reference.load()
    server = getattr(sys.modules[reference.module], reference.attribute)
    if not isinstance(server, TrainingServer):
        raise NoServer(f"{reference} is not a TrainingServer")
    return server
