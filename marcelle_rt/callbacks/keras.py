"""KerasCallback: Keras' hooks, turned into a Writer's verbs. Works with Keras 3 on any backend, and Keras 2."""

from __future__ import annotations

import os
from numbers import Real
from typing import TYPE_CHECKING, Any

from .. import config, formats
from ..errors import InvalidData
from ..runs.remote.model_feed import ModelFeed
from ..runs.training.exits import Since, describe
from ..runs.training.metrics import checked_mode
from ..runs.training.params import fields_of
from ..runs.training.retention import Retention
from ..runs.writer import Writer
from ..values import number
from .adapter_runs import INTERRUPTED, check_writer
from .cells import watch_cell
from .keras_batches import Batches
from .keras_best import Best
from .keras_fits import OneFit
from .keras_left import begun, end_what_was_left
from .keras_steering import Steerable, checked_setters, learning_rate, rate_setter
from .names import known_first

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    class _Callback:
        model: Any
        params: dict[str, Any]

else:
    if config.wants_keras_2():
        from tf_keras.callbacks import Callback as _Callback
    else:
        from keras.callbacks import Callback as _Callback


def _check_frequency(name: str, value: Any, unit: str) -> None:
    if value is not None and not (isinstance(value, Real) and float(value) >= 1):
        raise InvalidData(name, value, f"is not a number of {unit}; use 1 or more")


