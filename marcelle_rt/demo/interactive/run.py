"""The interactive demo: a page to draw in, and Python that trains on the drawings when the page says so."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...backend import Backend, reach
from ...backend.packages import page_libraries
from ...browser.files import browser_files
from ...dashboard.run import has_display
from ...errors import MarcelleError

_HERE = Path(__file__).parent
SERVER = _HERE / "sketches.py"
"""The demo's Python, which a reader copies."""


def demo_page() -> dict[str, Path]:
    """All files of the page, by the names under which they are served."""
    own = {path.name: path for path in (_HERE / "page").iterdir()}
    return {**page_libraries(), **browser_files(), **own}


@contextmanager
def demo_server(backend_url: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the demo's Python in a process of its own, as its reader would.

    Args:
        backend_url: The backend's URL.
        folder: The working directory, which gets the runs' folders.
    """
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "MARCELLE_BACKEND": backend_url}
    server = subprocess.Popen([sys.executable, str(SERVER)], cwd=folder, env=environment, stdin=subprocess.DEVNULL)
    try:
        yield server
    finally:
        server.terminate()
        server.wait()


def run_interactive_demo(host: str = "127.0.0.1", meant_open: bool = False) -> None:
    """Runs the demo until Ctrl-C, and says on stdout what it does.

    Args:
        host: The address to listen on; `"0.0.0.0"` lets a phone in, say.
        meant_open: Whether it is meant that others than this machine come in.

    Raises:
        MarcelleError: Something that the demo needs is missing, its Python ends, or others would come in without that
            being meant; the message says what to do.
    """
    if not meant_open and not reach.is_loopback(host):
        raise MarcelleError(
            f"At {host}, everybody who reaches this machine over the network could see the drawings, draw, and have "
            "Python train. Write --open if that is what you want."
        )
    if not (importlib.util.find_spec("keras") and importlib.util.find_spec("PIL")):
        raise MarcelleError('The demo trains with Keras: `pip install "marcelle-rt[demo]"` installs all it needs.')
    print("Starting the Marcelle backend ...", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="marcelle-demo-") as folder,
        Backend(host=host, open=meant_open, page=demo_page()) as backend,
        demo_server(backend.url, Path(folder)) as server,
    ):
        print(f"Draw at {backend.url}/ (Ctrl-C ends it; the drawings are gone then)", flush=True)
        for address in reach.elsewhere(host):
            print(f"On a phone in the same network: http://{address}:{backend.port}/", flush=True)
        print(f"The Python behind it is {SERVER}", flush=True)
        if has_display():
            webbrowser.open(f"{backend.url}/")
        code = server.wait()
    raise MarcelleError(f"The demo's Python has ended with the exit code {code}; what it said is above.")
