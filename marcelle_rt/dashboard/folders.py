"""Run folders on disk, brought to a backend and kept level with it while trainings write them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from ..errors import MarcelleError, RunFolderError
from ..notices import logger
from ..runs.document.events import Event
from ..runs.folder import journal
from ..runs.remote.remote import Remote
from ..runs.uploader import Uploader

_PAUSE = 0.3  # seconds between two looks at the folders
_SHARE = 4  # a look that took longer is followed by a pause of this many times its length
_FRESH = 2.0  # seconds since its last change in which a run is taken to be written
_FILES_AT_ONCE = 1  # a conversion takes seconds: what trains meanwhile is looked at in between

_LIKE_A_URL = re.compile(r"https?:|[\w.-]+:\d+/?$")

State = tuple[int, int, bool]
"""A journal's size and time of change, and whether somebody writes it."""


def run_folders(places: Iterable[Path]) -> list[Path]:
    """The folders of runs, the oldest first.

    Args:
        places: Folders of runs, or folders that hold such folders.

    Raises:
        RunFolderError: A place is not a folder.
    """
    found: dict[Path, None] = {}
    for place in places:
        if not place.is_dir():
            url = "; a backend's URL stands after --backend" if _LIKE_A_URL.match(str(place)) else ""
            raise RunFolderError(place, f"is not a folder; give a run's folder, or one that holds such folders{url}")
        inner = sorted(path for path in place.iterdir() if path.is_dir())
        found.update(dict.fromkeys(path for path in (place, *inner) if _document(path)))
    return list(found)


def _document(folder: Path) -> Path | None:
    """The file that tells a run, if the folder holds one."""
    names = (journal.JOURNAL, journal.DOCUMENT)
    # A journal without an event yet is being opened.
    return next((folder / name for name in names if (folder / name).exists() and (folder / name).stat().st_size), None)


class FolderFollower:
    """Keeps a backend level with run folders, in a thread of its own, until it is closed.

    The folders are only read. A run that is removed on the backend stays away until the next start. Curves come
    first; checkpoints and assets follow while nothing else is to be done.

    Args:
        places: Folders of runs, or folders that hold such folders; new runs in them are found.
        location: The backend's URL.
    """

    def __init__(self, places: Iterable[Path], location: str) -> None:
        self._places = list(places)
        self._remote = Remote(location)
        self._uploader = Uploader(self._remote)
        self._levelled: dict[Path, State] = {}
        self._with_files: dict[Path, State] = {}
        self._refused: set[tuple[Path, str]] = set()
        self._names: dict[Path, str] = {}
        self._removed: set[Path] = set()
        self._closing = threading.Event()
        self._remote.store.service("runs").on("removed", self._forget)
        self._thread = threading.Thread(target=self._follow, name="marcelle-folders", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops following."""
        self._closing.set()
        self._thread.join()
        self._remote.close()

    def __enter__(self) -> FolderFollower:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _forget(self, run: dict[str, object]) -> None:
        self._removed.update(folder for folder, name in list(self._names.items()) if name == run.get("name"))

    def _follow(self) -> None:
        pause = 0.0
        while not self._closing.wait(pause):
            begun = time.monotonic()
            try:
                busy = self.look()
            except (MarcelleError, OSError) as error:  # the disk or the backend stumbles: the next look may find more
                logger.warning("The run folders could not be read: %s", error)
                busy = False
            pause = 0.0 if busy else max(_PAUSE, _SHARE * (time.monotonic() - begun))

    def look(self) -> bool:
        """Levels what has changed; if nothing has, one more file.

        Returns:
            Whether there may be more to do at once.
        """
        folders = {folder: self._state(folder) for folder in run_folders(self._places)}
        changed = [folder for folder, state in folders.items() if self._levelled.get(folder) != state]
        for folder in changed:
            if self._closing.is_set():
                return False
            self._level(folder, folders[folder], files=0)
        if changed:
            return False
        for folder, state in folders.items():
            if self._with_files.get(folder) != state:
                if self._level(folder, state, files=_FILES_AT_ONCE) == 0:
                    self._with_files[folder] = state
                return True
        return False

    def _level(self, folder: Path, state: State, files: int) -> int:
        """Levels a run, with so many of its files at most; returns how many were tried."""
        tried: list[Event] = []

        def some(_: str, events: list[Event]) -> Iterator[Event]:
            for event in islice((e for e in events if (folder, e["key"]) not in self._refused), files):
                tried.append(event)
                yield event

        self._levelled[folder] = state
        if folder in self._removed:
            return 0
        self._uploader.progress = some
        try:
            done = self._uploader.upload(folder)
        except RunFolderError as error:
            logger.warning("%s", error)
            return 0
        self._names[folder] = done.name
        self._refused.update((folder, event["key"]) for event in tried if event["path"] in done.refused)
        return len(tried)

    @staticmethod
    def _state(folder: Path) -> State:
        document = _document(folder)
        if document is None:  # it was removed meanwhile
            return (0, 0, False)
        stat = document.stat()
        # To ask whether it is locked, it is locked for an instant: never while a training may be opening it.
        fresh = time.time() - stat.st_mtime < _FRESH
        return (stat.st_size, stat.st_mtime_ns, fresh or journal.is_being_written(folder))
