"""Epochs are places: which place in the run's lists an epoch has."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...foreign import pass_interrupt, shown
from ...notices import Notices
from ...values import SAFE_INTEGER, number
from ..document.numbering import Numbering
from .metrics import Metrics


class Epochs:
    """Gives each epoch number its place.

    Attributes:
        planned: How many epochs are planned.
        fractions: The numbers that are not whole, by their places.
        values: An epoch's logs as numbers, under names that a database takes.
    """

    def __init__(self, notices: Notices, rename: Mapping[str, str]) -> None:
        self.planned: int = 0
        self.fractions: dict[int, float] = {}
        self.values: Callable[[Any], dict[str, float | int | None]] = Metrics("save_epoch", notices, rename).values
        self._notices = notices
        self._places = Numbering()
        self._highest = -1
        self._strays: set[int] = set()  # places of what was no epoch's number: nothing is merged into them

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

    def go_on_from(self, epochs: Iterable[int], planned: Any, fractions: Mapping[int, float]) -> None:
        """Takes over what the run's folder has.

        Args:
            epochs: The epochs, one a place.
            planned: How many were planned; a folder of somebody else's may have anything there.
            fractions: The numbers that are not whole, by their places.
        """
        self.fractions = dict(fractions)
        self._strays = set(fractions)
        self.planned = planned if type(planned) is int and 0 < planned < SAFE_INTEGER else 0
        for epoch in epochs:
            self._places.add(epoch)

    def cut_before(self, epoch: float) -> int:
        """Drops what a resumed run has from an epoch on, because the training repeats it.

        Returns:
            How many places stay.
        """
        at = self.fractions
        numbers = itertools.takewhile(lambda numbered: at.get(*numbered) < epoch, enumerate(self._places))
        kept = [number for _, number in numbers]
        keep = len(kept)
        self._places = Numbering(kept)
        self._strays = {place for place in self._strays if place < keep}
        self.fractions = {place: number for place, number in at.items() if place < keep}
        self._highest = max(kept, default=-1)
        return keep

    def count(self, epochs: Any) -> int:
        """The planned number of epochs, as a number."""
        try:
            self.planned = max(0, operator.index(epochs))
            if self.planned >= SAFE_INTEGER:
                raise TypeError
        except BaseException as error:  # as below
            pass_interrupt(error)
            planned = number(epochs)
            self.planned = int(planned) if planned is not None and 0 <= planned < SAFE_INTEGER else 0
            self._notices.warn(
                "epochs", f"train_begin: {shown(epochs)} is not a number of epochs; {self.planned} is taken."
            )
        return self.planned

    def number(self, epoch: Any) -> int:
        """An epoch's number, whatever was given for one."""
        whole = _whole(epoch)
        return whole if whole is not None else self._instead(epoch)

    def point(self, epoch: Any) -> float:
        """Where an epoch lies among the run's: its number, or the fraction that was given for one."""
        whole = _whole(epoch)
        return whole if whole is not None else (_fraction(epoch) or self._instead(epoch))

    def take(self, epoch: Any, *, merge: bool = False) -> tuple[int, int]:
        """An epoch's number and its place: the next one the first time, the same one again later.

        What is not an epoch's number gets a place of its own: merged with another epoch's, curves would be wrong.

        Args:
            epoch: The number, whatever was given for one.
            merge: The epoch is saved in pieces, so that there is nothing to say when it comes again.
        """
        number = _whole(epoch)
        if number is None:
            number = self._instead(epoch)
            place = self._places.add(number)
            self._strays.add(place)
            if (fraction := _fraction(epoch)) is not None:
                self.fractions[place] = fraction
            return number, place
        if number > self._highest:
            self._highest = number
            return number, self._places.add(number)
        place = next((place for place in self._places.places(number) if place not in self._strays), -1)
        if place >= 0:
            if not merge:
                self._notices.warn("again", f"Epoch {number} was saved again; its values were merged.")
            return number, place
        self._notices.warn(
            "order", f"Epoch {number} was saved after epoch {self._highest}; curves show them in that order."
        )
        return number, self._places.add(number)

    def _instead(self, epoch: Any) -> int:
        value = number(epoch)
        if (fraction := _fraction(epoch)) is not None:
            instead = int(fraction)
            kind = "fraction"
            text = f"save_epoch: {shown(epoch)} is not a whole epoch; it is kept as another epoch {instead}."
        else:
            instead = max(self._highest, self.last if self.last is not None else -1) + 1
            kind = type(epoch).__name__ if value is None else "negative" if value < 0 else "too large"
            text = f"save_epoch: {shown(epoch)} is not an epoch; {instead} is taken."
        self._notices.warn(("epoch", kind), text)
        return instead


def _whole(epoch: Any) -> int | None:
    """The epoch's number that was given; `None` for what is not one."""
    if type(epoch) is int:
        return epoch if 0 <= epoch < SAFE_INTEGER else None
    try:
        value: float | int | None = operator.index(epoch)
    except BaseException as error:  # what has no `__index__`; an object's own may raise what it likes
        pass_interrupt(error)
        value = number(epoch)
    return int(value) if value is not None and 0 <= value < SAFE_INTEGER and value == int(value) else None


def _fraction(epoch: Any) -> float | None:
    """The epoch's number that was given, where it is one that is not whole."""
    value = number(epoch)
    return value if isinstance(value, float) and 0 <= value < SAFE_INTEGER else None
