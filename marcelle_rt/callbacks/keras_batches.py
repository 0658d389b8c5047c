"""The batches of a Keras training: which one this is, and whether an epoch has all of its own."""

from __future__ import annotations


class Batches:
    """Counts batches from 1, through the whole training."""

    def __init__(self) -> None:
        self.begin(None)

    def begin(self, steps: int | None) -> None:
        """A training begins.

        Args:
            steps: How many batches an epoch has; `None` where nobody knows, as in the first epoch of a generator.
        """
        self._steps = steps
        self._before: int | None = None  # those of the epochs before; unknown before the training's first epoch
        self._count = 0
        self._is_left = False

    def begin_epoch(self, number: int) -> None:
        """An epoch begins, before which the run has so many."""
        if self._before is None:
            self._before = number * (self._steps or 0)
        self._count = 0

    @property
    def step(self) -> int:
        """The newest batch's number."""
        return (self._before or 0) + self._count

    def end(self, batch: int) -> int:
        """A batch has ended, or several that were one execution.

        Args:
            batch: The last one's place in its epoch, from 0.

        Returns:
            The number of the one before them.
        """
        last = self.step
        self._count = batch + 1
        return last

    def leave(self) -> None:
        """Somebody has stopped the training: this batch is its last."""
        self._is_left = True

    def end_epoch(self) -> bool:
        """Ends the epoch.

        Returns:
            Whether it was left before it had all its batches. What nobody knows the length of is not taken for whole.
        """
        count, self._count = self._count, 0
        self._before = (self._before or 0) + count
        if self._is_left and (self._steps is None or count < self._steps):
            return True
        self._steps = count
        return False
