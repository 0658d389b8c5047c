"""What a run's document tells, in words and numbers. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

ACTIVE = ("idle", "start", "epoch")
"""The status of a run that has not ended. Dashboards have more, for models that they load."""

_LATE = dt.timedelta(minutes=1)
_GREATER_IS_BETTER = ("acc", "auc", "f1", "precision", "recall", "r2", "iou", "dice", "score", "bleu")
_LESS_IS_BETTER = ("loss", "err", "mae", "mse", "perplexity")


class Best(NamedTuple):
    """The best value of a metric, and the place in the list that has it."""

    value: float
    place: int


def time_of(text: object) -> dt.datetime | None:
    """A time as documents hold it; `None` for what is no time."""
    if not isinstance(text, str):
        return None
    try:
        time = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=dt.timezone.utc)


def seconds_of(run: Mapping[str, Any], now: dt.datetime) -> float | None:
    """How long a run took, or takes so far, in seconds.

    A document holds no end, but the backend's time of its last change. Of a run that came to the backend
    later than it started (an uploaded folder) that tells nothing: `None`.
    """
    start = time_of(run.get("start"))
    if start is None:
        return None
    if run.get("status") in ACTIVE:
        return max(0.0, (now - start).total_seconds())
    created, changed = time_of(run.get("createdAt")), time_of(run.get("updatedAt"))
    if created is None or changed is None or created - start > _LATE:
        return None
    return max(0.0, (changed - start).total_seconds())


def duration(seconds: float) -> str:
    """A duration in at most two units: `3 min 12 s`."""
    whole = int(seconds)
    if whole < 1:
        return f"{max(0.0, seconds):.1f} s"
    units = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    first = next(n for n, (size, _) in enumerate(units) if whole >= size)
    size, name = units[first]
    text = f"{whole // size} {name}"
    if first + 1 < len(units) and (rest := whole % size // units[first + 1][0]):
        text += f" {rest} {units[first + 1][1]}"
    return text


def ago(time: dt.datetime | None, now: dt.datetime) -> str:
    """How long a time is past, in one unit; the date where that is over a month."""
    if time is None:
        return ""
    past = (now - time).total_seconds()
    if past > 30 * 86400:
        return f"{time.astimezone():%Y-%m-%d}"
    if past < 1:
        return "now"
    size, name = next((s, n) for s, n in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")) if past >= s)
    return f"{int(past // size)} {name} ago"


def progress(run: Mapping[str, Any]) -> str:
    """How far a run is: `12/60`."""
    epoch, epochs = run.get("epoch"), run.get("epochs")
    return f"{epoch}/{epochs}" if epochs else str("" if epoch is None else epoch)


def epoch_at(run: Mapping[str, Any], place: int, length: int) -> int:
    """The number of the epoch at a place of the run's lists, counted back from the last one's.

    Args:
        run: The run's document, which names the last epoch alone.
        place: The place, from 0.
        length: How long the lists are.
    """
    last = run.get("epoch")
    first = last - length + 1 if isinstance(last, int) else 1
    return place + max(0, first)


def entries(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The mappings in a list of a document's; none where it is something else."""
    value = document.get(name)
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def name(run: Mapping[str, Any]) -> str:
    """What a run is called: its name, or its `_id`."""
    return str(run.get("name") or run["_id"])


def metrics(run: Mapping[str, Any]) -> dict[str, Sequence[float | None]]:
    """A run's curves, those of a loss first, else in the document's order."""
    logs = run.get("logs")
    pairs = logs.items() if isinstance(logs, Mapping) else ()
    curves = {name: values for name, values in pairs if isinstance(values, list)}
    return dict(sorted(curves.items(), key=lambda pair: "loss" not in pair[0].lower()))


def last(values: Sequence[Any]) -> float | None:
    """The last number of a curve; `None` where it has none."""
    return next((value for value in reversed(values) if is_number(value)), None)


def best(metric: str, values: Sequence[Any]) -> Best | None:
    """The best number of a curve: the greatest of an accuracy or a score, else the least.

    `None` where the curve has no number.
    """
    pairs = [Best(value, place) for place, value in enumerate(values) if is_number(value)]
    if not pairs:
        return None
    return (max if greater_is_better(metric) else min)(pairs, key=lambda pair: pair.value)


def greater_is_better(metric: str) -> bool:
    """Whether a metric's name says that more is better."""
    name = metric.lower()
    return any(part in name for part in _GREATER_IS_BETTER) and not any(part in name for part in _LESS_IS_BETTER)


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value of a curve can be drawn."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def short(value: object) -> str:
    """A value in few characters."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def flat(params: Any, prefix: str = "") -> dict[str, Any]:
    """Parameters by their dotted names, without nesting."""
    if not isinstance(params, Mapping):
        return {}
    found: dict[str, Any] = {}
    for name, value in params.items():
        if isinstance(value, Mapping) and value:
            found.update(flat(value, f"{prefix}{name}."))
        else:
            found[f"{prefix}{name}"] = value
    return found
