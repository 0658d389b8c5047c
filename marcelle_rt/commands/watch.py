"""`marcelle-rt watch`: runs as they go on, until they end."""

from __future__ import annotations

import datetime as dt
import signal
from collections.abc import Sequence
from types import FrameType
from typing import Any

from ..client.data_store import DataStore
from .http import server_time
from .output import console, messages
from .runs.filters import query_of
from .runs.finding import find_run
from .runs.repair import open_runs

INTERRUPTED = 130


def watch(store: DataStore, words: Sequence[str], as_json: bool) -> int:
    """Shows runs until they end.

    Args:
        store: The backend.
        words: One run, or filters as `query_of` takes them; nothing for the runs that go on, or the next one.
        as_json: A JSON object a line for each change.

    Returns:
        The exit code: 0 if the run that ended last is a `success`, 1 if not, 130 after Ctrl-C.

    Raises:
        NoSuchRun: No run is meant, or several.
        MarcelleError: What the backend or the line raised.
    """
    from ..monitor.terminal.watch import watch_runs

    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        signal.default_int_handler(number, frame)

    query = _query(store, words)
    # The view takes Ctrl-C for an end like any other; the exit code shall tell it from one.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    status = watch_runs(store, query, console=console(), as_json=as_json)
    return INTERRUPTED if interrupted else int(status != "success")


def _query(store: DataStore, words: Sequence[str]) -> dict[str, Any]:
    """A query that a run fits as long as it is there: one for a status would lose it when it ends."""
    if len(words) == 1 and "=" not in words[0] and not words[0].lstrip().startswith("{"):
        return {"name": find_run(store, words[0])["name"]}
    query = query_of(words)
    runs = store.service("runs")
    if not query:
        going_on = _going_on(store)
    elif "status" in query:
        going_on = list(runs.items({**query, "$select": ["_id", "name"]}))
    else:
        return query
    if going_on:
        return {"name": {"$in": [run.get("name") for run in going_on]}}
    newest = runs.first({"$sort": {"start": -1}, "$select": ["_id", "start"]}, 1)
    others = {key: value for key, value in query.items() if key != "status"}
    return {**others, "start": {"$gt": newest[0].get("start", "")}} if newest else others


def _going_on(store: DataStore) -> list[dict[str, Any]]:
    """The runs that show signs of life; waiting for the others would be pointless."""
    alive, silent = open_runs(store, server_time(store.location) or dt.datetime.now(dt.timezone.utc))
    if silent:
        messages().print(
            f"{len(silent)} more have not ended but show no sign of life: see `marcelle-rt runs repair --dry-run`."
        )
    return alive
