"""What a run's document tells, also one of another program. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from ..client.paging import identity
from ..runs.training.metrics import grows
from ..values import SAFE_INTEGER, time_of

ACTIVE = ("idle", "start", "epoch")
"""The status of a run that has not ended. Dashboards have more, for models that they load."""

BATCH = "batch "
"""How the names of metrics with one value per batch begin."""

NO_LOSS = "Unknown"
"""What documents have where a model has no loss (`utils.loss_name`); nothing is shown of it."""

_LATE = dt.timedelta(minutes=1)


class Best(NamedTuple):
    """The best value of a metric, and the place in the list that has it."""

    value: float
    place: int


def name(run: Mapping[str, Any]) -> str:
    """What a run is called: its name, or its `_id`."""
    return str(run.get("name") or run.get("basename") or identity(run))


def status(run: Mapping[str, Any]) -> str:
    """How a run stands, in a word: one that has finished may have been `stopped` or `pruned`; empty if unknown."""
    told, outcome = run.get("status"), run.get("outcome")
    return outcome if told == "success" and outcome and isinstance(outcome, str) else str(told or "")


def seconds(time: object) -> float:
    """A time as documents hold it, in seconds since 1970; NaN if it is not a time."""
    return math.nan if (known := time_of(time)) is None else known.timestamp()


def seconds_of(run: Mapping[str, Any], now: dt.datetime | None = None) -> float | None:
    """How long a run took, in seconds.

    The document of another program, or of an earlier version, has no end time, only the backend's time of its last
    change. For a run that reached the backend later than it started (an uploaded folder) that says nothing: `None`.

    Args:
        run: The run's document.
        now: The current time, to measure a run that is still going; `None` gives `None` for such a run.
    """
    start = time_of(run.get("start"))
    if start is None:
        return None
    if run.get("status") in ACTIVE:
        return None if now is None else max(0.0, (now - start).total_seconds())
    if (end := time_of(run.get("end"))) is not None:
        return max(0.0, (end - start).total_seconds())
    created, changed = time_of(run.get("createdAt")), time_of(run.get("updatedAt"))
    if created is None or changed is None or created - start > _LATE:
        return None
    return max(0.0, (changed - start).total_seconds())


def done(run: Mapping[str, Any]) -> int:
    """How many epochs a run has done: it may count them from 0, and may save only some of them."""
    epoch = run.get("epoch")
    places = max((len(values) for values in logs_of(run).values() if isinstance(values, list)), default=0)
    return max(epoch, places) if type(epoch) is int else places


def planned(run: Mapping[str, Any]) -> int | None:
    """How many epochs a run will have; `None` if it doesn't say."""
    epochs = run.get("epochs")
    return epochs if type(epochs) is int and epochs > 0 else None


def epoch_numbers(run: Mapping[str, Any], length: int) -> Sequence[int]:
    """The number of the epoch at each place of a run's lists.

    A run names them where they are not consecutive. Else they are counted back from the last one's, or from 1 on
    where the run doesn't name that.

    Args:
        run: The run's document.
        length: How long its lists are.
    """
    told = run.get("epoch_numbers")
    if isinstance(told, list) and all(_is_stretch(stretch) for stretch in told):
        places = [*(place for place, _, _ in told), length]
        if places[0] == 0 and places == sorted(places):
            pairs = zip(told, places[1:], strict=True)
            return [first + n * step for (place, first, step), end in pairs for n in range(end - place)]
    final = run.get("epoch")
    first = final - length + 1 if type(final) is int and final >= length - 1 else 1
    return range(first, first + length)


def _is_stretch(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and all(type(number) is int and abs(number) <= SAFE_INTEGER for number in value)
    )


def entries(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The mappings in a list of a document's; none where it is something else."""
    value = document.get(name)
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def logs_of(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """A run's metrics; none where there is something else in their place."""
    logs = run.get("logs")
    return logs if isinstance(logs, Mapping) else {}


def curves(run: Mapping[str, Any]) -> dict[str, list[Any]]:
    """A run's metrics that are lists, in the order that people look for them."""
    logs = logs_of(run)
    return {metric: logs[metric] for metric in ordered(logs) if isinstance(logs[metric], list)}


def ordered(metrics: Iterable[str]) -> list[str]:
    """Metrics in the order that people look for them: losses, then what else there is, batches last."""
    return sorted(metrics, key=lambda name: (name.startswith(BATCH), "loss" not in name.lower()))


def last(values: Any) -> float | None:
    """The last number of a metric's list; `None` where it has none."""
    return next((value for value in reversed(values) if is_number(value)), None) if isinstance(values, list) else None


def best(metric: str, values: Any) -> Best | None:
    """The best number of a metric's list: the greatest of what should grow, else the least; `None` where it has none.

    Of several that are as good it is the first.
    """
    if not isinstance(values, list):
        return None
    numbers = [value for value in values if is_number(value)]
    if not numbers:
        return None
    value = max(numbers) if grows(metric) else min(numbers)
    return Best(value, values.index(value))


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value of a curve can be drawn."""
    return type(value) in (int, float) and math.isfinite(value)


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
