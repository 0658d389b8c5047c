"""One process of the benchmark, run by a candidate's own Python: logs, or reads back what a folder holds.

    child.py log CANDIDATE FOLDER NOTES CALLS BUDGET PAUSE
    child.py read CANDIDATE FOLDER

`log` notes in a file that is mapped into memory, so that the notes outlive a kill: how many calls returned, when the
last one did (nanoseconds, monotonic), and how long each took (nanoseconds).
"""

from __future__ import annotations

import mmap
import sys
import time
from pathlib import Path

from candidates import CANDIDATES, values, whole


def log(name: str, folder: Path, notes_file: Path, calls: int, budget: float, pause: float) -> None:
    """Logs `calls` times, at most for `budget` seconds."""
    with notes_file.open("r+b") as file:
        notes = memoryview(mmap.mmap(file.fileno(), 0)).cast("q")
    candidate = CANDIDATES[name](folder)
    clock = time.perf_counter_ns
    end = time.monotonic() + budget
    for step in range(calls):
        logs = values(step)
        start = clock()
        candidate.log(step, logs)
        notes[2 + step] = clock() - start
        notes[0] = step + 1
        if pause:
            time.sleep(pause)
        if time.monotonic() > end:
            break
    notes[1] = time.monotonic_ns()
    candidate.finish()


if __name__ == "__main__":
    if sys.argv[1] == "log":
        log(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6]), float(sys.argv[7]))
    else:
        print(whole(CANDIDATES[sys.argv[2]].kept(Path(sys.argv[3]))))
