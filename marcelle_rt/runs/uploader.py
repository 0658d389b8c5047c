"""Uploader: brings a backend level with runs that lie on disk."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ..client.doubt import is_away
from ..client.retrying import patiently
from ..errors import MarcelleError, RunFolderError
from ..notices import Notices, bar
from .document import events
from .document.events import RUNS, Event
from .document.run import Run
from .document.shorten import sentence
from .folder import files, journal, reading
from .remote.link import checked_document
from .remote.remote import Remote
from .remote.removal import remove_run
from .remote.run_documents import RunDocuments
from .remote.uploads import FileUploads
from .sync import file_upload
from .sync.replica.fence import Fence
from .sync.replica.replica import Replica
from .sync.replica.strangers import CopyDisagrees, is_of_copied_folder
from .sync.sentences import not_uploaded, replaced
from .sync.side_documents import SideDocuments


class Uploaded(NamedTuple):
    """What an upload came to."""

    name: str
    """The run's name on the backend."""
    epochs: int
    """How many epochs the run has."""
    sent: int
    """How many checkpoints and assets were uploaded now."""
    refused: dict[str, str]
    """Files that could not be uploaded, and why; they are still in the folder."""


Progress = Callable[[str, list[Event]], Iterable[Event]]
"""Goes through a run's files, and shows how far it is: the run's name, and the events of the files."""


