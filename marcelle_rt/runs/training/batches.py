"""Batches: collects what batches log, and gives it out in chunks at a bounded rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from ...foreign import shown
from ...notices import Notices
from ...values import SAFE_INTEGER, number
from .metrics import Metrics

PAUSE = 0.5  # seconds between two chunks of a run, but for those at its end
MOST_POINTS = 100  # in a chunk
_MOST_NUMBERS = 3_000  # in a chunk: about 80 kB, which REST takes too


class Batches:
    """Collects points of batches until their chunk is due.

    Where more points come in than a chunk may hold, each second one is dropped and from then on only each
    second one taken, then each fourth, and so on: what stays are values that were logged, evenly spaced.

    Attributes:
        points: What was collected: the step, when it came, and its values.
    """

    def __init__(
        self, notices: Notices, rename: Mapping[str, str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepares it.

        Args:
            notices: What the user is told; nothing is raised for a value.
            rename: Names for metrics, as a dashboard wants them.
            clock: Seconds that only grow.
        """
        self._metrics = Metrics("save_batch", notices, rename)
        self._notices = notices
        self._clock = clock
        self.points: list[tuple[int, float, dict[str, float | int | None]]] = []
        self._came = 0
        self._stride = 1
        self._last_step = -1
        self._due = -math.inf  # the first point is a chunk of its own, so that it shows at once

    @property
    def is_due(self) -> bool:
        """Whether what was collected may be given out; where there is nothing, nobody needs to ask."""
        return self._clock() >= self._due

    def add(self, step: Any, logs: Any) -> None:
        """Collects what one batch logged."""
        came, self._came = self._came, self._came + 1
        if came % self._stride:
            return
        self._last_step = self._step(step)
        values = self._metrics.values(logs)
        self.points.append((self._last_step, time.time(), values))
        if len(self.points) > max(2, min(MOST_POINTS, _MOST_NUMBERS // (len(values) + 2)) - 1):
            del self.points[1::2]
            self._stride *= 2

    def take(self) -> dict[str, Any] | None:
        """Gives out what was collected.

        Returns:
            The fields of a chunk's document, or `None` when there is nothing.
        """
        points = self.points
        if not points:
            return None
        self.points, self._came, self._stride = [], 0, 1
        self._due = self._clock() + PAUSE
        names = dict.fromkeys(name for _, _, values in points for name in values)
        return {
            "steps": [step for step, _, _ in points],
            "times": [round(at, 3) for _, at, _ in points],
            "logs": {name: [values.get(name) for _, _, values in points] for name in names},
        }

    def _step(self, step: Any) -> int:
        if type(step) is int and -SAFE_INTEGER < step < SAFE_INTEGER:
            return step
        value = number(step)
        if value is None or value != int(value) or not -SAFE_INTEGER < value < SAFE_INTEGER:
            self._notices.warn("step", f"save_batch: {shown(step)} is not a batch; {self._last_step + 1} is taken.")
            return self._last_step + 1
        return int(value)
