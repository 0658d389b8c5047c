"""Recording: the life of one run that is open, from its folder to its end."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from time import time
from typing import Any
from weakref import WeakSet

from ...notices import Notices, tell
from ...processes.forks import on_fork
from ..document import events
from ..document.events import ALERTS, BATCHES, SYSTEM, Event, Written
from ..document.resumed import Resumed
from ..folder.journal import Journal
from ..sync.feed import Feed
from ..sync.publisher import publisher_for
from ..sync.sentences import introduction
from ..sync.status import Phase, Status
from ..sync.steering.commands import Commands
from ..training import exits, metrics, system_metrics
from ..training.batches import Batches
from ..training.epochs import Epochs
from ..training.params import model_info, params_of
from .gate import Gate
from .resuming import Resuming
from .run_files import RunFiles
from .settings import RunSettings
from .waiting import Waiting

_OPEN = Phase.OPEN  # asked at each epoch, and an enum's members are slow to find


class Recording:
    """A run that is being recorded, by the process that created it.

    Attributes:
        feed: The run's way to its copies.
        run_id: The run's `_id`.
        basename: The run's name, without a backend's number.
        epochs: The epochs that it has.
        batches: What batches logged and is not recorded yet.
        commands: What it is asked while it goes on.
        files: Its checkpoints and assets.
        lock: Held while an epoch gets its place, so that two threads don't get one.
        gate: Entered for each verb, which no end breaks.
        finish_timeout: How long the process's exit waits for the backend, in seconds.
        since: Tells of what nobody has caught since.
        is_mine: Whether this process created it, and not one that it was forked from.
    """

    def __init__(
        self,
        journal: Journal,
        notices: Notices,
        run_id: str,
        basename: str,
        settings: RunSettings,
        gate: Gate,
        history: Sequence[Event] = (),
    ) -> None:
        """Opens the run, and begins to send it.

        Args:
            journal: Its folder, open for writing.
            notices: What the user is told.
            run_id: Its `_id`.
            basename: Its name, without a backend's number.
            settings: What all runs of its Writer have in common.
            gate: Its Writer's.
            history: What its journal has already, when it goes on with a run.
        """
        destination = settings.destination
        link = destination.open() if destination is not None else None
        owns_link = destination is not None and destination.owns_link
        self.feed: Feed = Feed(journal, link, notices, owns_link=owns_link, history=history, clock=settings.clock)
        self.run_id = run_id
        self.basename = basename
        self.epochs: Epochs = Epochs(notices, settings.rename)
        self.batches: Batches = Batches(notices, settings.rename)
        self.files: RunFiles = RunFiles(
            self.feed, self.epochs, settings.remote_format, self.record, self._resume_at, notices
        )
        self._summary = metrics.Metrics("update_summary", notices, settings.rename)
        self.lock: threading.RLock = threading.RLock()
        self.gate = gate
        self.finish_timeout: float = settings.finish_timeout
        self.commands: Commands = Commands(destination, run_id, notices, self.record, resumed=bool(history))
        self.since: exits.Since = exits.Since()
        self._resuming: Resuming | None = None  # until the first epoch says where the run goes on
        self._webhook = settings.open_webhook(notices)
        self._notices = notices
        self.is_mine = True
        _made.add(self)
        self._publisher = publisher_for(link, settings.clock)
        self._publisher.add(self.feed)
        self._waiting = Waiting(self.feed, self._publisher, self._webhook, notices)
        exits.opened(self)
        if settings.measure:
            system_metrics.sampler().add(self)

    @property
    def is_open(self) -> bool:
        """Whether it takes events: it has not ended, and is this process's."""
        return self.is_mine and self.feed.phase is _OPEN

    @property
    def directory(self) -> Path | None:
        """The run's folder, or `None` where none could be made."""
        return self.feed.journal.directory

    @property
    def name(self) -> str | None:
        """The run's name on the backend, once that has given it one."""
        return (self.feed.copy.replica.name or None) if self.feed.copy is not None else None

    @property
    def status(self) -> Status:
        """How the run is doing, as far as its thread has come."""
        return self.feed.status

    def record(self, event: Written) -> None:
        """Writes an event to the journal, and tells the thread that sends it."""
        with self.gate:
            if not self._write(event):
                text = f"The run was ended while a {event['type']} came, which is not kept with it."
                self._notices.warn("late", text)

    def _write(self, event: Written) -> bool:
        """As `record`, where the gate was entered; whether the run was open."""
        if not self.feed.record(event):
            return False
        self._publisher.tell()
        if self._resuming is not None:
            self._resuming.note(event)
        return True

    def introduce(self, verb: str) -> None:
        """Tells in one line which run this is, where it goes, and how to look at it.

        Args:
            verb: What begins: it `"is recorded"`, or `"goes on"`.
        """
        link = self.feed.copy.link if self.feed.copy is not None else None
        tell(introduction(self.basename, verb, self.directory, link))

    def resumed(self, past: Resumed) -> None:
        """Says that this goes on with a run from its folder; the first epoch that is saved decides where."""
        self.commands.resumed(past.run.fields)
        self._resuming = Resuming(past, self.epochs, self.directory, self._notices)

    @property
    def is_undecided(self) -> bool:
        """Whether it goes on from its folder, and no epoch has said where."""
        return self._resuming is not None

    def begin(self, epochs: Any) -> None:
        """Writes that the training begins, and how many epochs are planned."""
        self.record(events.begin(time(), self.epochs.count(epochs)))

    def begin_at(self, epoch: int) -> int:
        """Says with which epoch a training begins, before that one is trained.

        Args:
            epoch: Its number.

        Returns:
            How much later the run has that epoch: a second training into one run goes on after its last epoch.
        """
        with self.lock:
            if self._resuming is not None:
                self._resuming.tell_what_goes(epoch)
                return 0
            highest = self.epochs.highest
            return highest + 1 - epoch if highest is not None and epoch <= highest else 0

    def _resume_at(self, epoch: float) -> None:
        resuming, self._resuming = self._resuming, None
        if resuming is not None:
            resuming.cut_before(epoch, self.record)

    def save_epoch(self, epoch: Any, logs: Any, *, merge: bool = False) -> int | None:
        """Writes an epoch's values; the gate must be entered.

        Args:
            epoch: Its number, whatever was given for one.
            logs: What it logged, or `None`.
            merge: The epoch is saved in pieces; see `Epochs.take`.

        Returns:
            Its number; `None` where another thread has ended the run.
        """
        epochs = self.epochs
        with self.lock:
            if self.feed.phase is not _OPEN:
                return None
            if self._resuming is not None:
                self._resume_at(epochs.point(epoch))
            values = epochs.values(logs) if logs is not None else {}  # a signal may end it, and then there is no epoch
            number, place = epochs.take(epoch, merge=merge)
            if self.batches.points and self.batches.is_due:
                self.record_batches()
            self._write(events.epoch(time(), number, place, values, epochs.fractions.get(place)))
        return number

    def update_params(self, params: Any) -> None:
        """Writes parameters that were not known at the start."""
        plain, remarks = params_of(params)
        for remark in remarks:
            self._notices.warn("params", remark)
        self.record(events.params(time(), plain))

    def summary(self, logs: Any) -> events.Summary:
        """The event of values of the whole run."""
        return events.summary(time(), self._summary.values(logs))

    def describe(self, model: Any, source: str) -> None:
        """Tells about the model, which could not be described when the run was created."""
        if (info := model_info(model, source, None, self._notices)) is not None:
            self.record(events.model(time(), info))

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

    def end(self, status: str, reason: str | None, wait: float | None = None) -> None:
        """Writes how the run ended; where a signal's handler ends it in the middle of a verb, after that.

        Args:
            status: How.
            reason: Why, for the run's document.
            wait: How long to wait then, see `settle`; not at all if `None`.
        """
        self.gate.end(partial(self._end, status, None if reason is None else exits.short(reason), wait))

    def _end(self, status: str, reason: str | None, wait: float | None) -> None:
        system_metrics.sampler().remove(self)
        self.files.checkpoints.forget()
        with self.lock:
            if self.feed.phase is _OPEN:  # no other thread was first
                self.record_batches()
                self.commands.end(status, self.epochs.last)
                self.feed.end(events.end(time(), status, reason))
                self._publisher.tell()
        exits.ended(self)
        if wait is not None:
            self.settle(wait)

    def close(self) -> None:
        """Ends a run again that had ended, and to which something was added; only the program's end waits for it."""
        self.feed.close()
        exits.ended(self)
        self._send_late()

    def amend(self, event: Written) -> bool:
        """Records an event of a run that has ended, if it is still on its way; only the program's end waits for it."""
        if not self.feed.amend(event):
            return False
        self._send_late()
        return True

    def _send_late(self) -> None:
        self._publisher.tell()
        exits.late(self)

    @property
    def is_on_its_way(self) -> bool:
        """Whether something that was recorded waits for the copies."""
        return self.feed.is_on_its_way

    def abandon(self, reason: str | None, wait: float | None = None) -> None:
        """Ends the run because the program does, as an error when there is a reason or epochs are missing.

        Args:
            reason: What ended the program, if that is known.
            wait: As `end` takes it.
        """
        if not self.is_open:
            return
        if reason is None and self._resuming is not None and self._resuming.ended is not None:
            return self.end(*self._resuming.ended, wait)  # nothing was trained since, so that it ended as it had
        if reason is None and self.epochs.planned > len(self.epochs) and not self.commands.is_stopped:
            reason = f"ended after {len(self.epochs)} of {self.epochs.planned} epochs"
        self.end("error" if reason else "success", reason, wait)

    def settle(self, timeout: float) -> bool:
        """Waits until the backend has a run that ended; see `Waiting.settle`."""
        patient = self._waiting.settle(timeout)
        if patient:
            self.commands.wait()
        return patient

    def wait(self, timeout: float) -> bool:
        """Waits until the folder and the backend have all that was recorded so far; see `Waiting.wait`."""
        if self.is_open:
            self.record_batches()
        return self._waiting.wait(timeout)


_made: WeakSet[Recording] = WeakSet()


def _leave_to_the_parent() -> None:
    for run in _made:
        run.is_mine = False


on_fork(_leave_to_the_parent)
