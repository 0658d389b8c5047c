"""What one log call of four scalars costs the training thread, and what `kill -9` leaves of it: marcelle_rt and others.

    python -m benchmarks.peers [calls] [kills] [report]

Each tool gets a virtual environment of its own in the user's cache folder, with the version in requirements.txt; one
that can't be installed is left out, and the table says so. Nothing but the installation goes to a network. Each round
runs each tool once, in a fresh process, in another order; the figures are medians over the rounds. What was measured
is kept in the cache folder, from which `report` writes docs/peers.md and docs/peers.svg. Without arguments, all three.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.peers.candidates import CANDIDATES
from benchmarks.peers.environments import pins, python_of
from benchmarks.peers.processes import Runner
from benchmarks.peers.report import write
from marcelle_rt.backend import Backend
from marcelle_rt.config import cache_dir

ROOT = Path(__file__).parents[2]
KINDS = {"paced": (1_000, 5, 0.002), "short": (1_000, 5, 0.0), "long": (100_000, 3, 0.0)}  # calls, rounds, pause
BUDGET = 8.0  # seconds of calls in one process, for the slow ones
KILLS = 5
PACE = 0.005  # seconds between the calls of a process that is to be killed
EARLIEST, LATEST = 0.5, 2.0  # seconds after the first call


def runners(backend: str) -> list[Runner]:
    """A runner for each candidate that can be installed."""
    found = []
    pythons = {package: python_of(package, version) for package, version in pins().items()}
    for name, candidate in CANDIDATES.items():
        if not candidate.package:
            where = {"PEERS_BACKEND": backend} if "live" in name else {}
            found.append(Runner(name, sys.executable, {"PYTHONPATH": str(ROOT), **where}))
        elif python := pythons[candidate.package]:
            found.append(Runner(name, str(python), {}))
    return found


def quantiles(seconds: list[float]) -> tuple[float, float]:
    """Median and 99th percentile."""
    ordered = sorted(seconds)
    return ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]


def measure_calls(all_runners: list[Runner]) -> dict[str, Any]:
    """Times each candidate, round by round."""
    results: dict[str, Any] = {kind: {runner.name: [] for runner in all_runners} for kind in KINDS}
    for kind, (calls, rounds, pause) in KINDS.items():
        for number in range(rounds):
            for runner in random.sample(all_runners, len(all_runners)):
                try:
                    timed = runner.time(calls, BUDGET + calls * pause, pause)
                except RuntimeError as error:  # a tool that fails here is left out, and the page says so
                    print(f"{kind} {number + 1}/{rounds} {runner.name} failed: {error}", flush=True)
                    continue
                median, p99 = quantiles(timed.calls)
                row = {"median": median, "p99": p99, "exit": timed.exit, "calls": len(timed.calls)}
                results[kind][runner.name].append(row)
                print(f"{kind} {number + 1}/{rounds} {runner.name}: {len(timed.calls)} calls, ", end="")
                print(f"median {median * 1e6:.1f} us, p99 {p99 * 1e6:.1f} us, exit {timed.exit:.2f} s", flush=True)
    return results


def measure_kills(all_runners: list[Runner]) -> dict[str, Any]:
    """Kills each candidate at random moments."""
    results: dict[str, Any] = {kind: {runner.name: [] for runner in all_runners} for kind in ("alone", "helpers")}
    for number in range(KILLS):
        for runner in random.sample(all_runners, len(all_runners)):
            for kind in results:
                try:
                    killed = runner.kill(random.uniform(EARLIEST, LATEST), PACE, helpers=kind == "helpers")
                except RuntimeError as error:
                    print(f"kill {kind} {number + 1}/{KILLS} {runner.name} failed: {error}", flush=True)
                    continue
                lost = killed.returned - killed.kept
                results[kind][runner.name].append({"returned": killed.returned, "lost": lost})
                print(f"kill {kind} {number + 1}/{KILLS} {runner.name}: lost {lost} of {killed.returned}", flush=True)
    return results


def main(tasks: list[str]) -> bool:
    """Does what is asked for; whether every promise is kept."""
    store = cache_dir() / "peers" / "results.json"
    with Backend(port=0) as backend:
        found = runners(backend.url)
        for task, measure in (("calls", measure_calls), ("kills", measure_kills)):
            if task in tasks:
                measured = measure(found)
                results = {**_stored(store), task: measured, f"{task} on": time.strftime("%Y-%m-%d")}
                store.write_text(json.dumps(results))
    return write(_stored(store), ROOT / "docs", EARLIEST, LATEST) if "report" in tasks else True


def _stored(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}  # type: ignore[no-any-return]


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:] or ["calls", "kills", "report"]))
