"""The demo as a whole: a backend, a page in a browser, and a training that streams into it."""

from __future__ import annotations

import importlib.util
import sys
import webbrowser
from pathlib import Path
from threading import Event

from ..backend import Backend
from ..dashboard.pages import page_files
from ..dashboard.run import has_display
from ..dashboard.site import Site
from ..errors import MarcelleError

_PAGE = Path(__file__).parent / "page"


def demo_site(backend_url: str) -> Site:
    """Serves the dashboard for a backend, with the demo's panel to draw in."""
    return Site({**page_files(backend_url), **{file.name: file for file in _PAGE.iterdir()}})


def run_demo(epochs: int, stay: bool) -> None:
    """Runs the demo, and says on stdout what it does.

    Args:
        epochs: How many epochs each training has.
        stay: Whether the page stays after the training until Ctrl-C; on a terminal, Enter trains again.

    Raises:
        MarcelleError: Something that the demo needs is missing; the message says what to do.
    """
    if not (importlib.util.find_spec("tensorflow") and importlib.util.find_spec("sklearn")):
        raise MarcelleError('The demo trains with Keras: `pip install "marcelle-rt[demo]"` installs all it needs.')
    print("Starting the Marcelle backend ...", flush=True)
    with Backend() as backend, demo_site(backend.url) as site:
        print(f"The backend is at   {backend.url}\n{backend.reach}")
        print(f"The dashboard is at {site.url}", flush=True)
        if has_display():
            webbrowser.open(site.url)
        print("Loading TensorFlow; training begins in a moment ...", flush=True)
        from .train import train

        while True:
            train(backend.url, backend.data / "marcelle-logs", epochs)
            if not stay:
                return
            if sys.stdin.isatty():
                input("Done. Press Enter to train once more, Ctrl-C to end the demo. ")
            else:
                print("Done. The dashboard stays up until this program is stopped.", flush=True)
                Event().wait()
