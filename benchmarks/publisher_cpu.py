"""What sending a run costs the process that trains, at an epoch of 10 ms with 4 metrics.

Shares are CPU time of all threads of ours (publisher, reader, writer and dispatcher of the socket) over the wall time
of the training, and over the CPU time of the whole process. One training sleeps its 10 ms, as one that waits for a
GPU; the other computes them in Python, so that it competes with our threads for the interpreter: the second is what
is promised. The least epochs are also counted that the same training makes with `remote=False`, for what it is slowed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable

from measure import verdict

from marcelle_rt import Writer
from marcelle_rt.backend import Backend

EPOCH = 0.010  # seconds
EPOCHS = 2_000
LOGS = {"loss": 0.123456, "accuracy": 0.987654, "val_loss": 0.234567, "val_accuracy": 0.876543}


def threads_cpu() -> float:
    """CPU seconds of all threads but the one that calls."""
    own = threading.get_native_id()
    ticks = 0
    for name in os.listdir("/proc/self/task"):
        if int(name) != own:
            with open(f"/proc/self/task/{name}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def compute() -> None:
    """Takes 10 ms of this thread's own CPU time."""
    end = time.thread_time() + EPOCH
    while time.thread_time() < end:
        sum(range(200))


def train(url: str | None, step: Callable[[], object]) -> tuple[float, float, float]:
    """Trains; returns wall seconds, our threads' CPU seconds and the process' CPU seconds."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Writer("cpu", url, base_log_dir=folder, remote=None if url else False) as writer,
    ):
        writer.create_run()
        writer.train_begin(EPOCHS)
        writer.save_epoch(0, LOGS)
        writer.flush()
        begun, ours, all_cpu = time.monotonic(), threads_cpu(), time.process_time()
        for epoch in range(1, EPOCHS):
            step()
            writer.save_epoch(epoch, LOGS)
        return time.monotonic() - begun, threads_cpu() - ours, time.process_time() - all_cpu


if __name__ == "__main__":
    kept = True
    with Backend() as backend:
        for name, step in (("sleeps", lambda: time.sleep(EPOCH)), ("computes", compute)):
            wall, ours, process = train(backend.url, step)
            print(
                f"a training that {name}: {EPOCHS} epochs in {wall:.1f} s; our threads {ours:.2f} s of CPU, "
                f"{ours / wall:.1%} of the time and {ours / process:.1%} of the process' CPU"
            )
            alone, least, _ = train(None, step)
            print(f"on disk alone: {alone:.1f} s, our threads {least:.2f} s of CPU ({least / alone:.1%})")
            kept &= verdict(f"our threads' share of the time, in a training that {name}", 100 * ours / wall, 5.0, " %")
    kept &= verdict("their share of the process' CPU, in a training that computes", 100 * ours / process, 5.0, " %")
    sys.exit(not kept)
