"""`marcelle-rt runs compare`: what sets runs apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from ...client.data_store import DataStore
from ...errors import InvalidData
from ...foreign import clean
from ...monitor import facts, text
from ..output import cell, console, cut, line, print_json, sentence, status, table
from .finding import find_runs
from .show import HEADS, curve

_ABSENT = "-"


def compare_runs(store: DataStore, words: Sequence[str], as_json: bool) -> None:
    """Prints the parameters that differ, then each metric of each run.

    Args:
        store: The backend.
        words: The runs, two or more.
        as_json: One object: `runs`, `params` and `metrics`, with a list a parameter and metric, in the runs' order.

    Raises:
        InvalidData: Fewer than two runs.
        NoSuchRun: A word stands for no run, or for several.
        MarcelleError: What the backend or the line raised.
    """
    runs = find_runs(store, words)
    if len(runs) < 2:
        raise InvalidData("runs", " ".join(words), "is one run; name at least two to compare")
    params = _differing([facts.flat(run.get("params")) for run in runs])
    curves = [facts.curves(run) for run in runs]
    metrics = list(dict.fromkeys(metric for each in curves for metric in each))
    if as_json:
        print_json(
            {
                "runs": [{key: run.get(key) for key in ("_id", "name", "status", "epoch", "epochs")} for run in runs],
                "params": params,
                "metrics": {
                    m: [_numbers(run, m, each.get(m)) for run, each in zip(runs, curves, strict=True)] for m in metrics
                },
            }
        )
        return
    out = console()
    for run in runs:
        line(out, _name(out, run), "  ", status(run.get("status")), "  ", cell(text.progress(run)))
    _print_params(out, runs, params)
    for metric in metrics:
        _print_metric(out, runs, metric, [each.get(metric) for each in curves])
    if not metrics:
        sentence(out, Text("None of them has metrics yet.", "dim"))


def _differing(params: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """For each parameter that is not the same in all runs its values; `None` where a run has none."""
    names = dict.fromkeys(name for each in params for name in each)
    table_of = {name: [each.get(name) for each in params] for name in names}
    return {name: values for name, values in table_of.items() if any(value != values[0] for value in values)}


def _numbers(run: Mapping[str, Any], metric: str, values: Sequence[Any] | None) -> dict[str, Any] | None:
    best = None if values is None else facts.best(metric, values)
    if values is None or best is None:
        return None
    epoch = facts.first_epoch(run, len(values)) + best.place
    return {"last": facts.last(values), "best": best.value, "best_epoch": epoch}


def _name(out: Console, run: Mapping[str, Any]) -> Text:
    return cut(out, cell(facts.name(run), "bold"), max(8, out.width // 3))


def _print_params(out: Console, runs: Sequence[Mapping[str, Any]], params: Mapping[str, Sequence[Any]]) -> None:
    out.print()
    if not params:
        sentence(out, Text("They have the same parameters.", "dim"))
        return
    shown = {
        clean(name): [_ABSENT if value is None else clean(text.short(value)) for value in values]
        for name, values in params.items()
    }
    names = [_name(out, run) for run in runs]
    widths = [max(len(name) for name in shown)] + [
        max(name.cell_len, *(len(values[n]) for values in shown.values())) for n, name in enumerate(names)
    ]
    if sum(widths) + 2 * len(widths) <= out.width:
        made = table("", *(name.plain for name in names))
        for parameter, values in shown.items():
            made.add_row(Text(parameter, "dim"), *(Text(value) for value in values))
        out.print(made)
        return
    for parameter, values in shown.items():
        line(out, Text(parameter, "dim"))
        for name, value in zip(names, values, strict=True):
            line(out, name, "  ", value, indent=2)


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
