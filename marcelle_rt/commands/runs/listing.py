"""`marcelle-rt runs`: the newest runs of a backend."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...client.data_store import DataStore
from ...foreign import clean
from ...monitor import facts, text
from ...values import time_of
from .. import beside, local
from ..output import cell, console, cut, line, print_json, sentence, status, table
from .columns import in_order, is_metric, text_of, title
from .filters import Selection
from .finding import refuse_unknown, select
from .known import COLUMNS, QUERY, SORT, check

FIELDS = [
    *("_id", "name", "basename", "group", "tags", "status", "outcome", "epoch", "epochs"),
    *("start", "end", "createdAt", "updatedAt", "logs"),
]
"""What is read of each run that is shown."""

_MORE = ("params", "notes", "error", "reason", "source", "origin")
"""What filters, columns and the order may look at besides."""

_HEADS = ("run", "status", "epoch", "started", "took", "last values")
_NARROW = 76  # columns under which a run has two lines
_SHOWN = ("name", "status", "epoch", "start", "took")  # columns that are there anyway
_GIVEN = {"name": "run", "start": "started"}


class Layout(NamedTuple):
    """How runs are shown.

    Attributes:
        sort: The column by which they are sorted; `None` for the newest first.
        reverse: The other way round.
        columns: Instead of their times and last values: fields, parameters (`params.lr` or `lr`), and metrics, of which
            the best is shown.
        limit: The maximum number that are shown.
    """

    sort: str | None = None
    reverse: bool = False
    columns: tuple[str, ...] = ()
    limit: int = 20


def list_runs(store: DataStore, selection: Selection, how: Layout, as_json: bool) -> None:
    """Prints runs. Where the backend can sort and choose them, whole documents are read of those alone that are shown.

    Args:
        store: The backend.
        selection: Which runs.
        how: How they are shown.
        as_json: One array for scripts.

    Raises:
        UnknownName: Of the query, the order or the columns, one that no run has.
        MarcelleError: What the backend or the line raised.
    """
    now = dt.datetime.now(dt.timezone.utc)
    fields = [*FIELDS, *_MORE] if how.columns or how.sort or selection.tests or as_json else FIELDS
    if how.sort or how.reverse or selection.tests or selection.silent:
        found = select(store, selection, fields)
        total = len(found)
        _check(how, found)
        shown = _ordered(found, how, now)
    else:
        runs = store.service("runs")
        total = runs.count(selection.query)
        query = {**selection.query, "$sort": {"start": -1}, "$limit": how.limit, "$select": fields}
        shown = list(runs.items(query)) if total else []
        if how.columns:
            _check(how, runs.items({**selection.query, "$select": fields}) if total > len(shown) else shown)
    if not total:
        refuse_unknown(store, selection)
    alerts = beside.of_runs(store, beside.ALERTS, [run["_id"] for run in shown]) if shown else {}
    _print(shown, alerts, total, how, now, as_json, lambda: _nothing(store, selection))


def list_local(selection: Selection, how: Layout, as_json: bool) -> None:
    """Prints the runs that lie in folders on this machine; the rest is as for `list_runs`.

    Args:
        selection: Which runs.
        how: How they are shown.
        as_json: One array for scripts, in which each run has its `folder`.

    Raises:
        UnknownName: Of the query, the order or the columns, one that no run has.
    """
    now = dt.datetime.now(dt.timezone.utc)
    every = list(local.documents())
    found = [run for run in every if selection.finds(run) and not selection.silent]
    if not found:
        check(selection.names, every, QUERY)
    _check(how, found)
    place = clean(local.logs())
    nothing = Text(
        f"There is no such run in {place}."
        if every
        else f"There is no run in {place}. Is it another folder? MARCELLE_LOG_DIR=FOLDER marcelle-rt runs --local"
    )
    _print(_ordered(found, how, now), {}, len(found), how, now, as_json, lambda: nothing)


def _check(how: Layout, runs: Iterable[Mapping[str, Any]]) -> None:
    known = list(runs)
    check([how.sort] if how.sort else [], known, SORT)
    check(how.columns, known, COLUMNS)


def _ordered(found: Sequence[Mapping[str, Any]], how: Layout, now: dt.datetime) -> list[Mapping[str, Any]]:
    ordered = in_order(found, how.sort or "start", how.reverse, now)
    return ordered[: how.limit]


def _print(
    shown: Sequence[Mapping[str, Any]],
    alerts: Mapping[str, Sequence[Mapping[str, Any]]],
    total: int,
    how: Layout,
    now: dt.datetime,
    as_json: bool,
    nothing: Callable[[], Text],
) -> None:
    if as_json:
        print_json([_entry(run, alerts.get(run["_id"], []), now) for run in shown])
        return
    out = console()
    if not shown:
        sentence(out, nothing())
    elif how.columns and out.width >= _NARROW:
        out.print(chosen_columns(shown, how.columns, now))
    elif out.width < _NARROW:
        _print_blocks(out, shown, alerts, how, now)
    else:
        _print_table(out, shown, alerts, how, now)
    if total > len(shown):
        line(out, Text(f"... and {total - len(shown):,} more (--limit, --query)", "dim"))


def chosen_columns(runs: Sequence[Mapping[str, Any]], columns: Sequence[str], now: dt.datetime) -> Table:
    """A table with a row per run, of columns that somebody chose."""
    heads = [_GIVEN.get(name) or title(name, runs) for name in columns]
    right = [head for name, head in zip(columns, heads, strict=True) if any(is_metric(run, name) for run in runs)]
    made = table("run", "status", *heads, right=right)
    for run in runs:
        made.add_row(cell(facts.name(run)), status(run), *(text_of(run, name, now) for name in columns))
    return made


def _nothing(store: DataStore, selection: Selection) -> Text:
    if selection != Selection({}):
        every = store.service("runs").count()
        return Text(f"None of the {every:,} runs at {store.location} matches the query.")
    return Text(
        f"There are no runs at {store.location} yet. A Writer or a KerasCallback creates one, "
        "`marcelle-rt demo` shows one, and `marcelle-rt upload FOLDER` sends one that is on disk."
    )


def _entry(run: Mapping[str, Any], alerts: Sequence[Mapping[str, Any]], now: dt.datetime) -> dict[str, Any]:
    curves = facts.curves(run)
    best = {metric: facts.best(metric, values) for metric, values in curves.items()}
    return {
        **{name: run.get(name) for name in FIELDS if name != "logs"},
        **({"folder": run["folder"]} if "folder" in run else {}),
        "params": run.get("params"),
        "notes": run.get("notes"),
        "reason": run.get("reason"),
        "seconds": facts.seconds_of(run, now),
        "last": {metric: facts.last(values) for metric, values in curves.items()},
        "best": {metric: found and found.value for metric, found in best.items()},
        "alerts": [{key: alert.get(key) for key in ("level", "title", "text", "time")} for alert in alerts],
    }


def _took(run: Mapping[str, Any], now: dt.datetime) -> str:
    seconds = facts.seconds_of(run, now)
    return "" if seconds is None else text.duration(seconds)


def _print_table(
    out: Console,
    runs: Sequence[Mapping[str, Any]],
    alerts: Mapping[str, Sequence[Mapping[str, Any]]],
    how: Layout,
    now: dt.datetime,
) -> None:
    rows = []
    heads = [("folder" if "folder" in runs[0] else head) if head == "started" else head for head in _HEADS]
    for run in runs:
        name = cut(out, cell(facts.name(run)), out.width // 3)
        about = cell(text.progress(run)), _where_or_when(run, now), Text(_took(run, now))
        rows.append((name, status(run), *about))
    taken = sum(max(len(head), *(row[n].cell_len for row in rows)) + 2 for n, head in enumerate(heads[:-1]))
    made = table(*heads, right=("epoch",))
    for run, row in zip(runs, rows, strict=True):
        made.add_row(*row, _fitting([*_bells(run, alerts), *_values(run, how, now)], out.width - taken))
    out.print(made)


def _where_or_when(run: Mapping[str, Any], now: dt.datetime) -> Text:
    """The name of a run's folder, which has its time; of a backend's run how long ago it began."""
    return cell(Path(run["folder"]).name) if "folder" in run else Text(text.ago(time_of(run.get("start")), now))


def _print_blocks(
    out: Console,
    runs: Sequence[Mapping[str, Any]],
    alerts: Mapping[str, Sequence[Mapping[str, Any]]],
    how: Layout,
    now: dt.datetime,
) -> None:
    for run in runs:
        facing = Text.assemble(status(run), " ", cell(text.progress(run)))
        name = cut(out, cell(facts.name(run), "bold"), max(8, out.width - facing.cell_len - 2))
        line(out, name, "  ", facing)
        about = Text(_where_or_when(run, now).plain, "dim"), Text(_took(run, now), "dim")
        own = [] if how.columns else [*_bells(run, alerts), *(part for part in about if part)]
        parts = [*own, *_values(run, how, now)]
        line(out, _fitting(parts, out.width - 2), indent=2)


def _fitting(parts: Sequence[Text], width: int) -> Text:
    """As many of the parts as fit into that many columns, in one line."""
    shown = Text()
    for part in parts:
        if shown.cell_len + part.cell_len + 2 > width:
            break
        shown.append_text(Text.assemble("  " if shown else "", part))
    return shown


def _values(run: Mapping[str, Any], how: Layout, now: dt.datetime) -> list[Text]:
    """What was asked for, and else the last value of each metric, the loss first."""
    asked = how.columns or ([how.sort] if how.sort and how.sort not in _SHOWN else [])
    chosen = [Text.assemble((f"{clean(title(name, [run]))} ", "dim"), text_of(run, name, now)) for name in asked]
    if how.columns:
        return chosen
    return chosen + [
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
