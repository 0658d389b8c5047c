"""Does a document match a query? Pure.

Marcelle backends keep documents in NeDB or MongoDB, and other Feathers servers elsewhere. For most documents and
queries all databases say the same, and so does `matches`: numbers are compared with numbers and texts with texts
alone, and a field that isn't there differs from every value. Where they don't, it says that it is in doubt, and the
server itself is to be asked:

- A field that isn't there is `None` for MongoDB, and for NeDB it is not.
- Of an array, `$ne` and `$nin` ask NeDB for one element that differs, MongoDB for none that equals; of several
  conditions NeDB wants an element that meets all, MongoDB one for each.
- Arrays in arrays, and arrays as operands of operators, are read in many ways; so are places in arrays and in texts
  (`"a.0"`), and their `"a.length"`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import InvalidData

Answer = bool | None
"""Yes, no, or in doubt."""

_MISSING = object()

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$lt": operator.lt,
    "$lte": operator.le,
    "$gt": operator.gt,
    "$gte": operator.ge,
}
_LISTS = ("$in", "$nin")
_NEGATIVE = ("$ne", "$nin")
_OPERATORS = (*_LISTS, "$ne", *_COMPARE)


def by_id(identity: Any) -> dict[str, Any]:
    """A query for the document of an id, on either database.

    A backend on MongoDB takes each text that an `_id` must equal for an ObjectId, and refuses those that its writers
    have chosen, such as a UUID. Between two bounds it stays a text.
    """
    chosen = isinstance(identity, str) and _OBJECT_ID.fullmatch(identity) is None
    return {"_id": {"$gte": identity, "$lte": identity} if chosen else identity}


_OBJECT_ID = re.compile("[0-9a-fA-F]{24}")


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
            raise InvalidData(here, condition, "can't be followed as documents change; use filters only")
        elif _is_operators(condition):
            for name, value in condition.items():
                if name not in _OPERATORS:
                    known = " ".join(_OPERATORS)
                    raise InvalidData(f"{here}.{name}", value, f"is not an operator known here; there are {known}")
                listed = name not in _LISTS or isinstance(value, (list, tuple))
                _must(listed, f"{here}.{name}", value, "must be a list")
                ordered = name not in _COMPARE or _kind(value) != ""
                _must(
                    ordered,
                    f"{here}.{name}",
                    value,
                    "must be a number or a string; databases differ on the order of others",
                )


def _must(kept: bool, path: str, value: Any, rule: str) -> None:
    if not kept:
        raise InvalidData(path, value, rule)


def matches(document: Mapping[str, Any], query: Mapping[str, Any]) -> Answer:
    """Whether a server finds a document by a query that passed `check`; `None` where servers differ."""
    return _all(_holds(document, key, condition) for key, condition in query.items())


def _holds(document: Mapping[str, Any], key: str, condition: Any) -> Answer:
    if key == "$or":
        return _any(matches(document, part) for part in condition)
    if key == "$and":
        return _all(matches(document, part) for part in condition)
    if key == "$not":
        return _not(matches(document, condition))
    found = _look_up(document, key.split("."))
    if found is None:
        return None
    conditions = condition if _is_operators(condition) else {"": condition}
    if found.listed is None:
        return _all(_operate(name, found.value, operand) for name, operand in conditions.items())
    return _fits_a_list(found, conditions)


class _Found(NamedTuple):
    """What is at a path: a value or, in `listed`, what is in the one array that was met."""

    value: Any
    listed: list[Any] | None = None


def _look_up(value: Any, path: Sequence[str]) -> _Found | None:
    """What is at a path, if databases agree on it."""
    for place, part in enumerate(path):
        if isinstance(value, (list, str)) and (part.isdecimal() or part == "length"):
            return None
        if isinstance(value, list):
            inner = [_look_up(element, path[place:]) for element in value]
            if any(found is None or found.listed is not None for found in inner):
                return None
            return _Found(_MISSING, [found.value for found in inner if found is not None])
        value = value.get(part, _MISSING) if isinstance(value, Mapping) else _MISSING
    if not isinstance(value, list):
        return _Found(value)
    return None if any(isinstance(element, list) for element in value) else _Found(value, value)


def _fits_a_list(found: _Found, conditions: Mapping[str, Any]) -> Answer:
    if isinstance(conditions.get(""), list):
        return None if found.value is _MISSING else _equal(found.value, conditions[""])
    if any(isinstance(one, list) for name in conditions for one in _operands(name, conditions[name])):
        return None
    table = {
        name: [_operate(name, element, operand) for element in found.listed or ()]
        for name, operand in conditions.items()
    }
    one_meets_all = _any(map(_all, zip(*table.values(), strict=True)))
    each_is_met = _all((_all if name in _NEGATIVE else _any)(answers) for name, answers in table.items())
    return one_meets_all if one_meets_all == each_is_met else None


def _operate(name: str, value: Any, operand: Any) -> Answer:
    if name in _COMPARE:
        return _kind(value) == _kind(operand) != "" and _COMPARE[name](value, operand)
    if value is _MISSING and None in _operands(name, operand):
        return None
    found = any(_equal(value, one) for one in _operands(name, operand))
    return found != (name in _NEGATIVE)


def _operands(name: str, operand: Any) -> Sequence[Any]:
    return operand if name in _LISTS else [operand]


def _is_operators(condition: Any) -> bool:
    return isinstance(condition, Mapping) and any(key.startswith("$") for key in condition)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    # In Python 1 == True.
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return ""
    return "number" if isinstance(value, (int, float)) else "text" if isinstance(value, str) else ""


def _all(answers: Iterable[Answer]) -> Answer:
    given = set(answers)
    return False if False in given else None if None in given else True


def _any(answers: Iterable[Answer]) -> Answer:
    return _not(_all(map(_not, answers)))


def _not(answer: Answer) -> Answer:
    return None if answer is None else not answer
