"""Numbers, times and names as people read them in a table. Pure."""

from __future__ import annotations

import math
from typing import Any

from .board import Entry, Row


def number(value: float | None) -> str:
    """A metric's value in at most nine characters."""
    if value is None or math.isnan(value):
        return "-"
    text = f"{value:.4g}"
    return text if len(text) <= 9 else f"{value:.2e}"


def duration(seconds: float) -> str:
    """A time in its two largest units: `3m 05s`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3_600:
        return f"{whole // 60}m {whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3_600}h {whole % 3_600 // 60:02}m"
    return f"{whole // 86_400}d {whole % 86_400 // 3_600:02}h"


def line(text: Any, width: int | None = None) -> str:
    """Text of others in one line, without what would steer a terminal.

    Args:
        text: The text.
        width: The most characters; a longer one ends in `~`.
    """
    clean = "".join(character if character.isprintable() else " " for character in str(text))
    return clean if width is None or len(clean) <= width else clean[: max(0, width - 1)] + "~"


def epochs(entry: Entry) -> str:
    """How far a run is: `7/20`, or `7` where nobody knows how many there will be."""
    return str(entry.epoch) if entry.epochs is None else f"{entry.epoch}/{entry.epochs}"


def status(row: Row) -> str:
    """A run's status, or that it has given no sign of life for long."""
    return row.entry.status or "-" if row.silent is None else f"silent {duration(row.silent)}"


def eta(row: Row) -> str:
    """How long a run will take; nothing where that is not known."""
    return "" if row.eta is None else duration(row.eta)


def counted(shown: int, total: int, what: str) -> str:
    """Says that not everything is shown; nothing where it is."""
    return "" if shown >= total else f"showing {shown:,} of {total:,} {what}"


def system(row: Row) -> str:
    """The machine that a run trains on: `cpu 40% memory 61% GPU 93% (70% memory)`."""
    known = row.system or {}
    parts = [f"{name} {_percent(known.get(name))}" for name in ("cpu", "memory") if _percent(known.get(name))]
    gpus = known.get("gpus")
    for gpu in gpus if isinstance(gpus, list) else []:
        if isinstance(gpu, dict) and _percent(gpu.get("utilization")):
            memory = _percent(gpu.get("memory"))
            parts.append(f"GPU {_percent(gpu.get('utilization'))}" + (f" ({memory} memory)" if memory else ""))
    return " ".join(parts)


def alert(document: dict[str, Any]) -> str:
    """An alert in one line."""
    epoch = document.get("epoch")
    where = f"{document.get('run') or ''}{f' @{epoch}' if epoch is not None else ''}".strip()
    text = ": ".join(str(part) for part in (where, document.get("title"), document.get("text")) if part)
    return line(text)


def _percent(value: Any) -> str:
    return f"{value:.0f}%" if type(value) in (int, float) and math.isfinite(value) else ""
