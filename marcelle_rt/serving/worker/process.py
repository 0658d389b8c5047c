"""The process of a job: imports the server's module, waits for one order, and carries it out.

Orders come by standard input as a line of JSON, answers go by a pipe of its own, so that whatever the task prints or
reads touches neither. When the server's end of the input closes, the server was killed: this process says so in its
place, and ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType
from typing import IO, Any

from ...notices import THREADS
from ..definition import Reference
from ..executors.seam import Order
from ..presence import Presence
from .attempt import Interrupted, carry_out

_PATIENCE = 10.0  # seconds that the end may take when the server is gone

FAILED_TO_START = 3
"""The exit code of a process that could not import the server's module."""


def main() -> None:
    """Runs the process.

    Its arguments are the reference's three, the server's id, the pipe for answers, and seconds to wait before imports.
    """
    module, attribute, folder, server, answers_to, wait = sys.argv[1:]
    orders = os.fdopen(os.dup(0), "rb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.set_inheritable(int(answers_to), False)
    answers = os.fdopen(int(answers_to), "w", buffering=1)
    signal.signal(signal.SIGTERM, _on_terminate)
    # A spare leaves the processor to the training that has just begun, unless it is needed.
    select.select([orders], [], [], float(wait))
    try:
        definition = Reference(module, attribute, folder).load()
        with contextlib.suppress(Exception):  # only to be quicker later: what can't be reached is said then
            definition.store.connect()
    except BaseException:  # whatever the user's module does when it is imported
        _answer(answers, failed=traceback.format_exc())
        sys.exit(FAILED_TO_START)
    line = orders.readline()
    if not line:
        Presence(definition, server).remove()
        return
    fields = json.loads(line)
    order = Order(**{**fields, "reference": Reference(*fields["reference"])})
    gone = Presence(definition, server).remove
    threading.Thread(target=_end_with_the_server, args=[orders, gone], name=f"{THREADS}server", daemon=True).start()
    carry_out(order, definition, lambda: _end("the job was taken away"))


def _answer(answers: IO[str], **fields: Any) -> None:
    with contextlib.suppress(OSError):  # the server is gone
        answers.write(json.dumps(fields) + "\n")


_reasons: list[str] = []  # why this process ends itself; written by other threads, read by the main one


def _end(reason: str) -> None:
    """Has the main thread end, and ends the process where it does not; any other thread calls it."""
    _reasons.append(reason)
    os.kill(os.getpid(), signal.SIGTERM)
    ending = threading.Timer(_PATIENCE, os._exit, [1])
    ending.daemon = True
    ending.start()


def _on_terminate(number: int, frame: FrameType | None) -> None:
    raise Interrupted(_reasons[0]) if _reasons else SystemExit(128 + number)


def _end_with_the_server(orders: IO[bytes], gone: Callable[[], None]) -> None:
    while orders.readline():
        pass
    _end("the server was killed")
    gone()