class Uploader:
    """Uploads the results of training runs that were stored locally.

    Attributes:
        remote: The backend.
        progress: Shows how far a run's files are; a bar on a terminal or in a notebook.

    Example:
        >>> Uploader(Remote("http://localhost:3030")).upload("marcelle-logs/2026-11-24T09-30-00.000Z")
    """

    def __init__(self, remote: Remote, *, sleep: Callable[[float], object] = time.sleep) -> None:
        """Prepares an uploader.

        Args:
            remote: The backend to upload to.
            sleep: Waits so many seconds, before what a busy server refused is tried again.
        """
        self.remote = remote
        self._link = remote.link
        self._documents = RunDocuments(remote.link)
        self._uploads = FileUploads(remote.link)
        self.progress: Progress = _bar
        self._notices = Notices()
        self._sleep = sleep

    def upload(self, run_directory: str | os.PathLike[str], overwrite: bool = False) -> Uploaded:
        """Uploads a run with its checkpoints and assets; what the backend has already is not sent again.

        Cut off, it goes on where it stopped when it is called again. The folder is only read.

        Args:
            run_directory: The run's folder, from a Writer, a callback, or the client of 2021.
            overwrite: Build the run, its checkpoints and its assets anew, then remove the old ones.

        Returns:
            What was done.

        Raises:
            RunFolderError: When the folder does not exist, or holds no run; it is to be built anew while it is being
                trained; or it lacks values of the run that the backend has from a copy of the folder.
            MarcelleError: What the backend or the line raised.
        """
        directory = Path(run_directory)
        if overwrite and journal.is_being_written(directory):
            raise RunFolderError(
                directory,
                "is being trained, and what replaces its run on the backend would stay without what comes; upload it "
                "without `overwrite`, or when it has ended",
            )
        run = self._read(directory)
        copies = self._copies(run, (directory / journal.JOURNAL).exists())
        old = copies if overwrite else copies[:-1]  # more than one: an overwriting upload was cut off
        if overwrite:
            _identify(run, str(uuid.uuid4()), copies[-1].get("name") if copies else None)
        elif copies:
            _identify(run, copies[-1]["_id"], None)
            self._check_older(directory, run, copies[-1])
        replica = Replica(run, self._documents, folder=journal.place_of(directory))
        patiently(replica.level, self._sleep, also=(CopyDisagrees,))  # two may upload the folder and its copy at once
        if replica.replaced:
            self._notices.warn((directory, "replaced"), replaced(self._link.location))
        if replica.shortened:
            self._notices.warn((directory, "shortened"), sentence(replica.shortened, self._link.location))
        patiently(SideDocuments(run, self._documents, directory, self._notices).level, self._sleep)
        sent, refused = self._files(directory, run, replica)
        lost = {event["key"] for copy in old for event in self._documents.uploaded_files(run, copy)} & run.files.keys()
        if lost:  # the folder has no longer what an older copy has: that copy stays, and this one goes
            self._notices.warn(
                (directory, "undone"),
                f"{replica.name} was not overwritten, as the backend has files of it that can't be uploaded again: "
                + ", ".join(run.files[key]["path"] for key in sorted(lost)),
            )
            old = [document] if (document := self._documents.read(run.id)) else []
        for copy in old:
            remove_run(self._link, copy)
        return Uploaded(replica.name, len(next(iter(run.logs().values()), [])), sent, refused)

    def _read(self, directory: Path) -> Run:
        run, torn = reading.read(directory)
        if torn:
            self._notices.warn(
                ("torn", directory), f"{torn} lines of {directory / journal.JOURNAL} were torn and are skipped."
            )
        return run

    def _check_older(self, directory: Path, run: Run, document: Mapping[str, Any]) -> None:
        """Refuses a folder that lacks what its run has on the backend, where that came from a copy of the folder."""
        is_this_run = document.get("start") == run.fields.get("start")
        if is_this_run and is_of_copied_folder(run, document, Fence(journal.place_of(directory))):
            raise RunFolderError(
                directory,
                f"lacks values that its run has at {self._link.location} from another copy of this folder, which was "
                "gone on with, so nothing was sent. Upload that copy; or this one with `overwrite` (`marcelle-rt "
                "upload --overwrite`), if it is to take the run's place there",
            )

    def _copies(self, run: Run, has_identity: bool) -> list[dict[str, Any]]:
        """The run's documents on the backend, the newest last."""
        copies = {doc["_id"]: doc for doc in self._found({"origin": run.id})}
        document = self._documents.read(run.id)
        if document is not None:
            copies[run.id] = document
        newest_last = sorted(copies.values(), key=lambda doc: (doc.get("rev") or "", doc["_id"] != run.id))
        if newest_last or has_identity:
            return newest_last
        # What the client of 2021 uploaded is known by nothing else; a run of ours is another one, of another machine.
        same = {"basename": run.fields["basename"], "start": run.fields["start"]}
        theirs = [doc for doc in self._found(same) if "rev" not in doc]
        return sorted(theirs, key=lambda doc: len(doc.get("checkpoints") or []))[-1:]

    def _found(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        return [checked_document(document, self._link.location) for document in self._link.service(RUNS).items(query)]

    def _files(self, directory: Path, run: Run, replica: Replica) -> tuple[int, dict[str, str]]:
        sent = 0
        refused: dict[str, str] = {}
        for event in self.progress(replica.name, run.waiting()):
            try:
                replica.apply(patiently(partial(self._upload, directory, event, replica), self._sleep))
            except (MarcelleError, OSError) as error:
                if is_away(error):
                    raise
                refused[event["path"]] = str(error)
                said = not_uploaded(event["path"], files.size_of(directory, event["path"]), error)
                self._notices.warn((directory, event["key"]), said)
                continue
            sent += 1
            patiently(replica.level, self._sleep, also=(CopyDisagrees,))
        return sent, refused

    def _upload(self, directory: Path, event: Event, replica: Replica) -> Event:
        from .. import models

        return file_upload.upload(self._uploads, directory, event, replica.run.id, replica.name, models.convert)


def _bar(name: str, files: list[Event]) -> Iterable[Event]:
    shown: Iterable[Event] = bar(files, desc=name, unit="file", delay=1.0)
    return shown


def _identify(run: Run, identity: str, name: str | None) -> None:
    """Gives the run another `_id`; `origin` keeps the way back to the folder."""
    if identity != run.id:
        run.apply(events.identity(identity, run.id, name))
