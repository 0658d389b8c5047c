"""Which epochs of a Keras training are better than all before, by one metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..notices import Notices
from ..runs.training.metrics import direction
from ..values import number


class Best:
    """The best value so far of the metric that a callback monitors.

    Args:
        monitor: The metric's name in the logs.
        mode: `"min"`, `"max"`, or `"auto"`: as Keras knows it of the metric, or else by the metric's name.
        notices: What the user is told.
    """

    def __init__(self, monitor: str, mode: str, notices: Notices) -> None:
        self._monitor = monitor
        self._mode = mode
        self._notices = notices
        self._value: float | int | None = None

    def is_beaten(self, logs: Mapping[str, Any], model: Any) -> bool:
        """Whether an epoch is better than all before it, which it has to be compared with from here on.

        Args:
            logs: The epoch's.
            model: What is trained.
        """
        value = number(logs.get(self._monitor))
        if value is None:
            if self._monitor not in logs:  # NaN is no better than anything, and nothing to speak of
                self._notices.warn(
                    "monitor",
                    f"save_best_only: the logs have no {self._monitor!r} (they have {', '.join(map(repr, logs))}), so "
                    "no checkpoint is saved; set `monitor`.",
                )
            return False
        better = self.direction(model)
        if better is None:
            self._notices.warn(
                "mode",
                f"save_best_only: nothing tells whether more or less of {self._monitor!r} is better, so no checkpoint "
                "is saved; set `mode` to 'max' or 'min'.",
            )
            return False
        if self._value is None or (value > self._value if better == "up" else value < self._value):
            self._value = value
            return True
        return False

    def direction(self, model: Any) -> str | None:
        """Where the metric gets better, `"up"` or `"down"`: as Keras 3 knows it of the metric itself, else by its name.

        Args:
            model: What is trained.
        """
        if self._mode != "auto":
            return direction(self._monitor, self._mode)
        name = self._monitor.removeprefix("val_")
        if name == "loss":
            return "down"
        for metric in getattr(model, "metrics", None) or []:
            for part in (metric, *(getattr(metric, "metrics", None) or [])):
                known = getattr(part, "_direction", None) if getattr(part, "name", None) == name else None
                if known in ("up", "down"):
                    return str(known)
        return direction(name)
