"""200 runs at once in 4 processes, then 100 processes with a run each, against one backend on this machine.

All must arrive complete. An observer, as a page is one, sees how long it is between two events of a run.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.support.measure import verdict
from marcelle_rt.backend import Backend
from tests.support.trainings.many_runs import Load, run

LOADS = {  # and the median seconds between a run's events that are promised
    "4 processes with 50 runs each": (Load(processes=4, runs=50, epochs=100, apart=0.1), 0.5),
    "100 processes with a run each": (Load(processes=100, runs=1, epochs=100, apart=0.1), 1.0),
}


def measure(name: str, load: Load, promised: float) -> bool:
    """Runs one load; returns whether what is promised of it is kept."""
    with tempfile.TemporaryDirectory() as folder, Backend() as backend:
        report = run(load, backend.url, Path(folder))
    print(f"{name}\n{report.lines()}")
    kept = verdict(f"median seconds between a run's events ({name})", report.quantile(0.5), promised, " s")
    return verdict(f"runs that are not complete ({name})", load.processes * load.runs - report.complete, 0, "") and kept


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(LOADS)
    results = [measure(name, *LOADS[name]) for name in LOADS if any(name.startswith(word) for word in chosen)]
    sys.exit(not all(results))
