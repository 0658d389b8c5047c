"""How long `marcelle-rt runs` takes until it shows something, on a backend with 10,000 runs.

Each run has 4 metrics of 50 epochs. The command is started anew each time, as people do, and the clock stops at the
first byte that it shows. Its own time is that without what the server takes, which is the time that the same calls take
from a process that is connected already: both of the round that was disturbed least, as other work on the machine
only adds.
As that also subtracts our own reading of the answers, the processor time of the whole command is measured too (the
median), and the greater of both is judged.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
import uuid

from benchmarks.support.measure import verdict
from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.commands.beside import ALERTS, of_runs
from marcelle_rt.commands.runs.listing import FIELDS

RUNS = 10_000
EPOCHS = 50
AT_ONCE = 200  # documents in one message
ROUNDS = 15
PROMISED = 1.0  # seconds


def fill(store: DataStore) -> None:
    """Creates the runs, by arrays."""
    runs = store.service("runs")
    logs = {name: [1 / (n + 3) for n in range(EPOCHS)] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
    for first in range(0, RUNS, AT_ONCE):
        runs.create(
            [
                {
                    "_id": str(uuid.uuid4()),
                    "name": f"bench-{n}",
                    "basename": "bench",
                    "start": f"2026-01-{1 + n // 400:02d}T{n // 60 % 24:02d}:{n % 60:02d}:00.000Z",
                    "status": "success",
                    "epoch": EPOCHS,
                    "epochs": EPOCHS,
                    "params": {"lr": 0.1},
                    "logs": logs,
                }
                for n in range(first, first + AT_ONCE)
            ]
        )


def command(url: str) -> tuple[float, float]:
    """Seconds from the start of the command to its first byte, and its processor time."""
    before = os.times()
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "marcelle_rt", "runs", "--backend", url],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        painted = time.perf_counter() - start
        shown = first + process.stdout.read()
    assert process.returncode == 0
    assert b"9,980 more" in shown
    after = os.times()
    own = after.children_user - before.children_user + after.children_system - before.children_system
    return painted, own


def server(store: DataStore) -> float:
    """Seconds that the same calls take, from here."""
    start = time.perf_counter()
    runs = store.service("runs")
    runs.count()
    found = list(runs.items({"$sort": {"start": -1}, "$limit": 20, "$select": FIELDS}))
    of_runs(store, ALERTS, [run["_id"] for run in found])
    return time.perf_counter() - start


if __name__ == "__main__":
    with Backend(port=0) as backend, DataStore(backend.url, timeout=60) as store:
        fill(store)
        painted, own, answers = [], [], []
        for _ in range(1 + ROUNDS):
            answers.append(server(store))
            wall, cpu = command(backend.url)
            painted.append(wall)
            own.append(cpu)
    wall, cpu, asked = (statistics.median(taken[1:]) for taken in (painted, own, answers))
    least = min(painted) - min(answers)
    print(
        f"medians: first paint {wall:.2f} s, of which the server {asked:.2f} s; processor time {cpu:.2f} s; "
        f"first paint without the server, of the fastest rounds, {least:.2f} s"
    )
    sys.exit(not verdict(f"own time to list {RUNS:,} runs", max(least, cpu), PROMISED, " s"))
