"""`marcelle-rt watch`: runs as they go on, until they end."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from types import FrameType
from typing import Any

from ..client.data_store import DataStore
from . import facts
from .finding import find_run, page, query_of
from .output import console

INTERRUPTED = 130


def watch(store: DataStore, words: Sequence[str], as_json: bool) -> int:
    """Shows runs until they end.

    Args:
        store: The backend.
        words: One run, or filters as `query_of` takes them; nothing for the runs that go on.
        as_json: A JSON object a line for each change.

    Returns:
        The exit code: 0 if the run that ended last is a `success`, 1 if not, 130 after Ctrl-C.

    Raises:
        NoSuchRun: No run is meant, or several.
        MarcelleError: What the backend or the line raised.
    """
    from ..monitor.terminal import watch_runs

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
    query = query_of(words) or {"status": {"$in": list(facts.ACTIVE)}}
    if "status" not in query:
        return query
    runs = store.service("runs")
    if names := [run.get("name") for run in runs.items({**query, "$select": ["_id", "name"]})]:
        return {"name": {"$in": names}}
    newest = page(runs.find({"query": {"$sort": {"start": -1}, "$limit": 1, "$select": ["_id", "start"]}}))
    others = {key: value for key, value in query.items() if key != "status"}
    return {**others, "start": {"$gt": newest[0].get("start", "")}} if newest else others
