"""Rules that look at each epoch and tell when something deserves an alert. Pure: no I/O, no clock, no thread."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from ...values import measured


class Alarm(NamedTuple):
    """What a rule has to say."""

    title: str
    text: str
    level: str


class NanRule:
    """Tells of each metric once, when it is NaN or infinite for the first time in a run."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def start(self) -> None:
        """A new run begins."""
        self._told.clear()

    def look(self, epoch: int, logs: Mapping[Any, Any]) -> list[Alarm]:
        """Looks at an epoch's logs, as they were given."""
        alarms = []
        for name, value in logs.items():
            if type(value) is not float:
                value = measured(value)
            if value is None or math.isfinite(value) or name in self._told:
                continue
            self._told.add(name)
            kind = "NaN" if math.isnan(value) else "infinite"
            alarms.append(Alarm(f"{name} is {kind}", "", "error"))
        return alarms


class PlateauRule:
    """Tells when a metric's best has not been beaten for so many epochs; once, until it is beaten again."""

    def __init__(self, metric: str, epochs: int, *, grows: bool) -> None:
        self.metric = metric
        self.epochs = epochs
        self._grows = grows
        self.start()

    def start(self) -> None:
        """A new run begins."""
        self._best: float | None = None
        self._best_epoch = 0
        self._since = 0

    def look(self, epoch: int, logs: Mapping[Any, Any]) -> list[Alarm]:
        """Looks at an epoch's logs, as they were given; an epoch without the metric does not count."""
        if self.metric not in logs:
            return []
        value = measured(logs[self.metric])
        if value is not None and math.isfinite(value) and self._is_better(value):
            self._best, self._best_epoch, self._since = value, epoch, 0
            return []
        self._since += 1
        if self._since != self.epochs:
            return []
        best = "It never was a number."
        if self._best is not None:
            best = f"Its best is {self._best:g} of epoch {self._best_epoch}."
        title = f"{self.metric} has not improved for {self.epochs} epochs"
        return [Alarm(title, best, "warning")]

    def _is_better(self, value: float) -> bool:
        if self._best is None:
            return True
        return value > self._best if self._grows else value < self._best
