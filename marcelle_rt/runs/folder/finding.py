"""Finds the folder of a run: by the run's `_id`, or by what people call it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path

from ...errors import InvalidData, RunFolderError
from ...values import loads
from ..document.event_checks import read_event
from .beginning import told_by
from .copies import copies
from .journal import DOCUMENT, JOURNAL

_FIRST_LINE = 1 << 24  # bytes of a journal's first line that are read; a model's summary is a part of it
_NAMED = 5  # names in an error


def folders(base: Path) -> list[Path]:
    """The folders of runs in a folder, the newest first; none where that is missing."""
    try:
        inner = [path for path in base.iterdir() if (path / JOURNAL).is_file() or (path / DOCUMENT).is_file()]
    except OSError:
        return []
    return sorted(inner, reverse=True)


def identity(directory: Path) -> str | None:
    """The `_id` of the run in a folder, from its first line; `None` where that does not tell, as of 2021's runs."""
    try:
        with open(directory / JOURNAL, "rb") as file:
            event = read_event(loads(file.readline(_FIRST_LINE)), places=0)
    except (OSError, ValueError):
        event = None
    if event is None or event["type"] != "create":
        event = told_by(directory / DOCUMENT)
    return str(event["_id"]) if event is not None else None


def by_identities(base: Path, identities: frozenset[str]) -> Iterator[tuple[str, Path]]:
    """The folders of some runs, each with the run's `_id`.

    Args:
        base: The folder of run folders.
        identities: The runs' own `_id`s.
    """
    if identities:
        for directory in folders(base):
            if (found := identity(directory)) in identities:
                yield str(found), directory


def folder_of(base: Path, run: str | os.PathLike[str]) -> Path:
    """The folder that somebody means.

    Args:
        base: The folder of run folders.
        run: A run's folder; or the name that a backend gave to the run, or its `_id`, for a folder in `base`.

    Raises:
        InvalidData: It is neither a path nor a name.
        RunFolderError: There is no such folder, or there are several.
    """
    if not isinstance(run, (str, os.PathLike)) or not os.fspath(run):
        raise InvalidData("run", run, "is neither a run's folder nor a run's name; give for example 'digits-3'")
    directory = Path(run).expanduser().absolute()
    word = os.fspath(run)
    if directory.exists() or os.sep in word:
        return directory
    names = {path: {copy.name for copy in copies(path).values()} for path in folders(base)}
    found = [path for path in names if word in names[path] or word == path.name or word == identity(path)]
    if len(found) == 1:
        return found[0]
    if found:
        raise RunFolderError(base, f"has several runs called {word!r}; give one's folder: {_listed(found)}")
    known = sorted({name for each in names.values() for name in each} | {path.name for path in names})
    similar = difflib.get_close_matches(word, known, _NAMED, cutoff=0.5)
    hint = f"; similar: {', '.join(similar)}" if similar else ""
    raise RunFolderError(base, f"has no run called {word!r}{hint}. Give its folder, or the folder of runs it is in")


def _listed(directories: list[Path]) -> str:
    return ", ".join(str(path) for path in directories[:_NAMED])
