"""Writes what was measured as docs/peers.md, with the chart docs/peers.svg, and says which promises are kept."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.peers.candidates import CANDIDATES
from benchmarks.peers.chart import draw
from benchmarks.peers.environments import pins
from benchmarks.support.measure import verdict

OURS = [name for name, candidate in CANDIDATES.items() if not candidate.package]
Row = dict[str, float]

TEXT = """# What a log call costs, and what a kill leaves of it

![Median and 99th percentile of one log call](peers.svg)

Four scalars are logged by one call (tensorboardX: four), in a fresh process, with each tool as its documentation
says, offline and with its defaults. `marcelle_rt` writes to disk alone, as the others do; `marcelle_rt, live` streams
to a real backend on the same machine as well. *Paced* is a call each 2 ms, as in a training; the others are back to
back. Microseconds on the training thread, median / 99th percentile; the exit is from the last call to the end of
the process, with the tool's own `finish`; `marcelle_rt, live` waits there until the backend has every epoch.

{table}

{remarks}

Measured on {date} with `python -m benchmarks.peers`: {machine}. Each round runs every tool once, in a random order and
a process of its own; figures are medians over rounds ({rounds} of the three kinds). Other programs were at work on the
machine, so read them as ratios. The 99th percentiles of back-to-back calls have the tools' own threads in them.

## What is on disk when a call returns

A process logs one call each 5 ms, and notes each one that returned. At a random moment, {earliest} to {latest} seconds
after the first, it gets `kill -9`: alone, or with its helper processes, as when a job is stopped or memory runs out
(wandb writes in a helper process). Then the tool's own reader, or a reader of its file format where its own refuses
files that were cut off, says which calls are there with all four values. The table has the median of {kills} kills,
and the most.

{lost}

{others}
"""


def write(results: dict[str, Any], docs: Path, earliest: float, latest: float) -> bool:
    """Writes the page and the chart.

    Args:
        results: `calls`: for each kind the candidates' rounds; `kills`: for each kind the candidates' kills.
        docs: The folder of the docs.
        earliest: When processes were killed, in seconds after their first call: from this
        latest: to this.

    Returns:
        Whether each promise is kept.
    """
    calls, kills = results["calls"], results["kills"]
    figures = {kind: {name: _medians(rounds) for name, rounds in names.items()} for kind, names in calls.items()}
    names = [name for name in CANDIDATES if figures["short"].get(name)]
    left_out = [name for name in CANDIDATES if name not in names]
    remarks = [f"{name} could not be installed or run here." for name in left_out]
    stopped = {name: figures["long"][name]["calls"] for name in names if figures["long"][name]["calls"] < 100_000}
    if stopped:
        counts = ", ".join(f"{name} {calls:,.0f}" for name, calls in stopped.items())
        remarks.append(f"\\* Stopped before 100,000 calls, because their time was up; calls made: {counts}.")
    text = TEXT.format(
        table=_table(names, figures, stopped),
        remarks="\n".join(remarks),
        date=results["calls on"],
        machine=f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        rounds=", ".join(str(max(map(len, names.values()))) for names in calls.values()),
        earliest=earliest,
        latest=latest,
        kills=max(map(len, kills["alone"].values())),
        lost=_lost(names, kills),
        others=_others_without_loss(names, kills, figures["short"]),
    )
    docs.mkdir(exist_ok=True)
    (docs / "peers.md").write_text(text)
    (docs / "peers.svg").write_text(draw({kind: {name: figures[kind][name] for name in names} for kind in figures}))
    print(text, file=sys.stderr)
    return all([*_promises(names, figures), _nothing_lost(kills)])


def _medians(rounds: list[Row]) -> Row:
    return {key: statistics.median(row[key] for row in rounds) for key in rounds[0]} if rounds else {}


def _table(names: list[str], figures: dict[str, dict[str, Row]], stopped: dict[str, float]) -> str:
    versions = pins()
    lines = [
        "| | version | 1,000 calls, paced | 1,000 calls | 100,000 calls | exit after 1,000 | exit after 100,000 |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in names:
        paced, short, long = (figures[kind][name] for kind in ("paced", "short", "long"))
        star = " \\*" if name in stopped else ""
        cells = [name, versions.get(CANDIDATES[name].package, "this"), _cost(paced), _cost(short), _cost(long) + star]
        cells += [_seconds(short["exit"]), _seconds(long["exit"]) + star]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cost(row: Row) -> str:
    return f"{_micros(row['median'])} / {_micros(row['p99'])}"


def _micros(seconds: float) -> str:
    micros = seconds * 1e6
    return f"{micros:.1f}" if micros < 10 else f"{micros:,.0f}"


def _seconds(seconds: float) -> str:
    return "over 30 s" if seconds == float("inf") else f"{seconds:.2f} s"


def _lost(names: list[str], kills: dict[str, dict[str, list[dict[str, int]]]]) -> str:
    lines = [
        "| | lost of the calls that had returned: the process killed | the process and its helpers killed |",
        "|---|---|---|",
    ]
    for name in names:
        cells = []
        for kind in ("alone", "helpers"):
            rows = kills[kind].get(name, [])
            if not rows:
                cells.append("not measured")
                continue
            lost, returned = ([row[key] for row in rows] for key in ("lost", "returned"))
            cells.append(f"{statistics.median(lost):.0f} of {statistics.median(returned):.0f}, at most {max(lost)}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _others_without_loss(names: list[str], kills: dict[str, Any], costs: dict[str, Row]) -> str:
    lost = {name: sum(row["lost"] for kind in kills.values() for row in kind.get(name, [])) for name in names}
    others = [name for name in names if name not in OURS and not lost[name] and kills["alone"].get(name)]
    ratios = [
        f"{name} (a call takes {costs[name]['median'] / costs[OURS[0]]['median']:.0f} times as long)" for name in others
    ]
    return f"Of the others, {', '.join(ratios) or 'none'} had every call on disk before it returned."


def _promises(names: list[str], figures: dict[str, dict[str, Row]]) -> list[bool]:
    kept = []
    for ours in OURS:
        for kind, of in (("paced", "1,000 calls, paced"), ("short", "1,000 calls"), ("long", "100,000 calls")):
            for key in ("median", "p99"):
                others = {name: figures[kind][name][key] for name in names if name not in OURS}
                best = min(others, key=others.__getitem__)
                ratio = figures[kind][ours][key] / others[best]
                kept.append(verdict(f"{ours} over the best other ({best}), {key} of {of}", ratio, 1.0))
    return kept


def _nothing_lost(kills: dict[str, dict[str, list[dict[str, int]]]]) -> bool:
    lost = sum(row["lost"] for kind in kills.values() for name in OURS for row in kind[name])
    return verdict("calls that were lost", lost, 0, "")
