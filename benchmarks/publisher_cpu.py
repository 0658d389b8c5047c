"""What sending a run costs the process that trains, at an epoch of 10 ms with 4 metrics.

Shares are CPU time of all threads of ours (publisher, reader, writer and dispatcher of the socket: all but the one
that trains) over the wall time of the training, and over the CPU time of the whole process. One training sleeps its
10 ms, as one that waits for a GPU; the other computes them in Python. A share of the process' CPU says something of
the second alone: a training that sleeps uses next to none itself.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable

from benchmarks.support.measure import verdict
from marcelle_rt import Writer
from marcelle_rt.backend import Backend

EPOCH = 0.010  # seconds
EPOCHS = 2_000
LOGS = {"loss": 0.123456, "accuracy": 0.987654, "val_loss": 0.234567, "val_accuracy": 0.876543}


def compute() -> None:
    """Takes 10 ms of this thread's own CPU time."""
    end = time.thread_time() + EPOCH
    while time.thread_time() < end:
        sum(range(200))


def train(url: str, step: Callable[[], object]) -> tuple[float, float, float]:
    """Trains; returns wall seconds, our threads' CPU seconds and the process' CPU seconds."""
    with tempfile.TemporaryDirectory() as folder, Writer("cpu", url, base_log_dir=folder) as writer:
        writer.create_run()
        writer.train_begin(EPOCHS)
        writer.save_epoch(0, LOGS)
        writer.flush()
        begun, own, all_cpu = time.monotonic(), time.thread_time(), time.process_time()
        for epoch in range(1, EPOCHS):
            step()
            writer.save_epoch(epoch, LOGS)
        process = time.process_time() - all_cpu
        return time.monotonic() - begun, process - (time.thread_time() - own), process


if __name__ == "__main__":
    kept = True
    with Backend() as backend:
        for name, step in (("sleeps", lambda: time.sleep(EPOCH)), ("computes", compute)):
            wall, ours, process = train(backend.url, step)
            print(
                f"a training that {name}: {EPOCHS} epochs in {wall:.1f} s; our threads {ours:.2f} s of CPU, "
                f"{ours / wall:.1%} of the time and {ours / process:.1%} of the process' CPU"
            )
            kept &= verdict(f"our threads' share of the time, in a training that {name}", 100 * ours / wall, 5.0, " %")
    kept &= verdict("their share of the process' CPU, in a training that computes", 100 * ours / process, 5.0, " %")
    sys.exit(not kept)
