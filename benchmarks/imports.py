"""How long `import marcelle_rt` takes in a fresh process, beside `import tensorboardX`.

The package loads its parts when they are first used, so `from marcelle_rt import Writer` is measured too. Both are
compiled before, as pip does it: a checkout's modules may not be, where `$PYTHONDONTWRITEBYTECODE` is set.

Needs tensorboardX: `pip install tensorboardX`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

from benchmarks.support.measure import verdict

ROUNDS = 15
CODE = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"


def seconds(statement: str, compiled: str) -> float:
    """One import in a fresh process, without the interpreter's own start; compiled modules are in a folder."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", CODE.format(statement)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def measure(statements: tuple[str, ...]) -> dict[str, float]:
    """The median of each import, in seconds; they take turns."""
    taken: dict[str, list[float]] = {statement: [] for statement in statements}
    with tempfile.TemporaryDirectory() as compiled:
        for statement in statements:
            seconds(statement, compiled)  # compiles it
        for _ in range(ROUNDS):
            for statement, times in taken.items():
                times.append(seconds(statement, compiled))
    return {statement: statistics.median(times) for statement, times in taken.items()}


if __name__ == "__main__":
    theirs = "import tensorboardX"
    ours = ("import marcelle_rt", "from marcelle_rt import Writer")
    medians = measure((theirs, *ours))
    for statement, median in medians.items():
        print(f"{statement}: {median * 1e3:.1f} ms")
    kept = True
    for statement in ours:
        kept &= verdict(f"{statement} over {theirs}", medians[statement] / medians[theirs], 1.0)
    sys.exit(not kept)
