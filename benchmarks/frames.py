"""How long DataFrames take: of 100,000 epochs with 4 metrics, and of 10,000 runs.

`history_frame` is measured beside reading the document alone, and `runs_frame` beside reading its documents alone. It
needs `pip install "marcelle-rt[dev]"`.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.support.measure import verdict
from marcelle_rt import DataStore, Remote
from marcelle_rt.backend import Backend
from marcelle_rt.monitor import history_frame, runs_frame

EPOCHS = 100_000
RUNS = 10_000
ROUNDS = 3
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


def least(work: Callable[[], Any]) -> float:
    """The least seconds of a few rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def fill(store: DataStore, remote: Remote) -> str:
    """Creates a long run and many short ones; returns the long one's `_id`."""
    logs = {metric: [math.sin(n) / (n + 1) for n in range(EPOCHS)] for metric in METRICS}
    run = remote.create({"basename": "long", "status": "success", "epoch": EPOCHS, "epochs": EPOCHS, "logs": logs})
    runs = store.service("runs")
    short = {metric: [1 / (n + 1) for n in range(20)] for metric in METRICS}
    for start in range(0, RUNS, 500):
        runs.create(
            [
                {
                    "name": f"short-{n}",
                    "basename": "short",
                    "start": "2026-11-25T10:00:00.000Z",
                    "status": "success",
                    "epoch": 20,
                    "epochs": 20,
                    "params": {"lr": n / RUNS, "width": n},
                    "logs": short,
                    "checkpoints": [],
                    "assets": [],
                }
                for n in range(start, start + 500)
            ]
        )
    return str(run["_id"])


if __name__ == "__main__":
    with Backend(port=0) as backend, DataStore(backend.url) as store, Remote(store) as remote:
        runs = store.service("runs")
        id = fill(store, remote)
        document = runs.get(id)
        assert history_frame(document).shape == (EPOCHS, len(METRICS))
        assert len(runs_frame(store, {"basename": "short"})) == RUNS
        reading = least(lambda: runs.get(id))
        table = least(lambda: history_frame(document))
        rows = least(lambda: runs.to_pandas({"_id": id}))
        many = least(lambda: list(runs.items({"basename": "short"})))
        frame = least(lambda: runs_frame(store, {"basename": "short"}))
    print(f"{EPOCHS} epochs: read in {reading * 1e3:.0f} ms; history_frame {table * 1e3:.0f} ms more")
    print(f"to_pandas of that run, reading it included: {rows * 1e3:.0f} ms")
    print(f"{RUNS} runs: read in {many:.2f} s; runs_frame, reading included: {frame:.2f} s")
    kept = verdict("history_frame of 100,000 epochs over reading their document", table / reading, 1.0)
    kept &= verdict("runs_frame of 10,000 runs over reading them", frame / many, 2.0)
    sys.exit(not kept)
