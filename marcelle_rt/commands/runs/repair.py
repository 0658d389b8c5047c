"""`marcelle-rt runs repair`: runs whose program stopped without reporting an end become an `error`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from ...client.data_store import DataStore
from ...errors import NotFound
from ...monitor import facts, text
from ...runs.remote.heartbeat import INTERVAL, MISSED
from ...values import iso, time_of
from .. import beside
from ..http import server_time
from ..output import cell, console, line, print_json, sentence

_FIELDS = ["_id", "name", "status", "epoch", "start", "createdAt", "updatedAt", "rev"]


def repair_runs(store: DataStore, dry_run: bool, as_json: bool) -> None:
    """Gives runs that have not ended and show no sign of life the status `error`.

    A sign of life is a heartbeat or a change of the run. One that goes on after all (its machine slept) puts its
    status right with its next epoch.

    Args:
        store: The backend.
        dry_run: Only show what would be done.
        as_json: An array of `_id`, `name`, `last_sign` (ISO 8601) and `outcome`: `would repair`, `repaired`,
            `lives` (it was changed meanwhile) or `gone`.

    Raises:
        MarcelleError: What the backend or the line raised.
    """
    now = server_time(store.location) or dt.datetime.now(dt.timezone.utc)
    alive, silent = open_runs(store, now)
    done = []
    for run, sign in silent:
        outcome = "would repair" if dry_run else give_up(store, run, sign)
        done.append({"_id": run["_id"], "name": run.get("name"), "last_sign": sign and iso(sign), "outcome": outcome})
    if as_json:
        print_json(done)
        return
    out = console()
    for entry in done:
        sign = time_of(entry["last_sign"])
        since = f"last sign of life {text.ago(sign, now)}" if sign else "no sign of life at all"
        line(out, cell(facts.name(entry), "bold"), "  ", entry["outcome"], Text(f"  {since}", "dim"))
    if not done:
        sentence(
            out,
            f"Nothing to repair: {'1 run is' if len(alive) == 1 else f'{len(alive)} runs are'} still running."
            if alive
            else "Nothing to repair: all runs have ended.",
        )


def open_runs(
    store: DataStore, now: dt.datetime
) -> tuple[list[dict[str, Any]], list[tuple[dict[str, Any], dt.datetime | None]]]:
    """The runs that have not ended: those that show signs of life, and those that don't, with their last one.

    Args:
        store: The backend.
        now: The time by the backend's clock.
    """
    found = list(store.service("runs").items({"status": {"$in": list(facts.ACTIVE)}, "$select": _FIELDS}))
    beats = beside.of_runs(store, beside.HEARTBEATS, [run["_id"] for run in found]) if found else {}
    alive, silent = [], []
    for run in found:
        beat = beats.get(run["_id"], [{}])[-1]
        sign = _last_sign(run, beat)
        if sign is not None and now - sign <= _patience(beat):
            alive.append(run)
        else:
            silent.append((run, sign))
    return alive, silent


def _last_sign(run: Mapping[str, Any], beat: Mapping[str, Any]) -> dt.datetime | None:
    """When a run last showed that its program lives; by the backend's clock where it stamps documents."""
    stamps = (beat.get("updatedAt") or beat.get("time"), run.get("updatedAt") or run.get("start"))
    return max((time for stamp in stamps if (time := time_of(stamp)) is not None), default=None)


def _patience(beat: Mapping[str, Any]) -> dt.timedelta:
    interval = beat.get("interval")
    return dt.timedelta(seconds=MISSED * (float(interval) if facts.is_number(interval) else INTERVAL))


def give_up(store: DataStore, run: Mapping[str, Any], sign: dt.datetime | None) -> str:
    """Ends a run as an error, unless it was written since it was read."""
    # What must hold is what the patch leaves as it is: a database tells by it whether it was done.
    unmoved = {"rev": {"$lte": run["rev"]}} if "rev" in run else {"epoch": run.get("epoch")}
    error = f"no sign of life since {iso(sign)}" if sign else "no sign of life"
    runs = store.service("runs")
    try:
        end = {"end": iso(sign)} if sign else {}
        runs.patch(run["_id"], {"status": "error", "error": error, **end}, {"query": unmoved})
    except NotFound:
        try:
            runs.get(run["_id"], {"query": {"$select": ["_id"]}})
        except NotFound:
            return "gone"
        return "lives"
    return "repaired"
