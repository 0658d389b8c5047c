"""Which runs are meant by `status=failed`, `tag:baseline`, `lr=0.1`, `val_loss<0.3`, a word, or JSON. Pure.

They are the words that the dashboard's filter takes (`dashboard/page/runs/filter.js`); a test asks both the same.
A backend answers what its queries can say; the rest is asked of each run.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ...client import query as queries
from ...errors import InvalidData
from ...monitor import facts

_CONDITION = re.compile(r'^("[^"]+"|[^\s:=<>!"]+)\s*(:|<=|>=|!=|=|<|>)(.*)$', re.DOTALL)
_QUOTED = re.compile(r'^"(.*)"$', re.DOTALL)
_SIGNS = re.compile(r"[=<>]")
_EXAMPLES = "write it like lr=0.1 or 'val_loss<0.3'"
_ALIASES = {"tag": "tags"}
_TEXTS = ("_id", "name", "basename", "group", "source", "start", "notes", "error")
"""Fields that hold text, even where it looks like a number."""
_STATES: Mapping[str, tuple[str, ...]] = {
    "waiting": ("idle",),
    "training": ("start", "epoch"),
    "silent": facts.ACTIVE,
    "finished": ("success",),
    "failed": ("error",),
}
"""What people call the status of a run, and how documents have it."""
_OUTCOMES = ("stopped", "pruned")
"""What people call a status too: documents have it beside the status."""
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

Test = Callable[[Mapping[str, Any]], bool]


class Selection(NamedTuple):
    """Which runs are meant: those that fit the query and pass the tests.

    Attributes:
        query: As a backend takes it.
        tests: What a backend can't be asked, about a whole document.
        silent: Whether only runs are meant that have not ended and give no sign of life.
        names: The fields, parameters and metrics that it asks about.
    """

    query: dict[str, Any]
    tests: tuple[Test, ...] = ()
    silent: bool = False
    names: tuple[str, ...] = ()

    def holds(self, run: Mapping[str, Any]) -> bool:
        """Whether a document passes the tests."""
        return all(test(run) for test in self.tests)

    def finds(self, run: Mapping[str, Any]) -> bool:
        """Whether a document that no backend was asked about fits the query too."""
        return queries.matches(run, self.query) is True and self.holds(run)


def selection_of(filters: Sequence[str]) -> Selection:
    """Reads filters, all of which must hold.

    Args:
        filters: Each a condition, a word that stands in the run's name, tags, group, notes, status or error, or a JSON
            object with Feathers' operators.

    Raises:
        InvalidData: For anything else.
    """
    query: dict[str, Any] = {}
    tests: list[Test] = []
    names: list[str] = []
    silent = False
    for text in filters:
        if text.lstrip().startswith("{"):
            parsed = _json(text)
            query.update(parsed)
            names += [name for name in parsed if not name.startswith("$")]
            continue
        condition = _CONDITION.match(text.strip())
        if condition is None:
            tests.append(_word(text.strip()))
            continue
        # Quotes let a name have blanks and signs of its own.
        name, sign, wanted = _QUOTED.sub(r"\1", condition[1]), condition[2], _QUOTED.sub(r"\1", condition[3].strip())
        _check_condition(text, name, sign, wanted)
        name = _ALIASES.get(name, name)
        names.append(name)
        silent = silent or (name, sign, wanted) == ("status", "=", "silent")
        field = "outcome" if name == "status" and wanted.lower() in _OUTCOMES else name
        asked = _query(field, wanted) if sign == "=" and field not in query else None
        if asked is not None:
            query[field] = asked
        else:
            tests.append(_test(name, sign, wanted))
    return Selection(query, tuple(tests), silent, tuple(names))


def query_of(filters: Sequence[str]) -> dict[str, Any]:
    """As `selection_of`, for those who follow runs by a backend's query alone.

    Raises:
        InvalidData: Also for a condition that no backend can be asked.
    """
    selection = selection_of(filters)
    if selection.tests or selection.silent:
        raise InvalidData(
            "query", " ".join(filters), "can't be followed; use for example status=error or params.lr=0.1"
        )
    return selection.query


def _json(text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise InvalidData("query", text, f"is not JSON ({error})") from None
    assert isinstance(parsed, dict)  # it begins with a brace
    for key in parsed:
        if key in ("$limit", "$skip", "$sort", "$select"):
            raise InvalidData(f"query.{key}", parsed[key], "can't be given here; use filters only")
    return parsed


def _check_condition(text: str, name: str, sign: str, wanted: str) -> None:
    rest = wanted.lstrip("=<>").strip()
    if not rest:
        raise InvalidData("query", text, f"has nothing after {sign}; {_EXAMPLES}")
    if sign != ":" and wanted[0] in "=<>":
        meant = f"{wanted[0]}=" if sign == "=" and wanted[0] in "<>" else sign  # `=>` is meant as `>=`
        raise InvalidData("query", text, f"has a sign too many; write {name}{meant}{rest}")
    if sign in _ORDER and math.isnan(_number(wanted)):
        raise InvalidData("query", text, f"compares with {wanted!r}, which is not a number; {_EXAMPLES}")


def _query(name: str, wanted: str) -> Any:
    """What a backend is asked for `name=wanted`; `None` where it can't be."""
    if name == "status":
        known = _STATES.get(wanted.lower(), (wanted,))
        return known[0] if len(known) == 1 else {"$in": list(known)}
    if name == "outcome":
        return wanted.lower()
    if name in _TEXTS or name == "tags":
        return wanted
    if name == "epochs" or name.startswith(("params.", "model.")):
        return _value(wanted)
    return None


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _word(word: str) -> Test:
    if not word:
        raise InvalidData("query", word, f"is empty; {_EXAMPLES}")
    if _SIGNS.search(word):
        raise InvalidData("query", word, f"does not begin with one name and a sign; {_EXAMPLES}")

    def holds(run: Mapping[str, Any]) -> bool:
        texts = [facts.name(run), run.get("group"), run.get("notes"), run.get("error"), *_status(run), *_tags(run)]
        return any(word.lower() in str(text).lower() for text in texts if text)

    return holds


