"""The verbs of a Writer that tell people something."""

from __future__ import annotations

from ..alerts.verbs import Alerts
from .current import Current
from .settings import RunSettings


class Alerting:
    """A Writer that alerts people, by hand and by rules."""

    name: str
    settings: RunSettings
    _alerts: Alerts
    _current: Current

    def alert(self, title: str, text: str = "", level: str = "info") -> None:
        """Tells people something now: on dashboards, in the terminal, and by `$MARCELLE_WEBHOOK` if that is set.

        It is a document beside the run in the service `run-alerts`. When no run is open it is only shown.

        Args:
            title: What there is to say, in one line of up to 200 characters.
            text: More about it.
            level: `"info"`, `"warning"` or `"error"`.
        """
        if not self.settings.disabled:
            self._alerts.tell(self._current.run, self.name, title, text, level)

    def on_nan(self) -> None:
        """Alerts, once a run for each metric, when `save_epoch` gets NaN or infinity for it. For all runs to come."""
        self._alerts.on_nan()

    def on_plateau(self, metric: str, epochs: int, *, mode: str = "auto") -> None:
        """Alerts when a metric's best has not been beaten for so many epochs; again after it was beaten.

        Args:
            metric: The metric, as `save_epoch` gets it.
            epochs: After how many epochs without an improvement, at least 1.
            mode: `"max"` where more is better, `"min"` where less is, or `"auto"`: by the metric's name, such as
                `accuracy` or `val_loss`.

        Raises:
            InvalidData: When `epochs` is not a number of epochs, or when neither `mode` nor the name tells.
        """
        self._alerts.on_plateau(metric, epochs, mode)
