"""Recording: the life of one run that is open, from its folder to its end."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from time import monotonic, time
from typing import Any

from ..notices import Notices
from ..values import iso
from .alerts.webhook import Webhook
from .document import events
from .document.events import ALERTS, BATCHES, SYSTEM, Event
from .document.resumed import Resumed
from .folder import files, journal
from .remote.link import Link
from .sync.feed import Feed
from .sync.publisher import publisher_for
from .sync.status import Phase, Status
from .training import exits, system_metrics
from .training.batches import Batches
from .training.epochs import Epochs

_pid = os.getpid()  # asking the system at each epoch costs a tenth of writing it


class Recording:
    """A run that is being recorded, by the process that created it.

    Attributes:
        feed: The run's way to its copies.
        run_id: The run's `_id`.
        basename: The run's name, without a backend's number.
        epochs: The epochs that it has.
        batches: What batches logged and is not recorded yet.
        lock: Held while an epoch gets its place, so that two threads don't get one.
        finish_timeout: How long the process's exit waits for the backend, in seconds.
    """

    def __init__(
        self,
        book: journal.Journal,
        link: Link | None,
        notices: Notices,
        run_id: str,
        basename: str,
        *,
        webhook: str | None,
        measure: bool,
        rename: Mapping[str, str],
        owns_link: bool,
        finish_timeout: float,
        history: Iterable[Event] = (),
    ) -> None:
        self.feed = Feed(book, link, notices, owns_link=owns_link, history=history)
        self.run_id = run_id
        self.basename = basename
        self.epochs = Epochs(notices, rename)
        self.batches = Batches(notices, rename)
        self.lock = threading.RLock()
        self.finish_timeout = finish_timeout
        self._resumed: Resumed | None = None  # what a resumed run had, until its first epoch says where it goes on
        self._new_paths: set[str] = set()
        self._webhook = Webhook(webhook, notices) if webhook is not None else None
        self._notices = notices
        self._pid = _pid
        self._publisher = publisher_for(link)
        self._publisher.add(self.feed)
        exits.opened(self)
        if measure:
            system_metrics.sampler().add(self)

    @property
    def is_mine(self) -> bool:
        """Whether this process created it, and not one that it was forked from."""
        return self._pid == _pid

    @property
    def is_open(self) -> bool:
        """Whether it takes events: it has not ended, and is this process's."""
        return self.feed.phase is Phase.OPEN and self._pid == _pid

    @property
    def directory(self) -> Path | None:
        """The run's folder, or `None` where none could be made."""
        return self.feed.journal.directory

    @property
    def status(self) -> Status:
        """How the run is doing, as far as its thread has come."""
        return self.feed.status

    @property
    def remote_format(self) -> str | None:
        """The format of the models on the backend, or `None` where there is none."""
        return self.feed.copy.link.save_format if self.feed.copy is not None else None

    def refuse_file(self, key: str) -> None:
        """Says that the backend can't have a file of the run, by its event's key."""
        if self.feed.copy is not None:
            self.feed.copy.files.refuse(key)

    def record(self, event: Event) -> None:
        """Writes an event to the journal, and tells the thread that sends it."""
        self.feed.record(event)
        self._publisher.tell()
        if self._resumed is not None and "path" in event:
            self._new_paths.add(event["path"])

    def resumed(self, past: Resumed) -> None:
        """Says that this goes on with a run from its folder; the first epoch that is saved decides where."""
        self.epochs.go_on_from(past.run.epochs)
        self._resumed = past

    def resume_at(self, epoch: int) -> None:
        """Drops what the run has from an epoch on, because the training repeats it."""
        keep = self.epochs.cut_before(epoch)
        past, self._resumed = self._resumed, None
        if past is None:
            return
        drop = past.run.files_from(epoch, keep)
        batches, instead = past.batches_from(keep)
        event = events.resume(time(), keep, drop, batches)
        self.record(event)
        for chunk in instead:
            self.record_beside(BATCHES, chunk)
        past.run.apply(event)
        files.remove_dropped(past.run, self.directory, self._new_paths, self._notices)

    def record_beside(self, service: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Writes a document that lies beside the run, in a service of its own, and returns it."""
        event = events.document(time(), service, self.run_id, document)
        self.record(event)
        return event["document"]

    def record_system(self, fields: Mapping[str, Any]) -> None:
        """Writes a measurement of the machine, unless the run has ended. Another thread calls it."""
        with self.lock:
            if self.is_open:
                self.record_beside(SYSTEM, fields)

    def record_alert(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Writes an alert, posts it to the webhook if there is one, and returns its document."""
        document = self.record_beside(ALERTS, {"run": self.basename, "epoch": self.epochs.last, **fields})
        if self._webhook is not None:
            self._webhook.post(document)
        return document

    def save_batch(self, step: Any, logs: Any) -> None:
        """Collects what a batch logged."""
        with self.lock:
            self.batches.add(step, logs)
            if self.batches.is_due:
                self.record_batches()

    def record_batches(self) -> None:
        """Writes what batches logged."""
        with self.lock:
            chunk = self.batches.take()
            if chunk is not None:
                self.record_beside(BATCHES, chunk)

    def end(self, status: str, error: str | None) -> None:
        """Writes how the run ended; waits for nothing."""
        system_metrics.sampler().remove(self)
        text = None if error is None else exits.short(error)
        with self.lock:
            self.record_batches()
            self.feed.end(events.end(time(), status, text))
            self._publisher.tell()
        exits.ended(self)

    def abandon(self, reason: str | None) -> None:
        """Ends the run because the program does, as an error when there is a reason or epochs are missing.

        Waits for nothing; `settle` does.

        Args:
            reason: What ended the program, if that is known.
        """
        if not self.is_open:
            return
        if reason is None and self.epochs.planned > len(self.epochs):
            reason = f"ended after {len(self.epochs)} of {self.epochs.planned} epochs"
        self.end("error" if reason else "success", reason)

    def settle(self, timeout: float) -> None:
        """Waits until the backend has a run that ended, and says where the rest is kept if it has not.

        Args:
            timeout: The most seconds to wait.
        """
        if not self.wait(timeout) and (hint := self.feed.unsent_hint()) is not None:
            self._notices.warn(("rest", self.feed.run.id), hint)

    def wait(self, timeout: float) -> bool:
        """Waits until the folder and the backend have all that was recorded so far.

        Args:
            timeout: The most seconds to wait.

        Returns:
            Whether they have.
        """
        if self.is_open:
            self.record_batches()
        end = monotonic() + timeout
        flush = self.feed.flush()
        self._publisher.wake()
        complete = flush.wait(timeout)
        if self._webhook is not None:
            self._webhook.flush(max(0.0, end - monotonic()))
        return complete


def new_folder(base: Path, notices: Notices) -> tuple[journal.Journal, str]:
    """Makes a run's folder, or says that none can be made.

    Args:
        base: The folder of runs.
        notices: What the user is told; nothing is raised into the training.

    Returns:
        The journal, and the run's `start`.
    """
    try:
        return journal.create(base)
    except OSError as error:
        notices.warn(
            "folder",
            f"No folder for the run can be made in {base.absolute()} ({error.strerror}). The training goes on, and "
            "the run is kept in memory and on the backend alone.",
        )
        return journal.Journal(None), iso()


def _after_fork() -> None:
    global _pid
    _pid = os.getpid()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
