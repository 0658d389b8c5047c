"""Recording: the life of one run that is open, from its folder to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, time
from typing import Any
from weakref import WeakSet

from .. import config
from ..forks import on_fork
from ..notices import Notices, logger, tell
from ..values import iso, to_run
from .alerts.webhook import Webhook
from .document import events
from .document.events import ALERTS, BATCHES, SYSTEM, Event
from .document.resumed import Resumed
from .folder import files
from .folder.journal import Journal, create
from .remote.destination import Destination
from .sync.feed import Feed
from .sync.patience import Patience, unsent
from .sync.publisher import publisher_for
from .sync.sentences import introduction
from .sync.status import Phase, Status
from .training import exits, metrics, system_metrics
from .training.batches import Batches
from .training.checkpoints import save_checkpoint
from .training.epochs import Epochs
from .training.params import model_info


@dataclass(frozen=True)
class RunSettings:
    """What all runs of a Writer have in common.

    Attributes:
        disabled: Nothing is recorded at all.
        destination: Where runs are sent; `None` for the folder alone.
        rename: Names for metrics, as a dashboard wants them.
        measure: Measure the machine while a run is open.
        webhook: The URL that alerts are posted to; a secret.
        finish_timeout: How long the process's exit waits for the backend, in seconds.
        clock: Monotonic seconds, for the pauses between two messages and two attempts.
    """

    disabled: bool = False
    destination: Destination | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    measure: bool = False
    webhook: str | None = field(default=None, repr=False)
    finish_timeout: float = config.FINISH_TIMEOUT
    clock: Callable[[], float] = monotonic

    @classmethod
    def of(
        cls, mode: str, destination: Destination | None, rename: Mapping[str, str] | None, measure: bool
    ) -> RunSettings:
        """The settings that a Writer's parameters and `$MARCELLE_MODE` give together."""
        is_online = mode == "online"
        if mode == "disabled":
            text = "nothing is recorded here, in process %d of the training; MARCELLE_MODE=online records each"
            logger.info(text, config.rank())
        return cls(
            disabled=mode == "disabled",
            destination=destination if is_online else None,
            rename=metrics.checked_names(rename),
            measure=measure and mode != "disabled",
            webhook=config.webhook() if is_online else None,
        )


