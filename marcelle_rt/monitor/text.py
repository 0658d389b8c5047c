"""Numbers and times as people read them. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..foreign import clean
from . import facts

if TYPE_CHECKING:
    from .board import Row

STYLES = {
    **{"success": "green", "stopped": "yellow", "pruned": "yellow", "error": "bold red"},
    **{"epoch": "cyan", "start": "cyan", "idle": "dim"},
}
"""How it looks in a terminal how a run stands or ended."""

LEVELS = {"error": "bold red", "warning": "yellow", "info": "cyan"}
"""How an alert looks there by its level, the worst first."""

AWAY = "the backend is unreachable; waiting for it"

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_MONTH = 30 * 86_400  # seconds


def number(value: float | None) -> str:
    """A metric's value in at most nine characters."""
    if value is None or math.isnan(value):
        return "-"
    text = f"{value:.4g}"
    return text if len(text) <= 9 else f"{value:.2e}"


def short(value: object) -> str:
    """A parameter's value in few characters."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """A time in its two largest units: `3m 05s`."""
    whole = round(seconds)
    place = next((n for n, (size, _) in enumerate(_UNITS) if whole >= size), len(_UNITS) - 1)
    size, unit = _UNITS[place]
    rest = [f"{whole % size // smaller:02}{name}" for smaller, name in _UNITS[place + 1 : place + 2]]
    return " ".join([f"{whole // size}{unit}", *rest])


def ago(time: dt.datetime | None, now: dt.datetime) -> str:
    """How long a time is past, in one unit; the date where that is over a month."""
    if time is None:
        return ""
    past = (now - time).total_seconds()
    if past > _MONTH:
        return f"{time.astimezone():%Y-%m-%d}"
    return f"{duration(past).partition(' ')[0]} ago" if past >= 1 else "now"


def epochs(done: int, planned: int | None) -> str:
    """How far a run is: `7/20`, or `7` where nobody knows how many there will be."""
    return str(done) if planned is None else f"{done}/{planned}"


def progress(run: Mapping[str, Any]) -> str:
    """How far the run of a document is."""
    return epochs(facts.done(run), facts.planned(run))


def status(row: Row) -> str:
    """How a run stands or how it ended, or that it has given no sign of life for long."""
    return row.entry.word or "-" if row.silent is None else f"silent {duration(row.silent)}"


def eta(row: Row) -> str:
    """How long a run will still take; empty where that is not known."""
    return "" if row.eta is None else duration(row.eta)


def counted(shown: int, total: int, what: str) -> str:
    """Says that not everything is shown; empty where everything is."""
    return "" if shown >= total else f"showing {shown:,} of {total:,} {what}"


def system(document: Mapping[str, Any]) -> str:
    """The machine that a run trains on: `CPU 40% memory 61% process 2,000 MB GPU 93% (70% memory)`.

    Args:
        document: One of `run-system`.
    """
    known = (("CPU", _percent(document.get("cpu"))), ("memory", _percent(document.get("memory"))))
    parts = [f"{name} {value}" for name, value in known if value]
    if facts.is_number(used := document.get("process_memory")):
        parts.append(f"process {used / 1e6:,.0f} MB")
    for gpu in facts.entries(document, "gpus"):
        if load := _percent(gpu.get("utilization")):
            memory = _percent(gpu.get("memory"))
            parts.append(f"GPU {load}" + (f" ({memory} memory)" if memory else ""))
    return " ".join(parts)


def alert(document: Mapping[str, Any]) -> str:
    """An alert in one line."""
    epoch = document.get("epoch")
    where = f"{document.get('run') or ''}{f' @{epoch}' if epoch is not None else ''}".strip()
    text = ": ".join(str(part) for part in (where, document.get("title"), document.get("text")) if part)
    return clean(text)


def _percent(value: Any) -> str:
    return f"{value:.0f}%" if facts.is_number(value) else ""
