"""Curves as an SVG image, for where nothing can move. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...foreign import as_html
from ..series import Floats, keep

WIDTH, HEIGHT = 820, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 16, 44
_POINTS = 400  # of a curve; an image has no room for more
GREY = "#808080"  # to be read on white and on black
_DASHES = {"solid": "", "dash": "7 4", "dot": "2 3", "dashdot": "7 3 2 3"}
_TICKS = 6
_LEGEND = 18  # pixels a line


class Line(NamedTuple):
    """A curve: `x` and `y` are finite and equally long."""

    name: str
    x: Floats
    y: Floats
    color: str
    dash: str = "solid"


def svg(lines: Sequence[Line], x_title: str, y_title: str, log: bool = False) -> str:
    """Draws curves with axes and a legend.

    Args:
        lines: The curves.
        x_title: Of the axis below.
        y_title: Of the axis at the side.
        log: Whether that is logarithmic; values that are not positive are left out then.
    """
    kept = [_kept(line, log) for line in lines]
    height = HEIGHT + _LEGEND * len(lines)
    x = _Axis([line.x for line in kept], _LEFT, WIDTH - _RIGHT)
    y = _Axis([line.y for line in kept], HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="12" fill="{GREY}">'
    ]
    for at, value in y.ticks():
        label = f"{10**value:.3g}" if log else f"{value:.4g}"
        parts.append(f'<path d="M{_LEFT} {at:.1f}H{WIDTH - _RIGHT}" stroke="{GREY}" stroke-opacity=".3"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    for at, value in x.ticks():
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle">{value:.6g}</text>')
    parts.append(f'<text x="{WIDTH // 2}" y="{HEIGHT - 8}" text-anchor="middle">{as_html(x_title)}</text>')
    middle = (HEIGHT - _BOTTOM) // 2
    parts.append(f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{as_html(y_title)}</text>')
    for number, line in enumerate(kept):
        stroke = f'stroke="{as_html(line.color)}" stroke-width="2" stroke-dasharray="{_DASHES.get(line.dash, "")}"'
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.at(line.x), y.at(line.y), strict=True))
        if line.x.size == 1:  # a line of one point would not be seen
            parts.append(f'<circle cx="{x.at(line.x)[0]:.1f}" cy="{y.at(line.y)[0]:.1f}" r="3" fill="{line.color}"/>')
        parts.append(f'<polyline fill="none" points="{points}" {stroke}/>')
        top = HEIGHT + _LEGEND * number
        parts.append(f'<path d="M{_LEFT} {top + 4}h28" {stroke}/>')
        parts.append(f'<text x="{_LEFT + 36}" y="{top + 8}">{as_html(line.name)}</text>')
    return "".join([*parts, "</svg>"])


def _kept(line: Line, log: bool) -> Line:
    x, y = line.x, line.y
    if log:
        x, y = x[y > 0], np.log10(y[y > 0])
    index = keep(np.where(np.isfinite(x), y, np.nan), _POINTS)
    return line._replace(x=x[index], y=y[index])


class _Axis:
    """From values to pixels."""

    def __init__(self, values: Sequence[Floats], start: float, end: float) -> None:
        known = np.concatenate(values) if values else np.empty(0)
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        if low == high:
            low, high = low - 0.5, high + 0.5
        self._low, self._high, self._start, self._end = low, high, start, end

    def at(self, values: Floats) -> Floats:
        return self._start + (values - self._low) / (self._high - self._low) * (self._end - self._start)

    def ticks(self) -> list[tuple[float, float]]:
        """Round values on the axis, and where they are."""
        rough = (self._high - self._low) / _TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
        first = math.ceil(self._low / step)
        values = np.array([n * step for n in range(first, math.floor(self._high / step) + 1)])
        return list(zip(self.at(values).tolist(), values.tolist(), strict=True))
