"""The check of events that were read: what each kind must look like to be folded. Pure.

A journal may be torn, edited by hand, written anew by another tool, or come from somebody else. The fold of a run
(`run.py`) takes the shape of its events for granted, because it runs at each epoch; so they are checked once, when a
journal is read. The order of keys, spaces, and unknown fields and kinds mean nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...values import SAFE_INTEGER
from .events import SERVICES, VERSION, Event

_UNWRITTEN = ("uploaded", "removed", "identity", "alive")
"""Kinds that stand in no journal; one that is there was put there by somebody."""

_OWNED = frozenset(
    {"self", "_id", "rev", "writer", "name", "status", "end", "epoch", "epochs", "logs", "checkpoints", "assets"}
    | {"epoch_numbers", "summary", "outcome", "reason"}
)
"""What the fold, or a copy on a backend, gives to a run."""

_ABSENT = object()

_NUMBERS = frozenset((int, float, type(None)))


def is_event(event: Any, places: int) -> bool:
    """Whether something that was read from a journal can be folded.

    Args:
        event: Any JSON.
        places: How many epochs there can be at most: one a line.
    """
    if not isinstance(event, Mapping) or not isinstance(event.get("type"), str) or event["type"] in _UNWRITTEN:
        return False
    if event["type"] == "epoch":  # nearly all are
        return _is_epoch(event, places)
    checks = _FIELDS.get(event["type"], {})
    return all(check(event.get(name, _ABSENT)) for name, check in checks.items())


def read_event(value: Any, places: int) -> Event | None:
    """What was read from a journal, as the event that it is; `None` where it is none.

    Args:
        value: Any JSON. To it 7.0 and 7 are one number, so that some tools write places as 7.0.
        places: How many epochs there can be at most: one a line.
    """
    if is_event(value, places):
        event: Event = value
        return event
    if not isinstance(value, Mapping):
        return None
    whole = {
        name: int(field) if name in _WHOLE and isinstance(field, float) and field.is_integer() else field
        for name, field in value.items()
    }
    return whole if is_event(whole, places) else None


def version_of(event: Event) -> int:
    """The version of the format of the journal that a `create` event begins."""
    version: int = event.get("version", VERSION)
    return version


def is_beside(event: Event) -> bool:
    """Whether a `document` event is for one of the services that hold documents beside runs.

    Somebody else's journal must not write into whatever service it names, with this user's login.
    """
    return event["service"] in SERVICES


_WHOLE = frozenset({"version", "epoch", "epochs", "place", "keep"})


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < SAFE_INTEGER


def _version(value: Any) -> bool:
    return type(value) is int and 1 <= value < SAFE_INTEGER


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


def _extra(value: Any) -> bool:
    return isinstance(value, Mapping) and not _OWNED & value.keys()


def _converted(value: Any) -> bool:
    return isinstance(value, Mapping) and _text(value.get("format")) and _text(value.get("path"))


def _document(value: Any) -> bool:
    return isinstance(value, Mapping) and _text(value.get("_id")) and _text(value.get("runId"))


def _logs(value: Any) -> bool:
    return isinstance(value, Mapping) and _NUMBERS.issuperset(map(type, value.values()))


def _is_epoch(event: Mapping[str, Any], places: int) -> bool:
    number, place, logs = event.get("epoch"), event.get("place"), event.get("logs")
    return (
        type(number) is int
        and -SAFE_INTEGER < number < SAFE_INTEGER
        and type(place) is int
        and 0 <= place < places
        and _logs(logs)
    )


_FILE = {"key": _text, "epoch": _epoch, "path": _text}

_FIELDS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "create": {"_id": _text, "run": _run, "version": _optional(_version)},
    "model": {"model": _mapping},
    "extra": {"fields": _extra},
    "params": {"params": _mapping},
    "begin": {"epochs": _count},
    "checkpoint": {**_FILE, "format": _text, "converted": _optional(_converted), "metadata": _optional(_mapping)},
    "asset": {**_FILE, "filename": _text, "mime": _text, "metadata": _optional(_mapping)},
    "drop": {"keys": _keys},
    "resume": {"keep": _count, "drop": _optional(_keys), "batches": _optional(_keys)},
    "document": {"service": _text, "document": _document},
    "summary": {"logs": _logs},
    "end": {
        "status": _text,
        "error": _optional(_text_or_null),
        "outcome": _optional(_text),
        "reason": _optional(_text_or_null),
    },
}
