"""Which runs somebody means: by name, by `_id` or its beginning, or by a query."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from typing import Any

from ...client.data_store import DataStore
from ...client.service import Service
from ...errors import FeathersError, InvalidData, MarcelleError, NotAuthenticated

_TEXTS = ("_id", "name", "basename", "status", "source", "start")
"""The fields that hold text, even where it looks like a number."""

_CANDIDATES = 5  # named in an error
_LOOKED_AT = 300  # of the newest runs, for names that are nearly the same


class NoSuchRun(MarcelleError):
    """A word that stands for no run, or for several.

    Attributes:
        word: What was given.
        candidates: Names of runs that may be meant.
    """

    def __init__(self, word: str, location: str, why: str, candidates: Sequence[str]) -> None:
        self.word = word
        self.candidates = tuple(candidates)
        hint = f"{why}: {', '.join(candidates)}." if candidates else "`marcelle-rt runs` lists the runs."
        super().__init__(f"{word!r} is not a run at {location}. {hint}")


def query_of(filters: Sequence[str]) -> dict[str, Any]:
    """Makes a query of `key=value` filters, or of JSON.

    Args:
        filters: Each `key=value`, where a dot goes into a mapping (`params.lr=0.1`), or a JSON object with
            Feathers' operators. All must hold.

    Raises:
        InvalidData: For what is neither.
    """
    query: dict[str, Any] = {}
    for text in filters:
        key, equals, value = text.partition("=")
        if text.lstrip().startswith("{"):
            query.update(_json(text))
        elif equals and key.strip():
            query[key.strip()] = _value(key.strip(), value.strip())
        else:
            raise InvalidData("query", text, "is not a filter; use for example status=error, or JSON")
    return query


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


def _value(key: str, text: str) -> Any:
    if key in _TEXTS:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def find_run(store: DataStore, word: str) -> dict[str, Any]:
    """The document of the one run that a word stands for.

    Args:
        store: The backend.
        word: A run's name, its `_id`, or the beginning of one that no other has.

    Raises:
        NoSuchRun: There is none, or there are several; the error names candidates.
        MarcelleError: What the backend or the line raised.
    """
    runs = store.service("runs")
    named = _stubs(runs, {"name": word})
    if len(named) > 1:
        raise NoSuchRun(word, store.location, "Several runs have that name; use an `_id`", _ids(named))
    if named:
        return runs.get(named[0]["_id"])
    try:
        return runs.get(word)
    except NotAuthenticated:
        raise
    except FeathersError:  # not found, or no `_id` for this database
        pass
    begun = _stubs(runs, {"_id": {"$gte": word, "$lt": f"{word}\uffff"}}) if word else []
    if len(begun) > 1:
        raise NoSuchRun(
            word, store.location, "Several runs start with it", [f"{run['_id']} ({run.get('name')})" for run in begun]
        )
    if begun:
        return runs.get(begun[0]["_id"])
    raise NoSuchRun(word, store.location, "Similar names", _similar(runs, word))


def find_runs(store: DataStore, words: Sequence[str]) -> list[dict[str, Any]]:
    """As `find_run` for several, each run once."""
    found = [find_run(store, word) for word in words]
    return list({run["_id"]: run for run in found}.values())


def _stubs(runs: Service, query: dict[str, Any]) -> list[dict[str, Any]]:
    """What names the newest of the runs that a query finds."""
    select = ["_id", "name", "basename", "start"]
    return runs.first({**query, "$select": select, "$sort": {"start": -1}}, _CANDIDATES)


def _ids(runs: Sequence[dict[str, Any]]) -> list[str]:
    return [f"{run['_id']} (of {run.get('start')})" for run in runs]


def _similar(runs: Service, word: str) -> list[str]:
    if same := _stubs(runs, {"basename": word}):
        return [str(run.get("name")) for run in same]
    newest = runs.first({"$select": ["_id", "name"], "$sort": {"start": -1}}, _LOOKED_AT)
    names = [str(run.get("name")) for run in newest]
    return difflib.get_close_matches(word, names, _CANDIDATES)
