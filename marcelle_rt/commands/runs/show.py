"""`marcelle-rt runs show`: all that a backend knows of one run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ...client.data_store import DataStore
from ...foreign import clean
from ...monitor import facts, text
from ...monitor.terminal.sparkline import sparkline
from ...values import time_of
from .. import beside, local
from ..output import cell, console, cut, is_ascii, line, print_json, sentence, status, table
from . import files
from .finding import find_run

_LABEL = 11  # columns
_CURVE, _CURVE_LEAST = 60, 5  # columns
HEADS = ("metric", "last", "best @epoch", "")


def show_run(store: DataStore, word: str, as_json: bool) -> None:
    """Prints one run.

    Args:
        store: The backend.
        word: The run's name, `_id`, or the beginning of it.
        as_json: The run's document as one object, with its `alerts`, the newest of its `system` metrics, and the
            `folder` on this machine.

    Raises:
        NoSuchRun: No run is meant, or several.
        MarcelleError: What the backend or the line raised.
    """
    run = find_run(store, word)
    alerts = beside.of_runs(store, beside.ALERTS, [run["_id"]]).get(run["_id"], [])
    system = beside.newest(store, beside.SYSTEM, run["_id"])
    addresses = {} if as_json else files.addresses(store, run)
    _print_run(run, alerts, system, local.folder_of(run), addresses, as_json)


def show_folder(directory: Path, as_json: bool) -> None:
    """Prints the run of a folder on this disk, as far as the folder tells; the rest is as for `show_run`.

    Raises:
        RunFolderError: It holds no run.
    """
    run = local.document_of(directory)
    _print_run(run, local.beside_of(directory, beside.ALERTS), None, directory, {}, as_json)


def _print_run(
    run: Mapping[str, Any],
    alerts: Sequence[Mapping[str, Any]],
    system: Mapping[str, Any] | None,
    directory: Path | None,
    addresses: Mapping[str, str],
    as_json: bool,
) -> None:
    if as_json:
        print_json({**run, "alerts": alerts, "system": system, "folder": directory and str(directory)})
        return
    out = console()
    now = dt.datetime.now(dt.timezone.utc)
    line(out, cell(facts.name(run), "bold"), "  ", status(run), "  ", cell(text.progress(run)))
    _print_facts(out, run, now)
    if directory is not None:
        _fact(out, "folder", clean(directory))
    if system is not None:
        _fact(out, "system", f"{text.system(system)} ({text.ago(time_of(system.get('time')), now)})")
    _print_named(out, "params", run.get("params"))
    print_metrics(out, run)
    _print_named(out, "summary", run.get("summary"))
    files.print_files(out, run, addresses)
    for alert in alerts:
        _print_alert(out, alert, now)


def _fact(out: Console, label: str, text: Text | str) -> None:
    """A line `label  text`, whose text goes on below itself."""
    grid = table("", "")
    grid.show_header = False
    grid.columns[0].min_width = _LABEL
    grid.columns[1].no_wrap = False
    grid.columns[1].overflow = "fold"
    grid.add_row(Text(label, "dim"), Text(text) if isinstance(text, str) else text)
    out.print(grid)


def _print_facts(out: Console, run: Mapping[str, Any], now: dt.datetime) -> None:
    _fact(out, "_id", clean(run["_id"]))
    if (start := time_of(run.get("start"))) is not None:
        began = f"{start.astimezone():%Y-%m-%d %H:%M:%S} ({text.ago(start, now)})"
        if (seconds := facts.seconds_of(run, now)) is not None:
            began += f", {'for' if run.get('status') in facts.ACTIVE else 'took'} {text.duration(seconds)}"
        _fact(out, "started", began)
    tags = run.get("tags")
    if isinstance(tags, list) and tags:
        _fact(out, "tags", clean(", ".join(map(str, tags))))
    for name in ("group", "notes"):
        if run.get(name):
            _fact(out, name, clean(run[name]))
    if run.get("error"):
        _fact(out, "error", cell(run["error"], "bold red" if run.get("status") == "error" else ""))
    if run.get("reason"):
        _fact(out, "reason", clean(run["reason"]))
    model = run.get("model")
    if isinstance(model, Mapping):
        count = model.get("param_count")
        count = count.get("total") if isinstance(count, Mapping) else count
        loss = model.get("loss")
        parts = [
            clean(model.get("name") or ""),
            f"{count:,} weights" if isinstance(count, int) else "",
            f"loss {clean(loss)}" if loss and loss != facts.NO_LOSS else "",
        ]
        _fact(out, "model", ", ".join(part for part in parts if part))
    if run.get("source"):
        _fact(out, "source", clean(run["source"]))


def _print_named(out: Console, label: str, values: Any) -> None:
    """Parameters, or what a run's summary has."""
    if named := facts.flat(values):
        parts = [Text.assemble((f"{clean(name)} ", "dim"), clean(text.short(v))) for name, v in named.items()]
        _fact(out, label, Text("  ").join(parts))


def print_metrics(out: Console, run: Mapping[str, Any]) -> None:
    """Prints a run's metrics with their last and best values and their curves."""
    curves = facts.curves(run)
    if not curves:
        sentence(out, Text("It has no metrics yet.", "dim"))
        return
    rows = [
        (cut(out, cell(metric), max(8, out.width // 3)), *_values(run, metric, v), v) for metric, v in curves.items()
    ]
    taken = sum(max(len(head), *(len(row[n]) for row in rows)) + 2 for n, head in enumerate(HEADS[:-1]))
    out.print()
    made = table(*HEADS, right=("last",))
    for name, last, best, values in rows:
        made.add_row(name, last, best, curve(out, values, out.width - taken))
    out.print(made)


def _values(run: Mapping[str, Any], metric: str, values: Sequence[Any]) -> tuple[str, str]:
    """The last value, with its epoch where that is not the last one (which had NaN, say), and the best with its own."""
    best = facts.best(metric, values)
    if best is None:
        return "-", "-"
    numbers = facts.epoch_numbers(run, len(values))
    last = text.number(facts.last(values))
    if not facts.is_number(values[-1]):
        place = max(place for place, value in enumerate(values) if facts.is_number(value))
        last += f" @{numbers[place]}"
    return last, f"{text.number(best.value)} @{numbers[best.place]}"


def curve(out: Console, values: Sequence[Any], width: int) -> Text:
    """A metric as a sparkline in so much room, if there is enough for one."""
    width = min(_CURVE, width) if width >= _CURVE_LEAST else 0
    return Text(sparkline([v if facts.is_number(v) else None for v in values], width, is_ascii(out)), "cyan")


def _print_alert(out: Console, alert: Mapping[str, Any], now: dt.datetime) -> None:
    out.print()
    level = str(alert.get("level", "info"))
    when = text.ago(time_of(alert.get("time")), now)
    line(out, cell(level, text.LEVELS.get(level, "")), "  ", cell(alert.get("title")), Text(f"  {when}", "dim"))
    if alert.get("text"):
        sentence(out, cell(alert["text"]))