_OPEN = Phase.OPEN  # asked at each epoch, and an enum's members are slow to find


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
        is_mine: Whether this process created it, and not one that it was forked from.
    """

    def __init__(
        self,
        journal: Journal,
        notices: Notices,
        run_id: str,
        basename: str,
        settings: RunSettings,
        history: Sequence[Event] = (),
    ) -> None:
        """Opens the run, and begins to send it.

        Args:
            journal: Its folder, open for writing.
            notices: What the user is told.
            run_id: Its `_id`.
            basename: Its name, without a backend's number.
            settings: What all runs of its Writer have in common.
            history: What its journal has already, when it goes on with a run.
        """
        destination = settings.destination
        link = destination.open() if destination is not None else None
        owns_link = destination is not None and destination.owns_link
        self.feed = Feed(journal, link, notices, owns_link=owns_link, history=history, clock=settings.clock)
        self.run_id = run_id
        self.basename = basename
        self.epochs = Epochs(notices, settings.rename)
        self.batches = Batches(notices, settings.rename)
        self.lock = threading.RLock()
        self.finish_timeout = settings.finish_timeout
        self._resumed: Resumed | None = None  # what a resumed run had, until its first epoch says where it goes on
        self._new_paths: set[str] = set()
        self._webhook = Webhook(settings.webhook, notices) if settings.webhook is not None else None
        self._notices = notices
        self.is_mine = True
        _made.add(self)
        self._publisher = publisher_for(link, settings.clock)
        self._publisher.add(self.feed)
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
    def url(self) -> str | None:
        """The backend's URL, or `None` where nothing is sent."""
        return self.feed.copy.link.location if self.feed.copy is not None else None

    @property
    def name(self) -> str | None:
        """The run's name on the backend, once that has given it one."""
        return (self.feed.copy.replica.name or None) if self.feed.copy is not None else None

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

    def introduce(self, verb: str) -> None:
        """Tells in one line which run this is, where it goes, and how to look at it.

        Args:
            verb: What begins: it `"is recorded"`, or `"goes on"`.
        """
        link = self.feed.copy.link if self.feed.copy is not None else None
        tell(introduction(self.basename, verb, self.directory, link))

    def resumed(self, past: Resumed) -> None:
        """Says that this goes on with a run from its folder; the first epoch that is saved decides where."""
        self.epochs.go_on_from(past.run.epochs)
        self._resumed = past

    def begin_at(self, epoch: int) -> int:
        """Says with which epoch a training begins, before that one is trained.

        Args:
            epoch: Its number.

        Returns:
            How much later the run has that epoch: a second training into one run goes on after its last epoch.
        """
        with self.lock:
            if self.epochs.resuming:
                self._tell_what_goes(epoch)
                return 0
            highest = self.epochs.highest
            return highest + 1 - epoch if highest is not None and epoch <= highest else 0

    def _tell_what_goes(self, epoch: int) -> None:
        gone = [number for number in self._resumed.run.epochs if number >= epoch] if self._resumed is not None else []
        if not gone:
            return
        first, last = min(gone), max(gone)
        which = f"epoch {first}" if first == last else f"epochs {first} to {last}"
        self._notices.warn(
            "goes",
            f"The training goes on with epoch {epoch}, so {which} of {self.directory} will be dropped, with the "
            f"checkpoints and assets since. To keep them, go on with epoch {last + 1} (Keras: initial_epoch={last}).",
        )

    def resume_at(self, epoch: int) -> None:
        """Drops what the run has from an epoch on, because the training repeats it."""
        self._tell_what_goes(epoch)
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

    def describe(self, model: Any, source: str) -> None:
        """Tells about the model, which could not be described when the run was created."""
        if self.is_open and (info := model_info(model, source, None, self._notices)) is not None:
            self.record(events.model(time(), info))

    def save_checkpoint(
        self, model: Any, epoch: int | str, disk_format: str, metadata: Mapping[str, Any] | None
    ) -> None:
        """Saves a model into the folder, for the backend to get it later.

        Args:
            model: The model.
            epoch: The epoch's number, or another word for the state of the model.
            disk_format: One of `formats.DISK_FORMATS`.
            metadata: What to keep with it.
        """
        epoch = epoch if isinstance(epoch, str) else self.epochs.number(epoch)
        if self.epochs.resuming and isinstance(epoch, int):
            self.resume_at(epoch)
        saved = save_checkpoint(model, self.directory, epoch, disk_format, self.remote_format, self._notices)
        if saved is None:
            return
        event, convertible = saved
        if not convertible:
            self.refuse_file(event["key"])
        plain, remarks = to_run(metadata or {}, "metadata")
        for remark in remarks:
            self._notices.warn("metadata", remark)
        self.record({**event, "metadata": plain})

    def save_asset(self, path: Any, epoch: int) -> None:
        """Keeps a file of the user's with an epoch."""
        event = files.asset_event(path, self.directory, epoch, self._notices)
        if event is not None:
            self.record(event)

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

    def settle(self, timeout: float) -> bool:
        """Waits until the backend has a run that ended, and says where the rest is kept if it has not.

        For a backend that was never reached it waits a moment only, and once a process: all is in the folder.

        Args:
            timeout: The most seconds to wait.

        Returns:
            Whether nobody was impatient: Ctrl-C leaves the rest for later.
        """
        patient, complete = True, False
        try:
            what = f"Waiting for {self.url} (Ctrl-C leaves the rest for later)"
            complete = self.wait(timeout, what, Patience(self.feed, self._publisher).is_over)
        except KeyboardInterrupt:
            patient = False
        if not complete and (hint := unsent(self.feed)) is not None:
            self._notices.warn(("rest", self.feed.run.id), hint)
        return patient

    def wait(self, timeout: float, what: str = "Sending the run", in_vain: Callable[[], bool] = bool) -> bool:
        """Waits until the folder and the backend have all that was recorded so far.

        Args:
            timeout: The most seconds to wait.
            what: What is waited for, as a bar says it.
            in_vain: Whether waiting on is in vain.

        Returns:
            Whether they have.
        """
        if self.is_open:
            self.record_batches()
        end = monotonic() + timeout
        flush = self.feed.flush()
        self._publisher.wake()
        complete = flush.wait(timeout, what, in_vain)
        if self._webhook is not None:
            self._webhook.flush(max(0.0, end - monotonic()))
        return complete


def new_folder(base: Path, notices: Notices) -> tuple[Journal, str]:
    """Makes a run's folder, or says that none can be made.

    Args:
        base: The folder of runs.
        notices: What the user is told; nothing is raised into the training.

    Returns:
        The journal, and the run's `start`.
    """
    try:
        return create(base)
    except OSError as error:
        notices.warn(
            "folder",
            f"No folder for the run can be made in {base} ({error.strerror}). The training goes on, and "
            "the run is kept in memory and on the backend alone.",
        )
        return Journal(None), iso()


_made: WeakSet[Recording] = WeakSet()


def _leave_to_the_parent() -> None:
    for run in _made:
        run.is_mine = False


on_fork(_leave_to_the_parent)
