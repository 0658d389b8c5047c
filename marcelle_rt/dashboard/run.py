"""`marcelle-rt dashboard`: the page of all runs, served until Ctrl-C."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import NoReturn

from ..backend import Backend, reach
from ..client.socket.probe import find_protocol
from ..config import backend_location, is_this_machine
from ..errors import BackendUnreachable, RunFolderError
from ..foreign import clean_lines
from .folders import FolderFollower, run_folders
from .pages import own_page, page_files
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
        print(f"The dashboard is at {site.url} and shows the runs of {backend} (Ctrl-C stops it)", flush=True)
        if is_this_machine(backend) and not reach.is_loopback(host):
            print(
                f"Browsers on other machines would look for {backend} on those. For them start the backend with "
                "--host 0.0.0.0: its own address is the dashboard, too.",
                file=sys.stderr,
                flush=True,
            )
        try:
            find_protocol(backend, _PATIENCE)
        except BackendUnreachable as error:
            waiting = "The page connects by itself as soon as the backend is there."
            print(f"{clean_lines(error)}\n{waiting}", file=sys.stderr, flush=True)
        _stay(site.url, browse)


def run_dashboard_of_folders(folders: Sequence[Path], port: int, host: str, browse: bool) -> None:
    """Serves the dashboard of runs on disk, without a backend of the user's; the rest is as for `run_dashboard`.

    Args:
        folders: Run folders, or folders that hold them; runs that begin in them later are shown too.
        port: The page's port; 0 takes any free one.
        host: The address to listen on.
        browse: Whether a browser is opened.

    Raises:
        RunFolderError: One of them is not a folder, or none of them holds a run.
        MarcelleError: The page can't be served there, or what it needs can't be installed.
    """
    found = run_folders(folders)
    if not found:
        names = ", ".join(str(folder) for folder in folders)
        why = f"is not a run, and holds none (looked in {names})"
        raise RunFolderError(folders[0], f"{why}; trainings write into ./marcelle-logs unless told another folder")
    # Other machines are let in where a host is named that they reach: what they see are copies.
    with Backend(port, host, open=True, page=own_page()) as backend, FolderFollower(folders, backend.url):
        count = "1 run" if len(found) == 1 else f"{len(found)} runs"
        print(f"The dashboard of {count} on disk is at {backend.url}/ (Ctrl-C stops it)", flush=True)
        for address in reach.elsewhere(host):
            print(f"On other machines it is at http://{address}:{backend.port}/", flush=True)
        print("The folders are only read: what is edited or removed in the page is gone when this stops.", flush=True)
        _stay(f"{backend.url}/", browse)


def _stay(url: str, browse: bool) -> NoReturn:
    if browse and has_display():
        webbrowser.open(url)
    while True:
        Event().wait()


def has_display() -> bool:
    """Whether a browser can show something: without a display, a text browser would take the terminal."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
