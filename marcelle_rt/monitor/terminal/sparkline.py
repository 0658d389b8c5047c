"""A curve in one line of text. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = "_.-~=*^#"
_GAP = " "


def sparkline(values: Sequence[float | None], width: int, ascii: bool = False) -> str:
    """Draws a curve as a row of characters, a higher one for a greater value.

    Args:
        values: The curve; `None`, NaN and infinities leave a gap.
        width: The maximum number of characters. A longer curve is drawn as the means of equally long pieces.
        ascii: Draw with ASCII characters, where a terminal shows no others.

    Returns:
        One character a value, or `width` characters; empty where the curve has no number at all. A curve
        that never changes is drawn at the middle.
    """
    columns = min(width, len(values))
    points = [_mean(values[_at(n, columns, values) : _at(n + 1, columns, values)]) for n in range(columns)]
    numbers = [point for point in points if point is not None]
    if not numbers:
        return ""
    levels = _ASCII if ascii else _BLOCKS
    low, high = min(numbers), max(numbers)
    return "".join(_GAP if point is None else levels[_level(point, low, high, len(levels))] for point in points)


def _at(column: int, columns: int, values: Sequence[float | None]) -> int:
    return column * len(values) // columns


def _mean(piece: Sequence[float | None]) -> float | None:
    numbers = [value for value in piece if value is not None and math.isfinite(value)]
    # Divided before they are added up, so that the largest floats don't overflow.
    return sum(number / len(numbers) for number in numbers) if numbers else None


def _level(value: float, low: float, high: float, levels: int) -> int:
    # Halved, because the range of the largest floats is greater than any float.
    span = high / 2 - low / 2
    if span == 0:
        return (levels - 1) // 2
    return min(levels - 1, int((value / 2 - low / 2) / span * levels))
