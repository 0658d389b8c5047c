"""Writer: the user's verbs, turned into events. Nothing here waits for a network but the end of a run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import time
from types import TracebackType
from typing import Any, Literal

from .. import config, formats
from ..models.checkpoints.usage import ImageInput, Usage
from ..notices import Notices
from .alerts.verbs import Alerts
from .document import events
from .document.resumed import Resumed
from .folder import finding, going_on
from .recording.alerting import Alerting
from .recording.checkpointing import Checkpointing
from .recording.current import Current
from .recording.facts import RunFacts
from .recording.recording import Recording
from .recording.settings import RunSettings
from .recording.steered import Steered
from .remote.destination import Destination
from .remote.remote import Remote
from .training import frameworks
from .training.params import described, written
from .training.pictures import named
from .training.system_metrics import can_measure


class Writer(RunFacts, Checkpointing, Steered, Alerting):
    """Saves a training run locally and on a backend, while the training goes on.

    The run's folder is the truth and the backend a copy of it, kept level by a thread of its own: no method
    but those that end the run waits for a network, and none raises for one. What can't be done as asked is
    said once, as a `MarcelleWarning`, and the training goes on.

    `$MARCELLE_MODE` rules over what a program asks for: `offline` writes to the folder alone and opens no
    connection, and `disabled` writes nothing at all; every method returns as usual. In a distributed training
    all processes but the first are disabled, unless it is set.

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
        base_log_dir: str | os.PathLike[str] = config.DEFAULT_LOG_DIR,
        source: str = frameworks.KERAS,
        *,
        remote: Remote | Literal[False] | None = None,
        rename: Mapping[str, str] | None = None,
        system_metrics: bool = False,
        finish_timeout: float = config.FINISH_TIMEOUT,
        tags: Sequence[str] = (),
        group: str | None = None,
        notes: str | None = None,
        weights_only: bool = False,
    ) -> None:
        """Prepares a writer; nothing is written or sent before `create_run`.

        Args:
            name: The base name for the runs.
            backend_root: The backend's URL. `$MARCELLE_BACKEND` or `http://localhost:3030` if `None`.
            disk_save_format: How checkpoints of Keras' models are saved locally: `"h5"`, `"saved_model"` or `"keras"`.
                A PyTorch module's is its `state_dict` in a `pt` file, whatever is given here.
            remote_save_format: How checkpoints are uploaded: `"tfjs"` or `"onnx"`.
            base_log_dir: The folder that gets a folder for each run; `$MARCELLE_LOG_DIR`, if set, in place of the
                default.
            source: The framework's name. `"keras"` stands for the one that the model is of: `"pytorch"` for a module,
                and `"python"` without a model.
            remote: A `Remote` of yours, which stays open, or `False` to write to disk alone, as
                `MARCELLE_MODE=offline` does whatever is given here.
            rename: Names for metrics, for example `{"val_loss": "lossVal"}`, as a dashboard wants them.
            system_metrics: Measure the machine every 10 seconds while a run is open, beside it in the service
                `run-system`: processors, memory, and NVIDIA's GPUs. Needs the extra `system`.
            finish_timeout: Seconds that the end of a run waits for the backend; `$MARCELLE_FINISH_TIMEOUT`, if set,
                in place of the default. About 2, once a process, for one that was never reached.
            tags: Words by which people find the runs; they can be changed on the backend later, as can the next two.
            group: What the runs belong to, for example a sweep.
            notes: A text about them.
            weights_only: Save checkpoints without the optimizer's state, which is twice as large as the weights.

        Raises:
            UnsupportedFormat: For an unknown format.
            InvalidData: For an argument of another kind, an empty name, and when `$MARCELLE_MODE` is not a mode.
        """
        mode = config.mode()
        formats.checkpoint_format(disk_save_format, "disk_save_format")
        formats.remote_format(remote_save_format, "remote_save_format")
        self.name: str = config.run_name(name)
        self.disk_save_format = disk_save_format
        self.base_log_dir: Path = config.log_dir(base_log_dir)
        self.source: str = config.framework(source)
        self.finish_timeout: float = config.finish_timeout(finish_timeout)
        self.model: Any = None
        self._usage = Usage()
        self.notices: Notices = Notices()
        destination = Destination.of(remote, backend_root, remote_save_format)
        remote_format = remote.save_format if isinstance(remote, Remote) else remote_save_format
        measure = system_metrics and can_measure(self.notices)
        self.settings: RunSettings = RunSettings.of(mode, destination, remote_format, rename, measure)
        self._written = written(tags, group, notes)
        self._weights_only = weights_only
        self._alerts = Alerts(self.notices)
        self._current = Current(self.notices)

    def __getstate__(self) -> dict[str, Any]:
        """A copy (`copy.deepcopy`, `pickle`) is a Writer of the same arguments and rules, without this one's run."""
        return {**self.__dict__, "_current": Current(self.notices), "model": None, "_usage": Usage()}

    @classmethod
    def resume(cls, run: str | os.PathLike[str], **options: Any) -> Writer:
        """Goes on with a run that was cut off, or ended, in its own folder.

        The first epoch that is saved decides where it goes on: what the run has from that epoch on is
        dropped, because the training repeats it: epochs, checkpoints, assets and batches, on disk and on the
        backend.

        Args:
            run: The run's folder, or its name, such as `"digits-4"`, or `_id`.
            options: As the class takes them, but for `name`. In `base_log_dir` a run of that name is looked for.

        Returns:
            A writer with the run open: call `train_begin` and `save_epoch`.

        Raises:
            RunFolderError: When there is no such run, or another writer has it open.
            InvalidData: When `run` is neither a path nor a name, and as the class raises it.
        """
        base = options.pop("base_log_dir", config.DEFAULT_LOG_DIR)
        if config.mode() == "disabled":
            return cls(os.fspath(run), base_log_dir=base, **options)
        directory = finding.folder_of(config.log_dir(base), run)
        book, history, torn = going_on.open_whole(directory)
        past = Resumed(history)
        writer = cls(past.run.fields["basename"], base_log_dir=directory.parent, **options)
        writer._current.go_on(book, past, history, torn, writer._run_settings)
        return writer

    @property
    def _run_settings(self) -> RunSettings:
        return replace(self.settings, finish_timeout=self.finish_timeout)

    def create_run(
        self,
        model: Any = None,
        run_params: dict[str, Any] = {},
        loss: Any = None,
        *,
        example: Any = None,
        preprocess: ImageInput | None = None,
        activation: str | None = None,
        labels: Sequence[Any] | None = None,
    ) -> None:
        """Creates a new training run.

        In a distributed training all processes but the first create none; they are told from it here, when the
        training has begun.

        Args:
            model: The model that is trained, if there is one: a `keras.Model`, a `torch.nn.Module`, an estimator.
            run_params: Parameters of the run, for example hyperparameters. Flat values show best. A namespace, a
                dataclass or a configuration object is taken by its fields.
            loss: The loss used for training, a name or a function; the compiled model's if `None`.
            example: A batch that a module of PyTorch takes, an array or a tensor. If `None`, the one tensor that it is
                first called with is taken, beside `labels` or `target`.
            preprocess: How a page's images become what a module of PyTorch takes.
            activation: What makes probabilities of a module's outputs: `"softmax"` or `"sigmoid"`; `None` leaves them.
            labels: The names of the classes in the order of the outputs, for pages.
        """
        if self.is_open:
            self.end("error", "another run was created by the same Writer before this one ended")
        self.use_model(model, example=example, preprocess=preprocess, activation=activation, labels=labels)
        self.settings = replace(self.settings, disabled=self.settings.disabled or config.mode() == "disabled")
        if self.settings.disabled:
            return
        fields = {**described(self.name, self.source, run_params, model, loss, self.notices), **self._written}
        self._alerts.start()
        self._current.create(self.base_log_dir, fields, self._run_settings)
        self._prepare_checkpoints()

    def _open(self, verb: str) -> Recording | None:
        """The run that is open; one that is created now if there is none; `None` where a run is another process's."""
        run = self._current.run
        if run is not None and run.is_open:
            return run
        if self.settings.disabled:
            return None
        return self._current.begin_late(verb, lambda: self.create_run(self.model, **vars(self._usage)))

    def train_begin(self, epochs: int) -> None:
        """Says that the training has started.

        Args:
            epochs: How many epochs are planned.
        """
        if (run := self._open("train_begin")) is not None:
            run.begin(epochs)

    def update_params(self, params: dict[str, Any]) -> None:
        """Adds parameters to the run's, and puts others in place of what they were.

        Args:
            params: As `create_run` takes them.
        """
        if (run := self._open("update_params")) is not None:
            run.update_params(params)

    def update_summary(self, logs: Mapping[str, Any]) -> None:
        """Keeps values of the whole run, such as those of a test. A run that has ended gets them too, and stays so.

        Args:
            logs: A number for each metric, as `save_epoch` takes them.
        """
        if not self.settings.disabled:
            self._current.summarize(logs, self._run_settings)

    def amend(self, directory: str | os.PathLike[str], logs: Mapping[str, Any]) -> None:
        """Keeps values with a run that has ended, which stays so and becomes the Writer's; for adapters of frameworks.

        Args:
            directory: The run's folder.
            logs: A number for each metric, as `save_epoch` takes them.
        """
        if not self.settings.disabled and config.mode() != "disabled":
            self._current.amend(Path(directory), logs, self._run_settings)

    def begin_at(self, epoch: int, x: str = "epoch") -> int:
        """Says with which epoch a training begins, before that one is trained; for adapters of frameworks.

        Of a run that is resumed it is said what will be dropped.

        Args:
            epoch: The number that the training gives its first epoch.
            x: What is saved as an epoch: `"epoch"`, or `"step"`, for the pages that draw it.

        Returns:
            What to add to its numbers, so that a second training into one run goes on after the run's last epoch.
        """
        if (run := self._current.open) is None:
            return 0
        if x == "step":
            run.record(events.extra(time(), {"x": x}))
        return run.begin_at(run.epochs.number(epoch))

    def save_epoch(
        self,
        epoch: int,
        logs: Mapping[str, Any] | None = None,
        save_checkpoint: bool = False,
        assets: Sequence[Any] | Mapping[str, Any] = [],
        *,
        merge: bool = False,
    ) -> None:
        """Saves the results of an epoch. Takes microseconds, however long the run is and slow the network.

        With a checkpoint or assets it takes as long as it takes to write these.

        Args:
            epoch: The epoch's number, 0 or more. Saving one again merges into what it has. What is not a whole
                number is kept as an epoch of its own.
            logs: A number for each metric, for this epoch alone: `{"loss": 3.14}`. One-element arrays and
                tensors count as numbers; anything else, NaN and infinities are stored as `None`.
            save_checkpoint: Save the model too, locally and on the backend.
            assets: What to keep with the epoch: paths of files, figures of Matplotlib, images of Pillow, or arrays of
                images (height x width, or with 3 or 4 channels). A mapping gives them names: `{"confusion": figure}`.
            merge: The epoch comes in pieces, so that it is not said when it is saved again.
        """
        with self._current.gate:
            while (run := self._open("save_epoch")) is not None:
                if (number := run.save_epoch(epoch, logs, merge=merge)) is not None:
                    break  # else another thread has just ended the run, and the epoch belongs to the next one
            else:
                return
            if self._alerts.rules:
                self._alerts.look(run, self.name, number, logs)
            if save_checkpoint:
                self._save_checkpoint(run, number)
            if type(assets) is not list or assets:  # mostly there are none
                for name, asset in named(assets):
                    run.files.keep_asset(asset, number, name)

    def save_batch(self, step: int, logs: Mapping[str, Any]) -> None:
        """Saves what a batch logged, beside the run in the service `run-batches`. Takes microseconds.

        They are collected, and recorded in a chunk about each half second and at the run's end; of more than 100 in a
        chunk evenly spaced ones are kept. A program that is killed loses what was collected since the last chunk.

        Args:
            step: The batch's number, counted through the whole run.
            logs: A number for each metric, as `save_epoch` takes them.
        """
        if (run := self._open("save_batch")) is not None:
            run.save_batch(step, logs)

    def train_end(self, logs: Mapping[str, Any] | None = None, save_checkpoint: bool = False) -> None:
        """Ends the run as a success, and waits at most `finish_timeout` seconds until the backend has it.

        Args:
            logs: Values of the whole run, as `update_summary` takes them.
            save_checkpoint: Save the model too, locally and on the backend.
        """
        run = self._current.run
        if run is not None and run.is_mine and not run.is_open:
            self.notices.warn("ended", "train_end was called after the run ended; nothing was done.")
            return
        if self._open("train_end") is None:
            return
        if save_checkpoint:
            self.save_checkpoint("final")
        if logs:
            self.update_summary(logs)
        self.end("success")

    def end(self, status: str, error: str | None = None) -> None:
        """Ends the run, and waits at most `finish_timeout` seconds until the backend has it.

        Args:
            status: `"success"` or `"error"`; or `"stopped"` or `"pruned"`, for a run that was left off early on
                purpose, which pages that don't know these show as a success.
            error: Why, for the run's document.
        """
        self._current.end(status, error, self.finish_timeout)

    def flush(self, timeout: float | None = None) -> bool:
        """Waits until the folder and the backend have all that was saved so far.

        Args:
            timeout: Seconds; `finish_timeout` if `None`.

        Returns:
            Whether they have.

        Raises:
            InvalidData: When `timeout` is not a number of seconds.
        """
        seconds = self.finish_timeout if timeout is None else config.seconds_of("timeout", timeout)
        return self._current.run is None or self._current.run.wait(seconds)

    def close(self) -> None:
        """Ends the run if it is open: as a success when every planned epoch is there, else as an error.

        To leave `with` in peace is to say that it has succeeded, however many epochs were planned.
        """
        self._current.close(self.finish_timeout)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._current.leave(error, self.finish_timeout)
