"""MarcelleCallback for Hugging Face's `Trainer`: its hooks, turned into a Writer's verbs."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..runs.training.metrics import EXPECTED
from ..runs.writer import Writer
from . import trainer_state
from .adapter_runs import AdapterRuns, checked_x
from .block import Block

if TYPE_CHECKING:

    class _Callback: ...

else:
    try:
        from transformers import TrainerCallback as _Callback
    except ImportError as error:
        raise ImportError("This needs Transformers: pip install transformers") from error

_TOLD = (
    *("learning_rate", "per_device_train_batch_size", "gradient_accumulation_steps", "num_train_epochs", "max_steps"),
    *("weight_decay", "warmup_steps", "optim", "lr_scheduler_type", "seed", "bf16", "fp16"),
)
"""What a run keeps of the hundred and more arguments of a training."""


class MarcelleCallback(Block, _Callback):
    """Stores trainings of a `Trainer` in a Marcelle backend and locally, while they go on. Each `train` is a run.

    What is logged within an epoch is merged into it, and kept for each step beside it, as `Writer.save_batch` does.
    Where nothing is logged in an epoch, its end is. A checkpoint of the `Trainer`'s knows the run:
    `train(resume_from_checkpoint=True)` goes on with it.

    A `Trainer` tells nobody of an exception: such a run ends with the next one or with the program, or, as what it was,
    by `with MarcelleCallback(...) as callback:`.

    Example:
        >>> Trainer(model, args, train_dataset=data, callbacks=[MarcelleCallback("my-model")]).train()
    """

    def __init__(
        self, name: str, *, run_params: Mapping[str, Any] | None = None, x: str = "epoch", **options: Any
    ) -> None:
        """Prepares a callback; nothing is written or sent before a training begins.

        Args:
            name: The base name for the runs.
            run_params: Parameters of the runs, besides the most telling of the training's arguments.
            x: What the places of a run's curves are: an `"epoch"` each, or a `"step"` each that is logged, as suits
                trainings of one epoch.
            options: `writer`, a Writer of yours, or what `Writer` takes; `resume`, a run's folder to go on with.

        Raises:
            MarcelleError: An option is not one of `Writer`'s, or one that it refuses; or there is no such `x`.
        """
        super().__init__()
        self._runs = AdapterRuns(name, "transformers", type(self), run_params, **options)
        self._x = checked_x(x)
        self._has_loss = False
        self._expected: dict[str, Any] = {}

    @property
    def writer(self) -> Writer:
        """The Writer that it records by."""
        return self._runs.writer

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        """Creates the run, or goes on with the checkpoint's."""
        if state.is_world_process_zero:
            params = {name: getattr(args, name) for name in _TOLD if hasattr(args, name)}
            key = f"marcelle_rt: {self.writer.name}"
            if (run := trainer_state.run_of(state, key)) is not None:
                self._runs.go_on(run)
            first = state.global_step + 1 if self._x == "step" else int(state.epoch or 0) + 1
            # A step is long told when it is evaluated; a live plot needs to know before other metrics that it will be.
            self._expected = {"eval_loss": EXPECTED} if self._x == "step" and _evaluates(args) else {}
            is_known = self._x == "epoch" and state.num_train_epochs < sys.maxsize  # which a stream's steps have
            epochs = math.ceil(state.num_train_epochs) if is_known else 0
            self._runs.begin(model, params, epochs, first, self._x)
            trainer_state.note(state, key, self.writer.run_id)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begins to look whether the epoch logs a loss."""
        self._has_loss = False

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> Any:
        """Has the loss logged, if that was not done in the epoch: by default it is for each 500 steps alone."""
        if not self._has_loss and str(getattr(args.logging_strategy, "value", args.logging_strategy)) != "no":
            control.should_log = True
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Saves what was logged: of a step, of an evaluation, or of the whole run."""
        values = {name: value for name, value in (logs or {}).items() if name != "epoch"}
        if not state.is_world_process_zero or self.writer.run_id is None:
            return
        if "train_runtime" in values or not self.writer.is_open:
            self.writer.update_summary(values)
            return
        if "loss" in values:
            self._has_loss = True
            self.writer.save_batch(state.global_step, values)
        if self._x == "step":
            self._runs.save(state.global_step, {**self._expected, **values})
            self._expected = {}
        else:
            epoch = max(1, math.ceil((state.epoch or 0) - 1e-6))
            self._runs.save(epoch, values, more=_evaluates(args) and "loss" in values)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ends the run; `hyperparameter_search` calls this in the middle of a trial that it prunes."""
        if state.is_hyper_param_search and state.global_step < state.max_steps and not control.should_training_stop:
            self._runs.end("pruned", "the search pruned it")
        else:
            self._runs.end()


def _evaluates(args: Any) -> bool:
    return str(getattr(args.eval_strategy, "value", args.eval_strategy)) != "no"
