"""What is drawn of one run: its curves, its batches, its pace. Pure; times are parameters."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from .facts import BATCH, done, epoch_numbers, logs_of, planned, seconds
from .series import LIMIT, Curve, Floats, keep, numbers

_MARKS = 1_000  # observations of a run's pace that are kept
_RECENT = 30  # of them, the pace now
_CHUNKS = 2_000  # ids of chunks of batches that are remembered


class Track:
    """The curves of one run, thinned to what can be seen.

    Attributes:
        curves: For each metric what is drawn of it; batches' metrics begin with `batch `.
        system: The newest document of `run-system`.
    """

    def __init__(self) -> None:
        self.curves: dict[str, Curve] = {}
        self.system: dict[str, Any] | None = None
        self._marks: list[tuple[int, float, float]] = []  # how many epochs there were, which one, when
        self._start = math.nan
        self._seen = math.nan
        self._batches: dict[str, tuple[Floats, int]] = {}
        self._chunks: deque[Any] = deque(maxlen=_CHUNKS)

    def update(self, document: Mapping[str, Any], now: float) -> None:
        """Draws a run's document.

        Args:
            document: The run as it is now.
            now: The time, in seconds since 1970.
        """
        logs = {str(metric): numbers(values) for metric, values in logs_of(document).items()}
        places = max((y.size for y in logs.values()), default=0)
        self._start = seconds(document.get("start"))
        self._mark(places, done(document), seconds(document.get("updatedAt")), now)
        x = np.array(epoch_numbers(document, places), dtype=np.float64)
        time = self._times(places)
        kept = {name: curve for name, curve in self.curves.items() if name.startswith(BATCH)}
        for metric, y in logs.items():
            index = keep(y)
            kept[metric] = Curve(metric, x[index], y[index], time[index], y.size)
        self.curves = kept

    def batches(self, document: Mapping[str, Any]) -> None:
        """Draws a chunk of batches, a document of `run-batches`; one that was drawn changes nothing."""
        if document.get("_id") in self._chunks:
            return
        self._chunks.append(document.get("_id"))
        steps, times = numbers(document.get("steps")), numbers(document.get("times"))
        for metric, values in logs_of(document).items():
            y = numbers(values)
            size = min(steps.size, times.size, y.size)
            new = np.stack((steps[:size], y[:size], times[:size]))[:, np.isfinite(y[:size])]
            known, total = self._batches.get(metric, (np.empty((3, 0)), 0))
            points = np.concatenate((known, new), axis=1)
            points = points[:, np.argsort(points[2], kind="stable")]  # chunks may come in any order
            if points.shape[1] > 2 * LIMIT:
                points = points[:, keep(points[1])]
            self._batches[metric] = points, total + new.shape[1]
            x, y, time = points[:, keep(points[1])]
            self.curves[f"{BATCH}{metric}"] = Curve(metric, x, y, time - self._start, total + new.shape[1])

    def eta(self, document: Mapping[str, Any], now: float) -> float | None:
        """The seconds until all planned epochs are there, by the pace of the last ones; `None` if nobody knows."""
        epochs = planned(document)
        if not self._marks or epochs is None:
            return None
        _, epoch, at = self._marks[-1]
        left = epochs - epoch
        earlier = self._marks[max(0, len(self._marks) - _RECENT)]
        if epoch > earlier[1] and at > earlier[2]:
            pace = (at - earlier[2]) / (epoch - earlier[1])
        elif epoch and at > self._start:  # just looked at: all that we know is when it began
            pace = (at - self._start) / epoch
        else:
            return None
        return max(0.0, left * pace - (now - self._seen)) if left > 0 else None

    def _mark(self, places: int, epoch: int, updated: float, now: float) -> None:
        """Remembers when an epoch came; by the backend's clock, else by ours."""
        while self._marks and self._marks[-1][0] > places:  # resumed further back
            self._marks.pop()
        if places and (not self._marks or self._marks[-1][0] < places):
            self._marks.append((places, epoch, now if math.isnan(updated) else updated))
            self._seen = now
        if len(self._marks) > _MARKS:
            del self._marks[1:-_RECENT:2]

    def _times(self, places: int) -> Floats:
        """When each epoch ended, in seconds since the start; those that nobody saw are spread evenly."""
        if not self._marks or math.isnan(self._start):
            return np.full(places, np.nan)
        seen, at = [0.0, *(float(mark[0]) for mark in self._marks)], [0.0, *(m[2] - self._start for m in self._marks)]
        times: Floats = np.maximum(0.0, np.interp(np.arange(1, places + 1), seen, at))
        return times
