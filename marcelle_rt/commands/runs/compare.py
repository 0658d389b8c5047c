"""`marcelle-rt runs compare`: what sets runs apart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from ...client.data_store import DataStore
from ...errors import InvalidData
from ...foreign import clean
from ...monitor import facts, text
from ..output import cell, console, cut, line, print_json, sentence, status, table
from .columns import in_order, text_of, title
from .filters import Selection
from .finding import find_runs
from .known import SORT, check
from .show import HEADS, curve

_FACTS = ("_id", "name", "status", "outcome", "epoch", "epochs")
_ABSENT = "-"
_CURVES = 8  # runs of which the curves are shown too


def compare_runs(
    store: DataStore, words: Sequence[str], selection: Selection | None, sort: str | None, as_json: bool
) -> None:
    """Prints a row per run, with the parameters that differ and the best of each metric; of a few runs the curves too.

    Args:
        store: The backend.
        words: Runs.
        selection: More of them.
        sort: The column by which they are sorted; as they were named, and the newest first, if `None`.
        as_json: One object: `runs`, `params` and `metrics`, with a list for each parameter and metric, in the runs'
            order.

    Raises:
        InvalidData: Fewer than two runs.
        UnknownName: Of the query or the order, one that no run has.
        NoSuchRun: A word stands for no run, or for several.
        MarcelleError: What the backend or the line raised.
    """
    runs: Sequence[Mapping[str, Any]] = find_runs(store, words, selection)
    if len(runs) < 2:
        few = f"finds one run, {clean(facts.name(runs[0]))}" if runs else "finds nothing"
        raise InvalidData("runs", " ".join(words) or "the query", f"{few}; at least two can be compared")
    now = dt.datetime.now(dt.timezone.utc)
    if sort is not None:
        check([sort], runs, SORT)
        runs = in_order(runs, sort, False, now)
    params = _differing([facts.flat(run.get("params")) for run in runs])
    curves = [facts.curves(run) for run in runs]
    metrics = facts.ordered(dict.fromkeys(metric for each in curves for metric in each))
    if as_json:
        print_json(
            {
                "runs": [{key: run.get(key) for key in _FACTS} for run in runs],
                "params": params,
                "metrics": {
                    m: [_numbers(run, m, each.get(m)) for run, each in zip(runs, curves, strict=True)] for m in metrics
                },
            }
        )
        return
    out = console()
    _print_rows(out, runs, [f"params.{name}" for name in params], metrics, now)
    if not params:
        sentence(out, Text("They have the same parameters.", "dim"))
    if not metrics:
        sentence(out, Text("None of them has metrics yet.", "dim"))
    if len(runs) <= _CURVES:
        for metric in metrics:
            _print_metric(out, runs, metric, [each.get(metric) for each in curves])


def _print_rows(
    out: Console, runs: Sequence[Mapping[str, Any]], params: Sequence[str], metrics: Sequence[str], now: dt.datetime
) -> None:
    """A row per run; where not all columns fit, the rest goes into further tables with the same rows."""
    heads = [Text("run"), Text("status"), Text("epoch", justify="right")]
    first = [(_name(out, run), status(run), cell(text.progress(run))) for run in runs]
    columns = [
        (cell(title(name, runs)), [Text(text_of(run, name, now)) for run in runs]) for name in (*params, *metrics)
    ]
    width = _width([heads[0], *(row[0] for row in first)])
    taken = width + sum(_width([head, *(row[n] for row in first)]) for n, head in enumerate(heads) if n)
    rows = [list(row) for row in first]
    for number, (head, texts) in enumerate(columns):
        needed = _width([head, *texts])
        if taken + needed > out.width and len(heads) > 1:
            _print_table(out, heads, rows)
            heads, rows, taken = [Text("run")], [[row[0]] for row in first], width
        head.justify = "right" if number >= len(params) else "left"
        heads.append(head)
        taken += needed
        for row, found in zip(rows, texts, strict=True):
            row.append(found)
    _print_table(out, heads, rows)


def _width(texts: Sequence[Text]) -> int:
    return max(each.cell_len for each in texts) + 2


def _print_table(out: Console, heads: Sequence[Text], rows: Sequence[Sequence[Text]]) -> None:
    made = table(*(head.plain for head in heads), right=[head.plain for head in heads if head.justify == "right"])
    for row in rows:
        made.add_row(*row)
    out.print(made)


def _differing(params: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """For each parameter that is not the same in all runs its values; `None` where a run has none."""
    names = dict.fromkeys(name for each in params for name in each)
    table_of = {name: [each.get(name) for each in params] for name in names}
    return {name: values for name, values in table_of.items() if any(value != values[0] for value in values)}


def _numbers(run: Mapping[str, Any], metric: str, values: Sequence[Any] | None) -> dict[str, Any] | None:
    best = None if values is None else facts.best(metric, values)
    if values is None or best is None:
        return None
    epoch = facts.epoch_numbers(run, len(values))[best.place]
    return {"last": facts.last(values), "best": best.value, "best_epoch": epoch}


def _name(out: Console, run: Mapping[str, Any]) -> Text:
    return cut(out, cell(facts.name(run), "bold"), max(8, out.width // 3))


def _print_metric(
    out: Console, runs: Sequence[Mapping[str, Any]], metric: str, curves: Sequence[Sequence[Any] | None]
) -> None:
    """A metric of all runs, one below the other, so that the eye compares."""
    out.print()
    line(out, Text(clean(metric), "bold"))
    rows: list[tuple[Text, Text, Text]] = []
    for run, values in zip(runs, curves, strict=True):
        numbers = _numbers(run, metric, values)
        last = _ABSENT if numbers is None else text.number(numbers["last"])
        best = _ABSENT if numbers is None else f"{text.number(numbers['best'])} @{numbers['best_epoch']}"
        rows.append((_name(out, run), Text(last), Text(best)))
    taken = sum(max(len(head), *(row[n].cell_len for row in rows)) + 2 for n, head in enumerate(HEADS[:-1]))
    made = table("run", *HEADS[1:], right=("last",))
    for row, values in zip(rows, curves, strict=True):
        made.add_row(*row, curve(out, values or (), out.width - taken))
    out.print(made)
