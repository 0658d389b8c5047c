"""How long `import marcelle_rt` takes in a fresh process, beside `import tensorboardX`.

The package loads its parts when they are first used, so `from marcelle_rt import Writer` is measured too.

Needs tensorboardX: `pip install tensorboardX`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from benchmarks.support.measure import verdict

ROUNDS = 15
CODE = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"


def seconds(statement: str) -> float:
    """One import in a fresh process, without the interpreter's own start."""
    command = [sys.executable, "-c", CODE.format(statement)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


if __name__ == "__main__":
    theirs = "import tensorboardX"
    ours = ("import marcelle_rt", "from marcelle_rt import Writer")
    taken: dict[str, list[float]] = {statement: [] for statement in (theirs, *ours)}
    for statement in taken:
        seconds(statement)  # fills the caches
    for _ in range(ROUNDS):
        for statement, times in taken.items():
            times.append(seconds(statement))
    medians = {statement: statistics.median(times) for statement, times in taken.items()}
    for statement, median in medians.items():
        print(f"{statement}: {median * 1e3:.1f} ms")
    kept = True
    for statement in ours:
        kept &= verdict(f"{statement} over {theirs}", medians[statement] / medians[theirs], 1.0)
    sys.exit(not kept)
