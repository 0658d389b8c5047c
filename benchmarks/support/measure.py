"""What the benchmarks share: medians, and one line that says whether a promise is kept."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def verdict(question: str, measured: float, promised: float, unit: str = "x") -> bool:
    """Prints one line: what was measured, what is promised, and whether it is kept.

    Args:
        question: What was measured.
        measured: The figure; less is better.
        promised: The most that it may be.
        unit: Of both; a ratio's is `x`.

    Returns:
        Whether the promise is kept.
    """
    kept = measured <= promised
    word = "KEPT" if kept else "MISSED"
    print(f"{word}: {question}: {measured:.2f}{unit}, promised at most {promised:g}{unit}")
    return kept


def micros(seconds: Sequence[float]) -> float:
    """The median of durations in seconds, in microseconds."""
    return statistics.median(seconds) * 1e6
