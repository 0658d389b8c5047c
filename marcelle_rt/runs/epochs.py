"""Epochs are places: which place in the run's lists an epoch has, and what its logs become."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any

from ..notices import Notices
from ..values import SAFE_INTEGER, number, safe_key


class Epochs:
    """Gives each epoch number its place, and each metric its name.

    Attributes:
        planned: How many epochs are planned.
        resuming: The run goes on from its folder, and no epoch was saved since.
    """

    def __init__(self, notices: Notices, rename: Mapping[str, str]) -> None:
        self.planned = 0
        self.resuming = False
        self._notices = notices
        self._rename = rename
        self._places: dict[int, int] = {}
        self._highest = -1
        self._names: dict[Any, str] = {}

    def __len__(self) -> int:
        return len(self._places)

    def go_on_from(self, epochs: Iterable[int]) -> None:
        """Takes over the epochs that the run's folder has, one a place."""
        for place, epoch in enumerate(epochs):
            self._places.setdefault(epoch, place)
        self.resuming = True

    def cut_before(self, epoch: int) -> int:
        """Drops what a resumed run has from an epoch on, because the training repeats it.

        Returns:
            How many places stay.
        """
        self.resuming = False
        keep = min((place for number, place in self._places.items() if number >= epoch), default=len(self))
        self._places = {number: place for number, place in self._places.items() if place < keep}
        self._highest = max(self._places, default=-1)
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
            self._notices.warn("epochs", f"train_begin: {epochs!r} is no number of epochs; {self.planned} is taken.")
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
            self._notices.warn("epoch", f"save_epoch: {epoch!r} is no epoch; {self._highest + 1} is taken.")
            return self._highest + 1
        return int(value)

    def place(self, epoch: int) -> int:
        """The place of an epoch: the next one the first time, the same one again later."""
        place = self._places.get(epoch)
        if place is not None:
            self._notices.warn("again", f"Epoch {epoch} was saved again; its values were merged.")
            return place
        if epoch < self._highest:
            self._notices.warn(
                "order", f"Epoch {epoch} was saved after epoch {self._highest}; curves show them in that order."
            )
        else:
            self._highest = epoch
        place = self._places[epoch] = len(self._places)
        return place

    def values(self, logs: Any) -> dict[str, float | int | None]:
        """An epoch's logs as numbers, under names that a database takes."""
        values: dict[str, float | int | None] = {}
        names = self._names
        if not isinstance(logs, Mapping):
            self._notices.warn(
                "logs",
                f"save_epoch: logs was a {type(logs).__name__}; give a mapping like {{'loss': 3.14}}. None is stored.",
            )
            return values
        for key, value in logs.items():
            if type(value) is not float or not math.isfinite(value):
                value = self._number(key, value)
            name = names.get(key)
            values[name if name is not None else self._name(key, logs)] = value
        return values

    def _number(self, key: Any, value: Any) -> float | int | None:
        converted = number(value)
        if converted is None:
            kind = value if isinstance(value, (float, type(None))) else f"a {type(value).__name__}"
            self._notices.warn(
                "value", f"save_epoch: {key!r} was {kind}, which is no number; null is stored for it and its like."
            )
        return converted

    def _name(self, key: Any, logs: Mapping[str, Any]) -> str:
        wanted = self._rename.get(key, key) if isinstance(key, str) else key
        name = base = safe_key(str(wanted))
        count = 2
        while name in self._names.values() or (name != wanted and name in logs):
            name, count = f"{base}_{count}", count + 1
        if name != wanted:
            self._notices.warn(
                ("key", key), f"save_epoch: the metric {key!r} is stored as {name!r} (no '.' and no leading '$')."
            )
        self._names[key] = name
        return name
