"""`marcelle-rt dashboard`: the page of all runs, served until Ctrl-C."""

from __future__ import annotations

import os
import sys
import webbrowser
from threading import Event

from ..client.socket.probe import find_protocol
from ..config import backend_location
from ..errors import BackendUnreachable
from .pages import page_files
from .site import Site

_PATIENCE = 3.0  # seconds to look for the backend


def run_dashboard(location: str | None, port: int, host: str, browse: bool) -> None:
    """Serves the dashboard of a backend until an exception such as Ctrl-C, and says on stdout where it is.

    Args:
        location: The backend's URL; `None` for the default.
        port: The page's port; 0 takes any free one.
        host: The address to listen on.
        browse: Whether a browser is opened.

    Raises:
        MarcelleError: The page can't be served there, or its libraries can't be installed.
    """
    backend = backend_location(location)
    with Site(page_files(backend), port, host) as site:
        print(f"The dashboard of {backend} is at {site.url} (Ctrl-C stops it)", flush=True)
        try:
            find_protocol(backend, _PATIENCE)
        except BackendUnreachable as error:
            print(f"{error}\nThe page connects by itself as soon as the backend is there.", file=sys.stderr, flush=True)
        if browse and has_display():
            webbrowser.open(site.url)
        Event().wait()


def has_display() -> bool:
    """Whether a browser can show something: without a display, a text browser would take the terminal."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
