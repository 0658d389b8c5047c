"""What runs are sorted by, and what a table has of them: fields, parameters, and the best of metrics. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...foreign import clean
from ...monitor import facts, text
from ...runs.training.metrics import grows
from .filters import values_of

_DOWN = ("start", "took", "epoch")
"""What is sorted from the greatest down."""


def value_of(run: Mapping[str, Any], name: str, now: dt.datetime) -> Any:
    """What a run has in a column; `None` where it has nothing."""
    if name == "took":
        return facts.seconds_of(run, now)
    values = values_of(run, name)
    if name in ("tags", "tag"):
        return ", ".join(values) or None
    return values[0] if values else None


def text_of(run: Mapping[str, Any], name: str, now: dt.datetime) -> str:
    """What a column shows of a run."""
    value = value_of(run, name, now)
    if value is None:
        return "-"
    if name == "took":
        return text.duration(value)
    return clean(text.number(value) if is_metric(run, name) else text.short(value))


def title(name: str, runs: Iterable[Mapping[str, Any]]) -> str:
    """A column's head: of a metric it is the best value."""
    return f"best {name}" if any(is_metric(run, name) for run in runs) else name.removeprefix("params.")


def is_metric(run: Mapping[str, Any], name: str) -> bool:
    """Whether a column's value in a run is that of a metric, and not of a parameter of that name."""
    parameter = name.removeprefix("params.")
    return name in facts.logs_of(run) and parameter not in facts.flat(run.get("params"))


def in_order(runs: Sequence[Mapping[str, Any]], name: str, reverse: bool, now: dt.datetime) -> list[Mapping[str, Any]]:
    """Runs by a column, the best, the newest or the longest first; those that have nothing there come last.

    Args:
        runs: The runs, the newest first.
        name: The column.
        reverse: The other way round.
        now: The time.
    """
    ranked = [(_rank(value_of(run, name, now)), run) for run in runs]
    with_value = [(rank, run) for rank, run in ranked if rank is not None]
    metric = any(is_metric(run, name) for run in runs)
    down = grows(name) if metric else name in _DOWN
    with_value.sort(key=lambda pair: pair[0], reverse=down != reverse)
    return [run for _, run in with_value] + [run for rank, run in ranked if rank is None]


def _rank(value: Any) -> tuple[Any, ...] | None:
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return (0, value)
    # Run 10 comes after run 9.
    return (1, re.sub(r"\d+", lambda digits: digits[0].zfill(12), str(value).lower()))