class KerasCallback(_Callback):
    """Stores a Keras training in a Marcelle backend and locally, while it goes on.

    Each `fit` is a run of its own. The learning rate is among its logs. A copy (`copy.deepcopy`, `pickle`) is a
    callback of the same arguments, without a run: KerasTuner makes one for each trial.

    Example:
        >>> model.fit(x, y, epochs=10, callbacks=[KerasCallback("my-model")])
    """

    def __init__(
        self,
        name: str,
        backend_root: str | None = None,
        disk_save_format: str = "h5",
        remote_save_format: str = "tfjs",
        model_checkpoint_freq: int | None = None,
        base_log_dir: str | os.PathLike[str] = config.DEFAULT_LOG_DIR,
        run_params: dict[str, Any] = {},
        *,
        writer: Writer | None = None,
        rename: Mapping[str, str] | None = None,
        batch_freq: int | None = None,
        save_best_only: bool = False,
        monitor: str = "val_loss",
        mode: str = "auto",
        resume: str | os.PathLike[str] | None = None,
        publish: str | None = None,
        steerable: Steerable = False,
        finish_timeout: float = config.FINISH_TIMEOUT,
        tags: Sequence[str] = (),
        group: str | None = None,
        keep_checkpoints: int | None = None,
        weights_only: bool = False,
        labels: Sequence[Any] | None = None,
    ) -> None:
        """Prepares a callback; nothing is written or sent before `fit` begins.

        Args:
            name: The base name for the runs.
            backend_root: The backend's URL. `$MARCELLE_BACKEND` or `http://localhost:3030` if `None`.
            disk_save_format: How checkpoints are saved locally: `"h5"`, `"saved_model"` or `"keras"`.
            remote_save_format: How checkpoints are uploaded: `"tfjs"` or `"onnx"`.
            model_checkpoint_freq: Save a checkpoint every so many epochs; none if `None`.
            base_log_dir: The folder that gets a folder for each run.
            run_params: Parameters of the run, for example hyperparameters; a namespace, a dataclass or a
                configuration object is taken by its fields.
            writer: A writer of yours instead; the arguments about where and how are its own then. A run that it
                has open is used, and left open at the end; a second `fit` goes on after the first one's epochs.
            rename: Names for metrics, for example `{"val_loss": "lossVal"}`, as a dashboard wants them.
            batch_freq: Save the logs of every so many batches too, as `Writer.save_batch` does; none if `None`.
                Batches count from 1, through the whole training.
            save_best_only: Save a checkpoint only when `monitor` is better than ever before; looks at every epoch,
                or every `model_checkpoint_freq` epochs.
            monitor: The metric that `save_best_only` looks at.
            mode: `"min"`, `"max"`, or `"auto"`: as Keras knows it of the metric, or else by the metric's name. Where
                neither tells, no checkpoint is saved, and that is said.
            resume: A run to go on with at the first `fit`, with its `initial_epoch`: its folder, or its name, such as
                `"digits-4"`.
            publish: A name that pages follow by `tfjsModel(...).sync(store, name)`: each checkpoint's model becomes
                theirs, or each epoch's where no checkpoints are saved; where they come fast, the newest. The labels
                stay those that `Remote.publish_model` has given to the name.
            steerable: Let pages, notebooks and `marcelle-rt stop` ask the training to stop, to save a checkpoint and
                to take another learning rate; looked at after each batch. A mapping lets them set more: for each name
                a function that takes the value, as `Writer.commands` has it.
            finish_timeout: Seconds that the end of a run waits for the backend; see `Writer`.
            tags: Words by which people find the runs.
            group: What the runs belong to, for example a sweep.
            keep_checkpoints: How many checkpoints of a run are kept, in its folder and on the backend: the best by
                `monitor` and `mode`, and the newest; with 1 the best alone. All if `None`.
            weights_only: Save checkpoints without the optimizer's state; see `Writer`.
            labels: The names of the classes, in the order of the model's outputs, for pages that load a checkpoint.

        Raises:
            UnsupportedFormat: For an unknown format.
            InvalidData: For an unknown `mode`, a frequency under 1, a `writer` or `steerable` of another kind, or what
                `Writer` refuses.
            RunFolderError: When `resume` names no run in `base_log_dir`, or one that is being written.
        """
        super().__init__()
        _check_frequency("model_checkpoint_freq", model_checkpoint_freq, "epochs")
        _check_frequency("batch_freq", batch_freq, "batches")
        _check_frequency("keep_checkpoints", keep_checkpoints, "checkpoints")
        check_writer(writer, name)
        self._setters = checked_setters(steerable)
        self._resumed = resume is not None
        self.writer: Writer
        if writer is not None:
            self.writer = writer
        elif resume is not None:
            self.writer = Writer.resume(
                resume,
                base_log_dir=base_log_dir,
                backend_root=backend_root,
                disk_save_format=disk_save_format,
                remote_save_format=remote_save_format,
                rename=rename,
                finish_timeout=finish_timeout,
                weights_only=weights_only,
            )
        else:
            self.writer = Writer(
                name,
                backend_root,
                disk_save_format,
                remote_save_format,
                base_log_dir,
                rename=rename,
                finish_timeout=finish_timeout,
                tags=tags,
                group=group,
                weights_only=weights_only,
            )
        self.run_params = run_params
        self.model_checkpoint_freq = model_checkpoint_freq
        self.save_best_only = save_best_only
        self.monitor = monitor
        self.mode: str = checked_mode(mode)
        self.batch_freq = batch_freq
        self._batches = Batches()
        self._offset: int | None = None  # between the run's epochs and Keras' own; unknown before the first
        self._best = self._new_best()
        self._mine = False
        self._fit = OneFit(self.writer.notices)
        self._since = Since()
        self._described = True
        self._unwatch: Callable[[], None] | None = None
        self.keep_checkpoints = keep_checkpoints
        self._retention: Retention | None = None
        self.labels: list[Any] | None = formats.class_names(labels)
        self.publish = publish
        self._models: ModelFeed | None = None
        self._hook_batches()

    def _new_best(self) -> Best:
        return Best(self.monitor, self.mode, self.writer.notices)

    def _hook_batches(self) -> None:
        # Keras calls hooks of batches only where there are any: for nothing they cost time.
        if self.batch_freq is not None or self._setters is not None:
            self.on_train_batch_end: Callable[..., None] = self._on_train_batch_end

    def __getstate__(self) -> dict[str, Any]:
        """What a copy is made of: the arguments, and nothing of a run or of the model that is trained."""
        state = {key: value for key, value in self.__dict__.items() if key != "on_train_batch_end"}
        trained = dict.fromkeys({"model", "_model", "params", "validation_data"} & state.keys())
        run = dict.fromkeys(("_retention", "_models", "_unwatch"))
        return {**state, **trained, **run, "_best": self._new_best(), "_mine": False, "_resumed": False}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._hook_batches()

    def __repr__(self) -> str:
        return f"KerasCallback({self.writer!r})"

    def _repr_html_(self) -> str:
        return self.writer._repr_html_().replace("<b>Writer ", "<b>KerasCallback ", 1)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Creates the run."""
        if not self._fit.begins(self.params, is_open=self.has_open_run, is_new=self._offset is None):
            return
        end_what_was_left(self)
        self._mine = self._resumed or not self.writer.is_open
        self._described = bool(getattr(self.model, "built", True))
        if self._resumed:
            self.writer.model = self.model
        elif self._mine:
            self._best = self._new_best()
            self._retention = None
            self.writer.create_run(self.model, {**fields_of(self.run_params), **(self.params or {})})
        elif self.writer.model is None:
            self.writer.model = self.model
        self._resumed = False
        self._since = Since()
        if self._mine:
            begun(self)
        self._offset = None
        self._batches.begin((self.params or {}).get("steps"))
        self.writer.train_begin((self.params or {}).get("epochs", 0))
        if self._mine and self._unwatch is None:
            self._unwatch = watch_cell(self._on_cell_end)
        if self._setters is not None:
            self._look_for_commands()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Learns with which epoch the training begins."""
        if self._fit.passes_over():
            return
        if self._offset is None:
            self._offset = self.writer.begin_at(epoch + 1)
            if self._offset:  # a second fit into one run; what it plans comes on top
                self.writer.train_begin((self.params or {}).get("epochs", 0) + self._offset)
        self._batches.begin_epoch(epoch + self._offset)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Saves the epoch. Runs count epochs from 1, as dashboards do."""
        if self._fit.passes_over_end(epoch):
            return
        if self._batches.end_epoch():
            # Its values are of some batches alone: among those of whole epochs they would tell lies.
            self._offer_between_checkpoints()
            return
        values = dict(logs or {})
        if "learning_rate" not in values and "lr" not in values:
            rate = learning_rate(self.model)
            if rate is not None:
                values["learning_rate"] = rate
        if not self._described:  # a Sequential without an input: it has weights by now
            self._described = True
            self.writer.describe_model()
        number = epoch + 1 + (self._offset or 0)
        is_checkpoint = self._is_checkpoint(epoch, values)
        self.writer.save_epoch(number, known_first(values, self.writer.settings.rename))
        if is_checkpoint:
            self._save_checkpoint(number, values)
            self._offer()
        else:
            self._offer_between_checkpoints()
        if self._setters is not None:
            self._look_for_commands(number)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Ends the run."""
        if not self._fit.ends(is_open=self.writer.is_open):
            return
        self._unwatch_cell()
        if self._models is not None:
            self._models.close(self.writer.finish_timeout)
            self._models = None
        if self._mine:
            self.writer.train_end()  # the last epoch has the logs

    def _on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self._fit.passes_over():
            return
        last, step = self._batches.end(batch), self._batches.step
        frequency = self.batch_freq
        if frequency is not None and step // frequency > last // frequency:  # several steps may be one execution
            self.writer.save_batch(step, logs or {})
        if self._setters is not None:
            self._look_for_commands()
            if self.is_stopped():
                self._batches.leave()

    def is_stopped(self) -> bool:
        """Whether the training is to stop: asked after each batch and each epoch of one that is steerable."""
        return self.writer.stopped

    def _look_for_commands(self, epoch: int | None = None) -> None:
        """Does what people ask of the training, at the end of an epoch, or between.

        `self.model` is only touched where it has to be: with JAX that brings the model's state back from the device.
        """
        setters = {"learning_rate": rate_setter(lambda: self.model), **(self._setters or {})}
        self.writer.commands(setters, checkpoint=lambda: self._save_asked(epoch))
        if self.is_stopped():
            self.model.stop_training = True

    def _save_asked(self, epoch: int | None) -> None:
        self.writer.model = self.model
        self.writer.save_asked(f"batch-{self._batches.step}" if epoch is None else epoch)

    def _offer_between_checkpoints(self) -> None:
        if self.model_checkpoint_freq is None and not self.save_best_only:
            self._offer()

    def _save_checkpoint(self, epoch: int, logs: Mapping[str, Any]) -> None:
        key = self.writer.save_checkpoint(epoch, {"labels": self.labels} if self.labels is not None else None)
        if key is None or self.keep_checkpoints is None:
            return
        if self._retention is None:
            self._retention = Retention(int(self.keep_checkpoints), self._best.direction(self.model))
        self.writer.drop_checkpoints(self._retention.add(key, number(logs.get(self.monitor))))

    def _offer(self) -> None:
        destination = self.writer.settings.destination
        if self.publish is None or destination is None:
            return
        if self._models is None:
            self._models = ModelFeed(destination, self.publish, self.writer.notices)
        self._models.offer(self.model, self.labels)

    def _is_checkpoint(self, epoch: int, logs: Mapping[str, Any]) -> bool:
        frequency = self.model_checkpoint_freq
        if frequency is not None and (epoch + 1) % frequency:
            return False
        if not self.save_best_only:
            return frequency is not None
        return self._best.is_beaten(logs, self.model)

    @property
    def has_open_run(self) -> bool:
        """Whether a run is open that this callback began, and has to end."""
        return self._mine and self.writer.is_open

    def interrupted(self) -> None:
        """Ends the run of a fit that is over, though no hook has told of it."""
        self.writer.end("error", self._since.error() or INTERRUPTED)

    def _unwatch_cell(self) -> None:
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None

    def _on_cell_end(self, error: BaseException | None) -> None:
        self._unwatch = None
        if self.has_open_run:
            self.writer.end("error", "the cell ended" if error is None else describe(error))