def _test(name: str, sign: str, wanted: str) -> Test:
    return lambda run: _compare(sign, values_of(run, name), wanted)


def values_of(run: Mapping[str, Any], name: str) -> Sequence[Any]:
    """What a run has under a name: a field, a parameter, or the best of a metric. Several where it has a list."""
    if name == "status":
        return _status(run)
    if name in ("tags", "tag"):
        return _tags(run)
    if name == "name":
        return [facts.name(run)]
    if name == "epoch":
        return [facts.done(run)]
    if name in _TEXTS or name == "epochs":
        return [run[name]] if run.get(name) is not None else []
    params = facts.flat(run.get("params"))
    if (parameter := name.removeprefix("params.")) in params:
        return [params[parameter]]
    best = facts.best(name, facts.logs_of(run).get(name))
    return [] if best is None else [best.value]


def _status(run: Mapping[str, Any]) -> list[str]:
    own = str(run.get("status"))
    states = [state for state, known in _STATES.items() if own in known and state != "silent"]
    return [own, *states, *([str(run["outcome"])] if run.get("outcome") else [])]


def _tags(run: Mapping[str, Any]) -> list[str]:
    tags = run.get("tags")
    return [str(tag) for tag in tags] if isinstance(tags, list) else []


def _compare(sign: str, values: Sequence[Any], wanted: str) -> bool:
    if sign == "!=":
        return not any(_same(value, wanted) for value in values)
    if sign == "=":
        return any(_same(value, wanted) for value in values)
    if sign == ":":
        return any(wanted.lower() in _text(value).lower() for value in values)
    right = _number(wanted)
    return any(_ORDER[sign](_number(value), right) for value in values)


def _same(value: Any, wanted: str) -> bool:
    return _text(value).lower() == wanted.lower() or _number(value) == _number(wanted)


def _text(value: Any) -> str:
    """A value as JavaScript writes it, for what people compare with."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(value: Any) -> float:
    """A value as a number; NaN, which equals nothing, where it is none."""
    try:
        return math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return math.nan
