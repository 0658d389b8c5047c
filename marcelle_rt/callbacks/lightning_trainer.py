"""What a trainer of Lightning's tells of a training. Pure, and without Lightning."""

from __future__ import annotations

import math
from collections.abc import Container
from typing import Any


def hparams_of(owner: Any) -> dict[str, Any]:
    """The hyperparameters of a module or a data module; none where it keeps none."""
    return dict(getattr(owner, "hparams", None) or {})


def planned(trainer: Any) -> int:
    """How many epochs are planned; 0 where only steps or a time are, and the length of an epoch is not known."""
    if trainer.max_epochs is not None and trainer.max_epochs > 0:
        return int(trainer.max_epochs)
    batches = trainer.num_training_batches
    if trainer.max_steps is None or trainer.max_steps < 0 or not math.isfinite(batches) or not batches:
        return 0
    steps = math.ceil(int(batches) / int(trainer.accumulate_grad_batches))
    return math.ceil(int(trainer.max_steps) / steps)


def without_loss(trainer: Any, with_loss: Container[Any], *, is_recorded: bool) -> str | None:
    """Says that the epoch that ended last has no loss, as Lightning logs at intervals that are longer than an epoch.

    Args:
        trainer: The trainer.
        with_loss: The epochs in which a loss was logged.
        is_recorded: Whether anything was logged, so that there is a run.

    Returns:
        A sentence or two; `None` where there is nothing to say.
    """
    if trainer.state.fn != "fit" or not trainer.is_global_zero:
        return None
    every, batches, epoch = trainer.log_every_n_steps, trainer.num_training_batches, trainer.current_epoch
    if every <= batches or not epoch or epoch - 1 in with_loss:
        return None
    return (
        f"epoch {epoch} has no 'loss'{'' if is_recorded else ', and there is no run yet'}: an epoch has {batches} "
        f"batches, and Lightning logs once in {every} steps. Give Trainer(log_every_n_steps="
        f"{max(1, int(batches) // 2)}), or log the loss of epochs: self.log('train_loss', loss, on_epoch=True)."
    )
