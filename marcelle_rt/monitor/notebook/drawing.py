"""Which curves are drawn, in which colors and over which axis, by what a person has chosen. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...foreign import clean
from ..board import Row
from ..facts import BATCH
from ..series import Curve, smooth
from .svg import Line

PALETTE = (
    "#3b82f6",
    "#f97316",
    "#0c8074",
    "#ad24ba",
    "#c22525",
    "#a8a29e",
    "#06b6d4",
    "#4f46e5",
    "#d946ef",
    "#e11d48",
)
"""Colors that can be told apart on white and on black, the first six also by people who see fewer colors."""

_DASHES = ("solid", "dash", "dot", "dashdot")
_UNITS = ((7_200.0, 3_600.0, "h"), (180.0, 60.0, "min"), (0.0, 1.0, "s"))


@dataclass
class Choices:
    """What a person has chosen to see.

    Attributes:
        metrics: Those that are drawn; `None` for the first one and what belongs to it.
        log: A logarithmic axis.
        smoothing: From 0 to below 1, as `series.smooth` takes it.
        by_time: Over the time since each run's start, and not over epochs.
    """

    metrics: tuple[str, ...] | None = None
    log: bool = False
    smoothing: float = 0.0
    by_time: bool = False

    def drawn(self, metrics: Sequence[str]) -> list[str]:
        """Which of these metrics are drawn."""
        if self.metrics is None:
            return [name for name in metrics if name in (metrics[0], f"val_{metrics[0]}")]
        return [name for name in metrics if name in self.metrics]


class Colors:
    """A color for each run, which stays the run's own as long as it is shown."""

    def __init__(self) -> None:
        self.of: dict[Any, str] = {}

    def assign(self, ids: Sequence[Any]) -> None:
        """Gives colors to runs, and takes back those of others."""
        self.of = {key: color for key, color in self.of.items() if key in ids}
        for key in ids:
            if key not in self.of:
                used = list(self.of.values())
                self.of[key] = min(PALETTE, key=used.count)


class Drawing(NamedTuple):
    """Curves by the ids of their run and their metric, and what is written at the axes."""

    lines: dict[tuple[Any, str], Line]
    x_title: str
    y_title: str


class Painter:
    """Draws rows; a curve that is as it was is not smoothed again but given as the same object."""

    def __init__(self) -> None:
        self._before: dict[tuple[Any, str], tuple[Any, Line]] = {}

    def draw(self, rows: Sequence[Row], metrics: Sequence[str], choices: Choices, colors: Colors) -> Drawing:
        """Draws the rows' curves of these metrics."""
        scale, unit = _unit(rows, metrics) if choices.by_time else (1.0, "")
        painted: dict[tuple[Any, str], tuple[Any, Line]] = {}
        for row in rows:
            for place, metric in enumerate(metrics):
                if (curve := row.curves.get(metric)) is None:
                    continue
                key = row.entry.id, metric
                name = clean(row.entry.name if len(metrics) == 1 else f"{row.entry.name} {metric}", 60)
                dash, color = _DASHES[place % len(_DASHES)], colors.of[row.entry.id]
                made_of = (curve, scale, choices.by_time, choices.smoothing, name, dash, color)
                before = self._before.get(key)
                if before is not None and _same(before[0], made_of):
                    painted[key] = before
                else:
                    x, y = _points(curve, choices, scale)
                    painted[key] = made_of, Line(name, x, y, color, dash)
        self._before = painted
        kinds = {"batch" if metric.startswith(BATCH) else "epoch" for metric in metrics} or {"epoch"}
        x_title = f"time ({unit})" if choices.by_time else " / ".join(sorted(kinds, reverse=True))
        return Drawing({key: line for key, (_, line) in painted.items()}, x_title, ", ".join(metrics))


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return one[0] is other[0] and one[1:] == other[1:]


def _points(curve: Curve, choices: Choices, scale: float) -> tuple[Any, Any]:
    y = smooth(curve.y, choices.smoothing)
    if not choices.by_time:
        return curve.x, y
    known = np.isfinite(curve.time)
    return curve.time[known] / scale, y[known]


def _unit(rows: Sequence[Row], metrics: Sequence[str]) -> tuple[float, str]:
    """The unit that times are read in: its seconds, and its name."""
    times = [row.curves[name].time for row in rows for name in metrics if name in row.curves]
    longest = max((float(np.nanmax(t)) for t in times if np.isfinite(t).any()), default=0.0)
    return next((scale, name) for least, scale, name in _UNITS if longest >= least)
