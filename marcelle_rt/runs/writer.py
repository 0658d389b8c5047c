"""Writer: the user's verbs, turned into events. Nothing here waits for a network but the end of a run."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import time
from types import TracebackType
from typing import Any

from ..errors import MarcelleError, UnsupportedFormat
from ..notices import Notices
from ..utils import get_model_info
from ..values import iso, to_run
from . import ending, files, journal
from .checkpoints import DISK_FORMATS, save_checkpoint
from .epochs import Epochs
from .feed import Feed, Status
from .publisher import publisher_for
from .remote import REMOTE_FORMATS, Remote
from .run import Event, Run
from .waiting import wait_for


class Writer:
    """Saves a training run locally and on a backend, while the training goes on.

    The run's folder is the truth and the backend a copy of it, kept level by a thread of its own: no method
    but those that end the run waits for a network, and none raises for one. What can't be done as asked is
    said once, as a `MarcelleWarning`, and the training goes on.

    Example:
        >>> with Writer("my-model") as writer:
        ...     writer.create_run(run_params={"lr": 0.01})
        ...     writer.train_begin(epochs=10)
        ...     for epoch in range(10):
        ...         writer.save_epoch(epoch, logs={"loss": train()})
    """

    def __init__(
        self,
        name: str,
        backend_root: str | None = None,
        disk_save_format: str = "h5",
        remote_save_format: str = "tfjs",
        base_log_dir: str | os.PathLike[str] = "marcelle-logs",
        source: str = "keras",
        *,
        remote: Remote | bool | None = None,
        rename: Mapping[str, str] | None = None,
        finish_timeout: float = 60.0,
    ) -> None:
        """Prepares a writer; nothing is written or sent before `create_run`.

        Args:
            name: The base name for the runs.
            backend_root: The backend's URL. `$MARCELLE_BACKEND` or `http://localhost:3030` if `None`.
            disk_save_format: How checkpoints are saved locally: `"h5"`, `"saved_model"` or `"keras"`.
            remote_save_format: How checkpoints are uploaded: `"tfjs"` or `"onnx"`.
            base_log_dir: The folder that gets a folder for each run.
            source: The framework's name.
            remote: A `Remote` of yours, which stays open, or `False` to write to disk alone.
            rename: Names for metrics, for example `{"val_loss": "lossVal"}`, as a dashboard wants them.
            finish_timeout: How long the end of a run waits for the backend, in seconds.

        Raises:
            UnsupportedFormat: For an unknown format.
            InvalidData: For what is no URL.
        """
        if disk_save_format not in DISK_FORMATS:
            raise UnsupportedFormat("disk_save_format", disk_save_format, DISK_FORMATS)
        if remote_save_format not in REMOTE_FORMATS:
            raise UnsupportedFormat("remote_save_format", remote_save_format, REMOTE_FORMATS)
        self.name = name
        self.disk_save_format = disk_save_format
        self.base_log_dir = Path(base_log_dir)
        self.source = source
        self.finish_timeout = finish_timeout
        self.model: Any = None
        if remote is None or remote is True:
            Remote(backend_root, remote_save_format, source).close()  # a bad URL is said here, not in the loop
        self._remote = remote
        self._remote_options = (backend_root, remote_save_format, source)
        self._rename = dict(rename or {})
        self.notices = Notices()
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._feed: Feed | None = None
        self._epochs = Epochs(self.notices, self._rename)

    @classmethod
    def resume(cls, run_directory: str | os.PathLike[str], **options: Any) -> Writer:
        """Goes on with a run that was cut off, or ended, in its own folder.

        The first epoch that is saved decides where it goes on: what the run has from that epoch on is
        dropped, because the training repeats it.

        Args:
            run_directory: The run's folder.
            options: As the class takes them, but for `name` and `base_log_dir`.

        Returns:
            A writer with the run open: call `train_begin` and `save_epoch`.

        Raises:
            RunFolderError: When the folder holds no run, or another writer has it open.
        """
        directory = Path(run_directory)
        events, torn = journal.read(directory)
        run = Run(events)
        writer = cls(run.fields["basename"], base_log_dir=directory.parent, **options)
        if torn:
            writer.notices.warn("torn", f"{torn} lines of {directory / journal.JOURNAL} were torn and are skipped.")
        writer._epochs.go_on_from(run.epochs)
        writer._start(journal.Journal(directory), events)
        return writer

    @property
    def run_directory(self) -> Path | None:
        """The folder of the run, or `None` before `create_run` and where none could be made."""
        return self._feed.journal.directory if self._feed is not None else None

    @property
    def status(self) -> Status:
        """How the run is doing, as far as its thread has come."""
        feed = self._feed
        if feed is None:
            return Status("", True, None)
        return Status(str(feed.run.fields.get("status", "idle")), feed.done.is_set(), feed.problem)

    def create_run(
        self,
        model: Any = None,
        run_params: dict[str, Any] = {},
        loss: Any = None,
    ) -> None:
        """Creates a new training run.

        Args:
            model: The `keras.Model` that is trained, if there is one.
            run_params: Parameters of the run, for example hyperparameters. Flat values show best.
            loss: The loss used for training, a name or a function; the compiled model's if `None`.
        """
        if self.is_open:
            self.end("error", "another run was created by the same Writer before this one ended")
        if self._pid != os.getpid():  # prepared before a fork: a run that is created here is this process's own
            self._pid, self._feed = os.getpid(), None
            self._lock = threading.RLock()
        self.model = model
        params, remarks = to_run(run_params, "run_params")
        for remark in remarks:
            self.notices.warn("params", remark)
        self._epochs = Epochs(self.notices, self._rename)
        basename, source = (to_run(text, "name")[0] for text in (self.name, self.source))
        run = {"basename": str(basename), "source": source, "params": params}
        if model is not None and (info := self._model_info(loss)) is not None:
            run["model"] = info
        book, start = self._folder()
        self._start(book, [])
        self._record({"type": "create", "time": time(), "_id": str(uuid.uuid4()), "run": {**run, "start": start}})

    def _folder(self) -> tuple[journal.Journal, str]:
        try:
            return journal.create(self.base_log_dir)
        except OSError as error:
            self.notices.warn(
                "folder",
                f"No folder for the run can be made in {self.base_log_dir.absolute()} ({error.strerror}). The "
                "training goes on, and the run is kept in memory and on the backend alone.",
            )
            return journal.Journal(None), iso()

    def _start(self, book: journal.Journal, events: list[Event]) -> None:
        owns = not isinstance(self._remote, Remote)
        remote = None
        if isinstance(self._remote, Remote):
            remote = self._remote
        elif self._remote is not False:
            remote = Remote(*self._remote_options)
        self._feed = Feed(book, remote, self.notices, owns_remote=owns, events=events)
        self._publisher = publisher_for(remote)
        self._publisher.add(self._feed)
        ending.opened(self)

    def train_begin(self, epochs: int) -> None:
        """Says that the training has started.

        Args:
            epochs: How many epochs are planned.
        """
        self._ensure_open("train_begin")
        self._record({"type": "begin", "time": time(), "epochs": self._epochs.count(epochs)})

    def save_epoch(
        self,
        epoch: int,
        logs: Mapping[str, Any] | None = None,
        save_checkpoint: bool = False,
        assets: Sequence[str | os.PathLike[str]] = [],
    ) -> None:
        """Saves the results of an epoch. Takes microseconds, however long the run is and slow the network.

        Args:
            epoch: The epoch's number. Saving one again merges into what it has.
            logs: A number for each metric, for this epoch alone: `{"loss": 3.14}`. One-element arrays and
                tensors count as numbers; anything else, NaN and infinities are stored as `None`.
            save_checkpoint: Save the model too, locally and on the backend.
            assets: Paths of files to keep with the epoch.
        """
        if self._feed is None or self._feed.closed or self._pid != os.getpid():
            self._ensure_open("save_epoch")
        with self._lock:
            number = self._epochs.number(epoch)
            if self._epochs.resuming:
                self._record({"type": "resume", "time": time(), "keep": self._epochs.cut_before(number)})
            place = self._epochs.place(number)
            values = self._epochs.values(logs) if logs is not None else {}
            self._record({"type": "epoch", "time": time(), "epoch": number, "place": place, "logs": values})
        if save_checkpoint:
            self.save_checkpoint(number)
        for asset in [assets] if isinstance(assets, str | os.PathLike) else assets or []:
            self._keep_asset(number, asset)

    def save_checkpoint(self, epoch: int | str, metadata: Mapping[str, Any] | None = None) -> None:
        """Saves the model now.

        Args:
            epoch: The epoch's number, or another word for the state of the model, like `"final"`.
            metadata: What to keep with the checkpoint.
        """
        self._ensure_open("save_checkpoint")
        feed = self._feed
        if feed is None:
            return
        if self.model is None:
            self.notices.warn("no model", "No checkpoint can be saved: give the model to create_run().")
            return
        epoch = epoch if isinstance(epoch, str) else self._epochs.number(epoch)
        remote_format = feed.remote.save_format if feed.remote is not None else None
        event = save_checkpoint(
            self.model, feed.journal.directory, epoch, self.disk_save_format, remote_format, self.notices
        )
        if event is None:
            return
        if not event.pop("convertible"):
            feed.refused.add(event["key"])
        plain, remarks = to_run(metadata or {}, "metadata")
        for remark in remarks:
            self.notices.warn("metadata", remark)
        self._record({**event, "time": time(), "metadata": plain})

    def _keep_asset(self, epoch: int, path: Any) -> None:
        feed = self._feed
        if feed is None:
            return
        event = files.asset_event(path, feed.journal.directory, epoch, self.notices)
        if event is not None:
            self._record({**event, "time": time()})

    def describe_model(self) -> None:
        """Tells about the model again: a Sequential without an input is not built before its first batch."""
        if self.model is not None and self.is_open and (info := self._model_info(None)) is not None:
            self._record({"type": "model", "time": time(), "model": info})

    def train_end(self, logs: Mapping[str, Any] | None = None, save_checkpoint: bool = False) -> None:
        """Ends the run as a success, and waits at most `finish_timeout` seconds until the backend has it.

        Args:
            logs: Not recorded: the last epoch has them. Here because training frameworks pass them.
            save_checkpoint: Save the model too, locally and on the backend.
        """
        if self._feed is not None and self._feed.closed and self._pid == os.getpid():
            self.notices.warn("ended", "train_end was called after the run ended; nothing was done.")
            return
        self._ensure_open("train_end")
        if save_checkpoint:
            self.save_checkpoint("final")
        self.end("success")

    def end(self, status: str, error: str | None = None) -> None:
        """Ends the run, and waits at most `finish_timeout` seconds until the backend has it.

        Args:
            status: `"success"` or `"error"`.
            error: Why, for the run's document.
        """
        if self.is_open:
            self._end(status, error)
            self.settle(self.finish_timeout)

    def _end(self, status: str, error: str | None) -> None:
        feed = self._feed
        if feed is not None:
            text = None if error is None else ending.short(error)
            self._record({"type": "end", "time": time(), "status": status, "error": text})
            feed.journal.close()
            feed.closed = True
            ending.ended(self)

    def settle(self, timeout: float) -> None:
        """Waits until the backend has a run that ended, and says where the rest is kept if it has not.

        Args:
            timeout: The most seconds to wait.
        """
        feed = self._feed
        if feed is not None and not wait_for(feed, self._publisher, timeout):
            self.notices.warn(("rest", feed.run.id), feed.rest())

    def flush(self, timeout: float | None = None) -> bool:
        """Waits until the folder and the backend have all that was saved so far.

        Args:
            timeout: Seconds; `finish_timeout` if `None`.

        Returns:
            Whether they have.
        """
        if self._feed is None:
            return True
        return wait_for(self._feed, self._publisher, self.finish_timeout if timeout is None else timeout)

    def close(self) -> None:
        """Ends the run if it is open: as a success when every planned epoch is there, else as an error."""
        if self.is_open:
            self.abandon(None)
            self.settle(self.finish_timeout)

    def abandon(self, reason: str | None) -> None:
        """Ends the run because the program does, as an error when there is a reason or epochs are missing.

        Waits for nothing; `settle` does.

        Args:
            reason: What ended the program, if that is known.
        """
        if not self.is_open:
            return
        if reason is None and self._epochs.planned > len(self._epochs):
            reason = f"ended after {len(self._epochs)} of {self._epochs.planned} epochs"
        self._end("error" if reason else "success", reason)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.end("success")
        elif isinstance(error, SystemExit) and not error.code:
            self.close()
        else:
            self.end("error", ending.describe(error))

    @property
    def is_open(self) -> bool:
        """Whether a run was created, and has not ended."""
        return self._feed is not None and not self._feed.closed and self._pid == os.getpid()

    def _ensure_open(self, verb: str) -> None:
        if self._pid != os.getpid():
            self.notices.warn(
                "fork", f"{verb}: this run belongs to the process that created it; nothing is saved here."
            )
        elif not self.is_open:
            ended = self._feed is not None
            self.notices.warn(
                "not open",
                f"{verb} was called {'after the run ended' if ended else 'before create_run'}: a run was created.",
            )
            self.create_run(self.model)

    def _record(self, event: dict[str, Any]) -> None:
        feed = self._feed
        if feed is None or self._pid != os.getpid():
            return
        feed.record(event)
        self._publisher.wake()

    def _model_info(self, loss: Any) -> dict[str, Any] | None:
        try:
            info = get_model_info(self.model, self.source, loss)
        except (MarcelleError, ValueError, AttributeError, TypeError) as error:
            self.notices.warn("model", f"The run tells nothing about its model: {error}")
            return None
        plain: dict[str, Any] = to_run(info, "model")[0]
        return plain
