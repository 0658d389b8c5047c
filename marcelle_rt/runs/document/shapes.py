"""What an event must look like to be folded. Pure.

A journal may be torn, edited by hand, or come from somebody else; the fold of a run (`run.py`) takes the
shape of its events for granted, because it runs at each epoch. So they are looked at once, when a journal is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...values import SAFE_INTEGER

_OWNED = frozenset({"self", "_id", "rev", "name", "status", "epoch", "epochs", "logs", "checkpoints", "assets"})
"""What the fold, or a copy on a backend, gives to a run."""

_ABSENT = object()

_NUMBERS = frozenset((int, float, type(None)))

_NEVER_WRITTEN = ("uploaded", "removed", "identity", "alive")
"""Events of `run.py` that stand in no journal."""


def is_event(event: Any, places: int) -> bool:
    """Whether something that was read from a journal can be folded.

    Args:
        event: Any JSON.
        places: How many epochs there can be at most: one a line.
    """
    if not isinstance(event, Mapping) or not isinstance(event.get("type"), str) or event["type"] in _NEVER_WRITTEN:
        return False
    if event["type"] == "epoch":  # nearly all are
        return _is_epoch(event, places)
    checks = _FIELDS.get(event["type"], {})
    return all(check(event.get(name, _ABSENT)) for name, check in checks.items())


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < SAFE_INTEGER


def _epoch(value: Any) -> bool:
    return isinstance(value, str) or (type(value) is int and -SAFE_INTEGER < value < SAFE_INTEGER)


def _mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _optional(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is _ABSENT or check(value)


def _text_or_null(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _keys(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(key, str) for key in value)


def _run(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and _text(value.get("basename"))
        and _text(value.get("start"))
        and _mapping(value.get("params", {}))
        and not _OWNED & value.keys()
    )


def _converted(value: Any) -> bool:
    return isinstance(value, Mapping) and _text(value.get("format")) and _text(value.get("path"))


def _document(value: Any) -> bool:
    return isinstance(value, Mapping) and _text(value.get("_id")) and _text(value.get("runId"))


def _is_epoch(event: Mapping[str, Any], places: int) -> bool:
    epoch, place, logs = event.get("epoch"), event.get("place"), event.get("logs")
    return (
        type(epoch) is int
        and -SAFE_INTEGER < epoch < SAFE_INTEGER
        and type(place) is int
        and 0 <= place < places
        and isinstance(logs, Mapping)
        and _NUMBERS.issuperset(map(type, logs.values()))
    )


_FILE = {"key": _text, "epoch": _epoch, "path": _text}

_FIELDS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "create": {"_id": _text, "run": _run},
    "model": {"model": _mapping},
    "begin": {"epochs": _count},
    "checkpoint": {**_FILE, "format": _text, "converted": _optional(_converted), "metadata": _optional(_mapping)},
    "asset": {**_FILE, "filename": _text, "mime": _text, "metadata": _optional(_mapping)},
    "resume": {"keep": _count, "drop": _optional(_keys), "batches": _optional(_keys)},
    "document": {"service": _text, "document": _document},
    "end": {"status": _text, "error": _optional(_text_or_null)},
}
