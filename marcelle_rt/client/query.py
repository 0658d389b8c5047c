"""Does a document match a query? Pure; as the Marcelle backend's database (NeDB) answers it.

An array in a document matches if one of its elements does; numbers are compared with numbers and strings
with strings alone; a field that isn't there equals nothing, not even `None`, and so differs from everything.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import InvalidData

_MISSING = object()

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$lt": operator.lt,
    "$lte": operator.le,
    "$gt": operator.gt,
    "$gte": operator.ge,
}
_OPERATORS = ("$in", "$nin", "$ne", *_COMPARE)


def check(query: Mapping[str, Any], path: str = "query") -> None:
    """Makes sure that `matches` can judge by a query.

    Raises:
        InvalidData: It has an operator that only a server can judge by, or one that pages.
    """
    _must(isinstance(query, Mapping), path, query, "must be a mapping of fields to conditions")
    for key, condition in query.items():
        here = f"{path}.{key}"
        if key in ("$or", "$and"):
            _must(isinstance(condition, (list, tuple)), here, condition, "must be a list of queries")
            for number, part in enumerate(condition):
                check(part, f"{here}[{number}]")
        elif key == "$not":
            check(condition, here)
        elif key.startswith("$"):
            raise InvalidData(here, condition, "can't be followed as documents change; use filters alone")
        elif _is_operators(condition):
            for name, value in condition.items():
                if name not in _OPERATORS:
                    known = " ".join(_OPERATORS)
                    raise InvalidData(f"{here}.{name}", value, f"is no operator known here; there are {known}")
                listed = name not in ("$in", "$nin") or isinstance(value, (list, tuple))
                _must(listed, f"{here}.{name}", value, "must be a list")


def _must(kept: bool, path: str, value: Any, rule: str) -> None:
    if not kept:
        raise InvalidData(path, value, rule)


def matches(document: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    """Whether a query that passed `check` would find a document."""
    return all(_holds(document, key, condition) for key, condition in query.items())


def _holds(document: Mapping[str, Any], key: str, condition: Any) -> bool:
    if key == "$or":
        return any(matches(document, part) for part in condition)
    if key == "$and":
        return all(matches(document, part) for part in condition)
    if key == "$not":
        return not matches(document, condition)
    value = _lookup(document, key.split("."))
    if isinstance(value, list) and not isinstance(condition, list):
        return any(_fits(element, condition) for element in value)
    return _fits(value, condition)


def _lookup(value: Any, path: Sequence[str]) -> Any:
    if not path:
        return value
    if isinstance(value, Mapping):
        return _lookup(value[path[0]], path[1:]) if path[0] in value else _MISSING
    if isinstance(value, list):
        if not path[0].isdecimal():
            return [_lookup(element, path) for element in value]
        place = int(path[0])
        return _lookup(value[place], path[1:]) if place < len(value) else _MISSING
    return _MISSING


def _fits(value: Any, condition: Any) -> bool:
    if not _is_operators(condition):
        return _equal(value, condition)
    return all(_operate(name, value, operand) for name, operand in condition.items())


def _operate(name: str, value: Any, operand: Any) -> bool:
    if name == "$ne":
        return not _equal(value, operand)
    if name in ("$in", "$nin"):
        return any(_equal(value, one) for one in operand) == (name == "$in")
    return _kind(value) == _kind(operand) != "" and _COMPARE[name](value, operand)


def _is_operators(condition: Any) -> bool:
    return isinstance(condition, Mapping) and any(key.startswith("$") for key in condition)


def _equal(one: Any, other: Any) -> bool:
    # In Python 1 == True.
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return ""
    return "number" if isinstance(value, (int, float)) else "text" if isinstance(value, str) else ""
