"""The numbers behind a drawn curve: which points are kept, and how they are smoothed. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .facts import best

Floats = npt.NDArray[np.float64]

LIMIT = 2_000
"""The maximum number of points of a curve that are kept and drawn."""


class Curve(NamedTuple):
    """What is drawn of one metric.

    Attributes:
        metric: The metric's name; of batches' the one without `BATCH`.
        x: The epoch or the batch of each point.
        y: The values, all finite.
        time: Seconds since the run's start, for each point; NaN where nobody knows.
        total: How many values the metric has; more than there are points if it was thinned.
    """

    metric: str
    x: Floats
    y: Floats
    time: Floats
    total: int

    @property
    def best(self) -> float | None:
        """The best value, which thinning keeps; `None` if there is none."""
        found = best(self.metric, self.y.tolist())
        return found and found.value


def numbers(values: Any) -> Floats:
    """A list from a document as an array; what is not a number is NaN."""
    if not isinstance(values, list):
        return np.empty(0)
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape != (len(values),):  # something in it is text or a list
        array = np.array([value if type(value) in (int, float) else np.nan for value in values], dtype=np.float64)
    return array


def keep(y: Floats, limit: int = LIMIT) -> npt.NDArray[np.intp]:
    """Which values to draw: those that are finite, and of a long curve the least and the greatest of each piece.

    Args:
        y: The values.
        limit: The maximum number to keep, at least 4.

    Returns:
        Their indices, in order; the first and the last finite value are among them.
    """
    finite: npt.NDArray[np.intp] = np.flatnonzero(np.isfinite(y))
    if finite.size <= limit:
        return finite
    width = -(-finite.size // (limit // 2 - 1))
    pieces = -(-finite.size // width)
    # The last piece is filled up with its last value.
    index = np.minimum(np.arange(pieces * width), finite.size - 1).reshape(pieces, width)
    values = y[finite][index]
    rows = np.arange(pieces)
    low, high = index[rows, values.argmin(axis=1)], index[rows, values.argmax(axis=1)]
    kept: npt.NDArray[np.intp] = finite[np.unique(np.concatenate(([0], low, high, [finite.size - 1])))]
    return kept


def smooth(y: Floats, weight: float) -> Floats:
    """An exponential moving average without its bias towards zero, as TensorBoard's scalars have it.

    Args:
        y: Finite values.
        weight: From 0 (as it is) to below 1: how much of what was before stays in each value.
    """
    if weight <= 0:
        return y
    smoothed = np.empty_like(y)
    last, left = 0.0, 1.0
    for place, value in enumerate(y.tolist()):
        last = last * weight + (1 - weight) * value
        left *= weight
        smoothed[place] = last / (1 - left)
    return smoothed
