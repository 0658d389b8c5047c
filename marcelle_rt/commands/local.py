"""The runs that lie in folders on this machine, as the command finds, lists and removes them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..config import DEFAULT_LOG_DIR, log_dir
from ..errors import MarcelleError, RunFolderError
from ..notices import logger
from ..runs.folder import files, finding, journal, reading
from ..runs.folder.copies import copies


class FolderStays(MarcelleError):
    """A run's folder that was not removed.

    Attributes:
        directory: The folder.
    """

    def __init__(self, directory: Path, reason: str) -> None:
        self.directory = directory
        super().__init__(f"{directory} was not removed: {reason}")


def logs() -> Path:
    """The folder of run folders: `$MARCELLE_LOG_DIR`, or `marcelle-logs` where the command is called."""
    return log_dir(DEFAULT_LOG_DIR)


def folders_of(runs: Iterable[Mapping[str, Any]]) -> dict[str, Path]:
    """The folders of runs of a backend, by the runs' `_id`s there; those alone that are on this machine."""
    own = {str(run.get("origin") or run["_id"]): str(run["_id"]) for run in runs}
    return {own[identity]: directory for identity, directory in finding.by_identities(logs(), frozenset(own))}


def folder_of(run: Mapping[str, Any]) -> Path | None:
    """The folder of a run of a backend, if it is on this machine."""
    return folders_of([run]).get(str(run["_id"]))


def documents() -> Iterator[dict[str, Any]]:
    """The runs that lie in folders here, the newest first, each with its `folder`; what is broken is left out."""
    for directory in finding.folders(logs()):
        try:
            yield document_of(directory)
        except RunFolderError as error:
            logger.info("%s", error)


def document_of(directory: Path) -> dict[str, Any]:
    """A folder's run as a backend's document would be, with its `folder`.

    Its `name` is the one that a backend gave to it; its base name where none did.

    Raises:
        RunFolderError: The folder holds no run.
    """
    run, _ = reading.read(directory)
    names = list(dict.fromkeys(copy.name for copy in copies(directory).values()))
    return {**run.document(), "name": ", ".join(names) or run.fields["basename"], "folder": str(directory)}


def beside_of(directory: Path, service: str) -> list[dict[str, Any]]:
    """What lies beside a folder's run in a service, the oldest first."""
    if not (directory / journal.JOURNAL).exists():  # of 2021
        return []
    events = journal.replay(directory, ("document",))
    return [dict(event["document"]) for event in events if event["service"] == service]


def size_of(directory: Path) -> int:
    """The bytes of a run's folder."""
    return files.size_of(None, str(directory))


def remove(directory: Path) -> None:
    """Removes a run's folder.

    Raises:
        FolderStays: It is being written, or the disk does not let go of it.
    """
    if journal.is_being_written(directory):
        raise FolderStays(directory, "a program is writing the run")
    try:
        shutil.rmtree(directory)
    except OSError as error:
        raise FolderStays(directory, error.strerror or str(error)) from error
