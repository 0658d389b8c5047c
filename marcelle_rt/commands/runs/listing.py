"""`marcelle-rt runs`: the newest runs of a backend."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from ...client.data_store import DataStore
from ...foreign import clean
from ...monitor import facts, text
from ...values import time_of
from .. import beside
from ..output import cell, console, cut, line, print_json, sentence, status, table

FIELDS = ["_id", "name", "basename", "status", "epoch", "epochs", "start", "createdAt", "updatedAt", "logs"]
"""What is read of each run that is shown."""

_HEADS = ("run", "status", "epoch", "started", "took", "last values")
_NARROW = 76  # columns under which a run has two lines


def list_runs(store: DataStore, query: Mapping[str, Any], limit: int, as_json: bool) -> None:
    """Prints runs, the newest first. Whole documents are read of those alone that are shown.

    Args:
        store: The backend.
        query: Which runs.
        limit: The maximum number that are shown.
        as_json: One array for scripts.

    Raises:
        MarcelleError: What the backend or the line raised.
    """
    runs = store.service("runs")
    total = runs.count(query)
    found = list(runs.items({**query, "$sort": {"start": -1}, "$limit": limit, "$select": FIELDS})) if total else []
    alerts = beside.of_runs(store, beside.ALERTS, [run["_id"] for run in found]) if found else {}
    now = dt.datetime.now(dt.timezone.utc)
    if as_json:
        print_json([_entry(run, alerts.get(run["_id"], []), now) for run in found])
        return
    out = console()
    if not found:
        sentence(out, _nothing(store, query))
    elif out.width < _NARROW:
        _print_blocks(out, found, alerts, now)
    else:
        _print_table(out, found, alerts, now)
    if total > len(found):
        line(out, Text(f"... and {total - len(found):,} more (--limit, --query)", "dim"))


def _nothing(store: DataStore, query: Mapping[str, Any]) -> Text:
    if query:
        every = store.service("runs").count()
        return Text(f"None of the {every:,} runs at {store.location} matches the query.")
    return Text(
        f"There are no runs at {store.location} yet. A Writer or a KerasCallback creates one, "
        "`marcelle-rt demo` shows one, and `marcelle-rt upload FOLDER` sends one that is on disk."
    )


def _entry(run: Mapping[str, Any], alerts: Sequence[Mapping[str, Any]], now: dt.datetime) -> dict[str, Any]:
    return {
        **{name: run.get(name) for name in FIELDS if name != "logs"},
        "seconds": facts.seconds_of(run, now),
        "last": {metric: facts.last(values) for metric, values in facts.curves(run).items()},
        "alerts": [{key: alert.get(key) for key in ("level", "title", "text", "time")} for alert in alerts],
    }


def _took(run: Mapping[str, Any], now: dt.datetime) -> str:
    seconds = facts.seconds_of(run, now)
    return "" if seconds is None else text.duration(seconds)


def _print_table(
    out: Console,
    runs: Sequence[Mapping[str, Any]],
    alerts: Mapping[str, Sequence[Mapping[str, Any]]],
    now: dt.datetime,
) -> None:
    rows = []
    for run in runs:
        start = text.ago(time_of(run.get("start")), now)
        name = cut(out, cell(facts.name(run)), out.width // 3)
        about = cell(text.progress(run)), Text(start), Text(_took(run, now))
        rows.append((name, status(run.get("status")), *about))
    taken = sum(max(len(head), *(row[n].cell_len for row in rows)) + 2 for n, head in enumerate(_HEADS[:-1]))
    made = table(*_HEADS, right=("epoch",))
    for run, row in zip(runs, rows, strict=True):
        made.add_row(*row, _fitting([*_bells(run, alerts), *_values(run)], out.width - taken))
    out.print(made)


def _print_blocks(
    out: Console,
    runs: Sequence[Mapping[str, Any]],
    alerts: Mapping[str, Sequence[Mapping[str, Any]]],
    now: dt.datetime,
) -> None:
    for run in runs:
        facing = Text.assemble(status(run.get("status")), " ", cell(text.progress(run)))
        name = cut(out, cell(facts.name(run), "bold"), max(8, out.width - facing.cell_len - 2))
        line(out, name, "  ", facing)
        times = text.ago(time_of(run.get("start")), now), _took(run, now)
        parts = [*_bells(run, alerts), *(Text(time, "dim") for time in times if time), *_values(run)]
        line(out, _fitting(parts, out.width - 2), indent=2)


def _fitting(parts: Sequence[Text], width: int) -> Text:
    """As many of the parts as fit into that many columns, in one line."""
    shown = Text()
    for part in parts:
        if shown.cell_len + part.cell_len + 2 > width:
            break
        shown.append_text(Text.assemble("  " if shown else "", part))
    return shown


def _values(run: Mapping[str, Any]) -> list[Text]:
    """The last value of each metric, the loss first."""
    return [
        Text.assemble((f"{clean(metric)} ", "dim"), text.number(value))
        for metric, values in facts.curves(run).items()
        if (value := facts.last(values)) is not None
    ]


def _bells(run: Mapping[str, Any], alerts: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Text]:
    """How many alerts a run has, in the color of the worst; empty where it has none."""
    own = alerts.get(run["_id"], ())
    levels = {str(alert.get("level")) for alert in own}
    style = next((text.LEVELS[level] for level in text.LEVELS if level in levels), text.LEVELS["info"])
    return [Text(f"{len(own)} alert{'s' * (len(own) > 1)}", style)] if own else []
