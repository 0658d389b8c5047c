"""The verbs of a Writer that tell people something."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, Protocol

from ...errors import InvalidData
from ...notices import Notices
from ..training.metrics import checked_mode, direction
from . import alert as alerts
from .rules import NanRule, PlateauRule


class Alerted(Protocol):
    """A run that alerts belong to."""

    @property
    def is_open(self) -> bool:
        """Whether it takes alerts."""

    def record_alert(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Writes an alert, sends it on, and returns its document."""


class Alerts:
    """A Writer's alerts, by hand and by rules.

    Args:
        notices: What the user is told.

    Attributes:
        rules: What looks at each epoch.
    """

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self.rules: list[NanRule | PlateauRule] = []

    def tell(self, run: Alerted | None, name: str, title: Any, text: Any, level: Any) -> None:
        """Shows an alert, and records it where a run is open.

        Args:
            run: The run.
            name: Whose alert it is where no run is open.
            title: One line.
            text: More about it.
            level: `"info"`, `"warning"` or `"error"`.
        """
        fields = alerts.make(title, text, level, self._notices)
        if run is None or not run.is_open:
            self._notices.warn("alert", "alert was called while no run is open, so it is shown and not kept.")
            alerts.show({"run": name, "epoch": None, **fields})
            return
        alerts.show(run.record_alert(fields))

    def on_nan(self) -> None:
        """Watches for NaN and infinities from now on."""
        if not any(isinstance(rule, NanRule) for rule in self.rules):
            self.rules.append(NanRule())

    def on_plateau(self, metric: str, epochs: int, mode: str) -> None:
        """Watches a metric for so many epochs without an improvement.

        Raises:
            InvalidData: When `epochs` is not a number of epochs, `mode` is unknown, or nothing tells which values of
                the metric are better.
        """
        try:
            count = operator.index(epochs)
        except TypeError:
            count = 0
        if count < 1:
            raise InvalidData("epochs", epochs, "is not a number of epochs; use 1 or more")
        self.rules.append(PlateauRule(metric, count, grows=_grows(metric, mode)))

    def start(self) -> None:
        """A new run begins."""
        for rule in self.rules:
            rule.start()

    def look(self, run: Alerted, name: str, epoch: int, logs: Any) -> None:
        """Looks at what an epoch logged, as it was given."""
        if isinstance(logs, Mapping):
            for rule in self.rules:
                for alarm in rule.look(epoch, logs):
                    self.tell(run, name, *alarm)


def _grows(metric: str, mode: str) -> bool:
    known = direction(metric, checked_mode(mode))
    if known is None:
        reason = "has a name that doesn't tell whether more is better; give mode='max' or 'min'"
        raise InvalidData("metric", metric, reason)
    return known == "up"
