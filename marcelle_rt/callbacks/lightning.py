"""MarcelleCallback and MarcelleLogger: Lightning's hooks, turned into a Writer's verbs.

They are of `lightning` and of `pytorch_lightning`, which take no class of each other: of all that are imported by then,
or else of the first that is installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..runs.training.params import fields_of
from ..runs.writer import Writer
from .adapter_runs import AdapterRuns, checked_x
from .lightning_trainer import hparams_of, planned, without_loss
from .names import dashboard_name

if TYPE_CHECKING:

    class _Callback: ...

    class _Logger:
        def __init__(self) -> None: ...

else:
    _PACKAGES = {"lightning": "lightning.pytorch", "pytorch_lightning": "pytorch_lightning"}
    _installed = [name for name in _PACKAGES if importlib.util.find_spec(name) is not None]
    if not _installed:
        raise ImportError("This needs Lightning: pip install lightning")
    _modules = [
        importlib.import_module(_PACKAGES[name])
        for name in [name for name in _installed if name in sys.modules] or _installed[:1]
    ]
    _Callback = type("_Callback", tuple(module.Callback for module in _modules), {})
    _Logger = type("_Logger", tuple(module.loggers.logger.Logger for module in _modules), {})


class MarcelleCallback(_Callback):
    """Stores Lightning trainings in a Marcelle backend and locally, while they go on. Each `fit` is a run.

    It records what `self.log` gives for epochs, hyperparameters, the learning rate, tests, and what ended a training.
    A checkpoint of Lightning's knows the run: `fit(ckpt_path=...)` goes on with it.

    Example:
        >>> Trainer(max_epochs=10, callbacks=[MarcelleCallback("my-model")]).fit(module)
    """

    def __init__(self, name: str, *, run_params: Mapping[str, Any] | None = None, **options: Any) -> None:
        """Prepares a callback; nothing is written or sent before a training begins.

        Args:
            name: The base name for the runs.
            run_params: Parameters of the runs, besides the module's hyperparameters.
            options: `writer`, a Writer of yours, or what `Writer` takes; `resume`, a run's folder to go on with.

        Raises:
            MarcelleError: An option is not one of `Writer`'s, or one that it refuses.
        """
        self._runs = AdapterRuns(name, "lightning", type(self), run_params, **options)
        self._rates: dict[str, float] = {}
        self._before: dict[str, Any] = {}
        self._loaded: str | None = None  # the folder of the run whose checkpoint was loaded

    def __getstate__(self) -> dict[str, Any]:
        """What a copy is made of: a trainer hangs more on its callbacks."""
        return {"_runs": self._runs, "_rates": {}, "_before": {}, "_loaded": None}

    @property
    def writer(self) -> Writer:
        """The Writer that it records by."""
        return self._runs.writer

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint of Lightning's has to know: the run."""
        return {"run_directory": str(self.writer.run_directory) if self._runs.is_training else None}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Notes the run of a checkpoint: a training goes on with it, and a test is kept with it."""
        self._loaded = state_dict.get("run_directory")

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Forgets which checkpoint was loaded before: this one's is loaded later."""
        self._loaded = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Creates the run, or goes on with the checkpoint's."""
        if not trainer.fast_dev_run:
            if self._loaded is not None:
                self._runs.go_on(self._loaded)
            hparams = {**hparams_of(trainer.datamodule), **hparams_of(pl_module)}
            self._runs.begin(pl_module, hparams, planned(trainer), trainer.current_epoch + 1)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Notes the learning rate, which is the next epoch's at the end, and which metrics are of epochs before."""
        self._before = dict(trainer.callback_metrics)
        groups = [group for optimizer in trainer.optimizers for group in optimizer.param_groups]
        names = ("learning_rate", *(f"learning_rate_{n}" for n in range(2, len(groups) + 1)))
        self._rates = {name: group["lr"] for name, group in zip(names, groups, strict=False)}

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Saves the epoch, with what was validated in it."""
        if self._runs.is_training:
            metrics = trainer.callback_metrics.items()
            # A trainer keeps what was measured last; where an epoch isn't validated, that is of another one.
            new = {name: value for name, value in metrics if self._before.get(name) is not value}
            self._runs.save(trainer.current_epoch + 1, {**new, **self._rates})

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Ends the run."""
        self._runs.end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Ends the run as the exception does."""
        self._runs.fail(exception)

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """Keeps the test's metrics with the run, or with that of the checkpoint which is tested."""
        if not trainer.fast_dev_run:
            self._runs.summarize(trainer.callback_metrics, self._loaded)


