"""Alerting: the verbs of a Writer that tell people something."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from ...errors import InvalidData
from ...notices import Notices
from ..recording import Recording
from . import alert as alerts
from .rules import NanRule, PlateauRule


class Alerting:
    """Alerts by hand and by rules. A part of `Writer`, not to be made alone."""

    name: str
    notices: Notices
    _disabled: bool
    _recording: Recording | None

    def __init__(self) -> None:
        self._rules: list[NanRule | PlateauRule] = []

    def alert(self, title: str, text: str = "", level: str = "info") -> None:
        """Tells people something now: on dashboards, in the terminal, and by `$MARCELLE_WEBHOOK` if that is set.

        It is a document beside the run in the service `run-alerts`. When no run is open it is only shown.

        Args:
            title: What there is to say, in one line of up to 200 characters.
            text: More about it.
            level: `"info"`, `"warning"` or `"error"`.
        """
        if self._disabled:
            return
        fields = alerts.make(title, text, level, self.notices)
        run = self._recording
        if run is None or not run.is_open:
            self.notices.warn("alert", "alert was called while no run is open, so it is shown and not kept.")
            alerts.show({"run": self.name, "epoch": None, **fields})
            return
        alerts.show(run.record_alert(fields))

    def on_nan(self) -> None:
        """Alerts, once a run for each metric, when `save_epoch` gets NaN or infinity for it. For all runs to come."""
        if not any(isinstance(rule, NanRule) for rule in self._rules):
            self._rules.append(NanRule())

    def on_plateau(self, metric: str, epochs: int) -> None:
        """Alerts when a metric's best has not been beaten for so many epochs; again after it was beaten.

        Whether more is better is told by the metric's name: it is for `accuracy`, and is not for `loss`.

        Args:
            metric: The metric, as `save_epoch` gets it.
            epochs: After how many epochs without an improvement, at least 1.

        Raises:
            InvalidData: When `epochs` is no number of epochs.
        """
        try:
            count = operator.index(epochs)
        except TypeError:
            count = 0
        if count < 1:
            raise InvalidData("epochs", epochs, "is no number of epochs; use 1 or more")
        self._rules.append(PlateauRule(metric, count))

    def _start_rules(self) -> None:
        for rule in self._rules:
            rule.start()

    def _look(self, epoch: int, logs: Any) -> None:
        if isinstance(logs, Mapping):
            for rule in self._rules:
                for alarm in rule.look(epoch, logs):
                    self.alert(*alarm)
