"""Which runs somebody means: by name, by `_id` or its beginning, or by filters."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Sequence
from typing import Any

from ...client.data_store import DataStore
from ...client.query import by_id
from ...client.service import Service
from ...errors import FeathersError, MarcelleError, NotAuthenticated
from ..http import server_time
from .filters import Selection
from .known import QUERY, check
from .repair import open_runs

_CANDIDATES = 5  # named in an error
_TOLD = ["_id", "params", "logs"]  # of a run, besides what a query asks about
_LOOKED_AT = 300  # of the newest runs, for names that are nearly the same


class NoSuchRun(MarcelleError):
    """A word that stands for no run, or for several.

    Attributes:
        word: What was given.
        candidates: Names of runs that may be meant.
    """

    def __init__(self, word: str, location: str, why: str, candidates: Sequence[str]) -> None:
        self.word = word
        self.candidates: tuple[str, ...] = tuple(candidates)
        hint = f"{why}: {', '.join(candidates)}." if candidates else "`marcelle-rt runs` lists the runs."
        super().__init__(f"{word!r} is not a run at {location}. {hint}")


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


def find_runs(store: DataStore, words: Sequence[str], selection: Selection | None = None) -> list[dict[str, Any]]:
    """As `find_run` for several, and those that a selection means, each run once.

    Raises:
        NoSuchRun: A word stands for no run, or for several.
        UnknownName: The selection finds nothing, and asks about what no run has.
        MarcelleError: What the backend or the line raised.
    """
    found = [find_run(store, word) for word in words]
    if selection is not None:
        found += (selected := select(store, selection))
        if not selected:
            refuse_unknown(store, selection)
    return list({run["_id"]: run for run in found}.values())


def select(store: DataStore, selection: Selection, fields: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The runs of a backend that a selection means, the newest first.

    Args:
        store: The backend.
        selection: Which.
        fields: What is read of each; all if `None`. What the tests look at must be among them.
    """
    asked = {"$sort": {"start": -1}, **({"$select": list(fields)} if fields is not None else {})}
    query = {**selection.query}
    if selection.silent:
        if not (silent := _silent(store)):
            return []
        query["$or"] = silent
    return [run for run in store.service("runs").items({**query, **asked}) if selection.holds(run)]


def refuse_unknown(store: DataStore, selection: Selection) -> None:
    """Looks whether a selection that has found nothing could find anything.

    Raises:
        UnknownName: It asks about what no run of the backend has.
        MarcelleError: What the backend or the line raised.
    """
    if selection.names:
        roots = [name.partition(".")[0] for name in selection.names]
        check(selection.names, list(store.service("runs").items({"$select": [*_TOLD, *roots]})), QUERY)


def _silent(store: DataStore) -> list[dict[str, Any]]:
    """A query for each of the runs that have not ended and give no sign of life."""
    now = server_time(store.location) or dt.datetime.now(dt.timezone.utc)
    return [by_id(run["_id"]) for run, _ in open_runs(store, now)[1]]


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