class MarcelleLogger(_Logger):
    """Stores what Lightning logs in a Marcelle backend and locally, while it goes on: `Trainer(logger=...)`.

    Each `fit` is a run. What `self.log` gives in steps is kept beside the epochs, as `Writer.save_batch` does.

    Example:
        >>> Trainer(max_epochs=10, logger=MarcelleLogger("my-model")).fit(module)
    """

    def __init__(
        self, name: str, *, run_params: Mapping[str, Any] | None = None, x: str = "epoch", **options: Any
    ) -> None:
        """Prepares a logger; nothing is written or sent before something is logged.

        Args:
            name: The base name for the runs.
            run_params: Parameters of the runs, besides the hyperparameters.
            x: What the places of a run's curves are: an `"epoch"` each, or a `"step"` each that is logged.
            options: `writer`, a Writer of yours, or what `Writer` takes; `resume`, a run's folder to go on with.

        Raises:
            MarcelleError: An option is not one of `Writer`'s, or one that it refuses; or there is no such `x`.
        """
        super().__init__()
        self._runs = AdapterRuns(name, "lightning", type(self), run_params, **options)
        self._x = checked_x(x)
        self._module: Any = None
        self._hparams: dict[str, Any] = {}
        self._rates: dict[str, Any] = {}
        self._with_loss: set[Any] = set()  # epochs of this training

    @property
    def name(self) -> str:
        """The base name of the runs."""
        return str(self._runs.writer.name)

    @property
    def version(self) -> str | None:
        """The `_id` of the run that is open, or else of the next one: Lightning asks for it before a training begins.

        Lightning's own checkpoints lie in a folder of that name, each run's in its own.
        """
        writer = self.experiment
        return writer.run_id if writer.is_open else writer.next_run_id

    @property
    def experiment(self) -> Writer:
        """The Writer that it records by."""
        return self._runs.writer

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Keeps hyperparameters for the run, or adds them to the one that is open."""
        self._hparams = fields_of(params)
        if self.experiment.is_open:
            self.experiment.update_params(self._hparams)

    def log_graph(self, model: Any, input_array: Any = None) -> None:
        """Notes the module: it is told of with the run. Lightning calls this before each training."""
        self._module = model
        self._with_loss = set()
        callbacks = getattr(getattr(model, "_trainer", None), "callbacks", None)
        if callbacks is not None and not any(isinstance(one, _Epochs) and one.logger is self for one in callbacks):
            callbacks.append(_Epochs(self))

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Saves metrics: of a step, or a piece of an epoch's; those of a test are kept with the run as a whole."""
        trainer = getattr(self._module, "_trainer", None)
        is_fit = trainer is None or trainer.state.fn == "fit"
        if not is_fit and self.experiment.run_id is not None:
            self.experiment.update_summary({name: value for name, value in metrics.items() if name != "epoch"})
            return
        if not self._runs.is_training:
            first = trainer.current_epoch + 1 if trainer is not None else 1
            # How many steps will be logged is not known: some validations are steps too.
            epochs = planned(trainer) if trainer is not None and self._x == "epoch" else 0
            self._runs.begin(self._module, self._hparams, epochs, first, self._x)
        if "epoch" not in metrics:  # what a monitor measures: not a place of its own
            self._rates.update(metrics)
            return
        if any(dashboard_name(name.removesuffix("_step")) == "loss" for name in metrics):
            self._with_loss.add(metrics["epoch"])
        steps = {name.removesuffix("_step"): value for name, value in metrics.items() if name.endswith("_step")}
        if steps and step is not None:
            self.experiment.save_batch(step + 1, steps)
        rest = {name: value for name, value in metrics.items() if not name.endswith("_step") and name != "epoch"}
        if self._x == "step" and step is not None:
            self._runs.save(step + 1, {**steps, **rest, **self._rates})
        elif rest:
            more = trainer is not None and trainer.enable_validation
            self._runs.save(int(metrics["epoch"]) + 1, {**rest, **self._rates}, more)

    def finalize(self, status: str) -> None:
        """Ends the run."""
        if status == "success":
            self.tell_of_missing_loss()
            self._runs.end()
        else:  # Lightning calls it where it handles the exception
            self._runs.fail(sys.exc_info()[1])

    def tell_of_missing_loss(self) -> None:
        """Says that Lightning has logged no loss in the epoch that ended last, where its interval is longer."""
        trainer = getattr(self._module, "_trainer", None)
        if trainer is None or (self._with_loss and self._x == "step"):
            return
        if (text := without_loss(trainer, self._with_loss, is_recorded=self._runs.is_training)) is not None:
            self.experiment.notices.warn("interval", f"MarcelleLogger: {text}")


class _Epochs(_Callback):
    """Tells a logger of epochs, as Lightning does not: one that logs nothing passes it by.

    Args:
        logger: The logger.
    """

    def __init__(self, logger: MarcelleLogger) -> None:
        self.logger = logger
        self._first: int | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Notes which epoch is this training's first."""
        self._first = trainer.current_epoch

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Looks at the epoch before, of which all is logged by now."""
        if trainer.current_epoch != self._first:
            self.logger.tell_of_missing_loss()
