"""The verbs of a Writer by which a loop hears what people ask of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..document.commands import Command
from ..training.steering import Refused, Setter
from .current import Current

_NONE: Mapping[str, Setter] = {}


class Steered:
    """A writer whose run can be asked for something while it goes on."""

    model: Any
    disk_save_format: str
    _current: Current
    _weights_only: bool

    def commands(
        self, set: Mapping[str, Setter] | None = None, checkpoint: Callable[[], object] | None = None
    ) -> list[Command]:
        """Does what pages, notebooks and `marcelle-rt stop` ask of the run; call it in the loop, as often as you like.

        From the first call on the run listens, and its document says so. A stop is for the loop to do: then
        `stopped` is true. A checkpoint is saved and values are set in the call itself, and whoever asked is told what
        came of it. It waits for no network, and raises nothing: what a setter raises, its asker reads.

        Args:
            set: For each name that people may set a function that takes the value: a number, a text or a bool.
                Check it there: whatever the function raises is the answer.
            checkpoint: Saves the model; by default as `save_checkpoint` does, where the run has a model.

        Returns:
            What was asked since the last call, mostly nothing; each has a `name` (`"stop"`, `"checkpoint"` or
            `"set"`) and `params`.

        Example:
            >>> for epoch in range(100):
            ...     writer.save_epoch(epoch, logs={"loss": train()})
            ...     writer.commands(set={"learning_rate": set_learning_rate})
            ...     if writer.stopped:
            ...         break
        """
        run = self._current.open
        if run is None:
            return []
        if checkpoint is None and self.model is not None:
            checkpoint = self._save_as_asked
        return run.commands.take(_NONE if set is None else set, checkpoint)

    @property
    def stopped(self) -> bool:
        """Whether somebody has asked the run to stop, as `commands` has found out. Then end the loop and the run."""
        return self._current.run is not None and self._current.run.commands.is_stopped

    def _save_as_asked(self) -> None:
        run = self._current.open
        last = run.epochs.last if run is not None and not run.is_undecided else None
        self.save_asked("asked" if last is None else last)

    def save_asked(self, epoch: int | str) -> None:
        """Saves the model because somebody asked for it; for adapters of frameworks.

        Args:
            epoch: As `save_checkpoint` takes it.

        Raises:
            Refused: It could not be saved.
        """
        run = self._current.open
        own = not self._weights_only
        if run is None or not run.files.save_checkpoint(
            self.model, epoch, self.disk_save_format, None, with_optimizer=own
        ):
            raise Refused("the checkpoint could not be saved; the training's own output says why")
