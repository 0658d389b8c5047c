"""Epochs are places: which place in the run's lists an epoch has."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...notices import Notices
from ...values import SAFE_INTEGER, number
from .metrics import Metrics


class Epochs:
    """Gives each epoch number its place.

    Attributes:
        planned: How many epochs are planned.
        values: An epoch's logs as numbers, under names that a database takes.
    """

    def __init__(self, notices: Notices, rename: Mapping[str, str]) -> None:
        self.planned = 0
        self.values = Metrics("save_epoch", notices, rename).values
        self._notices = notices
        self._places = Places()
        self._highest = -1

    def __len__(self) -> int:
        return len(self._places)

    @property
    def status(self) -> str:
        """The status of the run, as long as it has not ended."""
        return "epoch" if len(self) else "start" if self.planned else "idle"

    @property
    def last(self) -> int | None:
        """The epoch that has the last place, or `None` where there is none."""
        return self._places.last

    @property
    def highest(self) -> int | None:
        """The highest number that an epoch has, or `None` where there is none."""
        return self._highest if len(self._places) else None

    def go_on_from(self, epochs: Iterable[int]) -> None:
        """Takes over the epochs that the run's folder has, one a place."""
        for epoch in epochs:
            self._places.add(epoch)

    def cut_before(self, epoch: int) -> int:
        """Drops what a resumed run has from an epoch on, because the training repeats it.

        Returns:
            How many places stay.
        """
        kept = list(itertools.takewhile(lambda number: number < epoch, self._places))
        keep = len(kept)
        self._places = Places(kept)
        self._highest = max(kept, default=-1)
        return keep

    def count(self, epochs: Any) -> int:
        """The planned number of epochs, as a number."""
        try:
            self.planned = max(0, operator.index(epochs))
            if self.planned >= SAFE_INTEGER:
                raise TypeError
        except TypeError:
            planned = number(epochs)
            self.planned = int(planned) if planned is not None and 0 <= planned < SAFE_INTEGER else 0
            self._notices.warn("epochs", f"train_begin: {epochs!r} is not a number of epochs; {self.planned} is taken.")
        return self.planned

    def number(self, epoch: Any) -> int:
        """An epoch's number, whatever was given for one."""
        if type(epoch) is int and -SAFE_INTEGER < epoch < SAFE_INTEGER:
            return epoch
        try:
            value: float | int | None = operator.index(epoch)
        except TypeError:
            value = number(epoch)
        if value is None or value != int(value) or not -SAFE_INTEGER < value < SAFE_INTEGER:
            self._notices.warn("epoch", f"save_epoch: {epoch!r} is not an epoch; {self._highest + 1} is taken.")
            return self._highest + 1
        return int(value)

    def place(self, epoch: int) -> int:
        """The place of an epoch: the next one the first time, the same one again later."""
        if epoch > self._highest:
            self._highest = epoch
            return self._places.add(epoch)
        place = self._places.find(epoch)
        if place is not None:
            self._notices.warn("again", f"Epoch {epoch} was saved again; its values were merged.")
            return place
        self._notices.warn(
            "order", f"Epoch {epoch} was saved after epoch {self._highest}; curves show them in that order."
        )
        return self._places.add(epoch)


class Places:
    """The epochs' numbers in the order of their places, as stretches that are evenly apart: memory does not grow."""

    def __init__(self, epochs: Iterable[int] = ()) -> None:
        self._stretches: list[range] = []
        self._count = 0
        self._next: int | None = None  # the number that would go on with the last stretch
        for epoch in epochs:
            self.add(epoch)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        for stretch in self._stretches:
            yield from stretch

    @property
    def last(self) -> int | None:
        """The number that has the last place, or `None` where there is none."""
        return self._stretches[-1][-1] if self._stretches else None

    def add(self, epoch: int) -> int:
        """Gives a number the next place, and returns that."""
        stretches = self._stretches
        if epoch == self._next:
            last = stretches[-1]
            stretches[-1] = range(last.start, epoch + last.step, last.step)
            self._next = epoch + last.step
        elif stretches and len(stretches[-1]) == 1 and epoch != stretches[-1].start:
            first = stretches[-1].start
            step = epoch - first
            stretches[-1] = range(first, epoch + step, step)
            self._next = epoch + step
        else:
            stretches.append(range(epoch, epoch + 1))
            self._next = epoch + 1
        self._count += 1
        return self._count - 1

    def find(self, epoch: int) -> int | None:
        """The first place of a number, or `None` if it has none."""
        place = 0
        for stretch in self._stretches:
            if epoch in stretch:
                return place + stretch.index(epoch)
            place += len(stretch)
        return None
