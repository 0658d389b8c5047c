"""What `save_epoch` with 4 metrics costs the training thread, beside the least that a journal can cost.

The floor is `orjson.dumps`, one `os.write` to a file and waking a thread. Calls of both alternate,
once a pause apart as in a training (the woken thread works in the pause), and once back to back, where caches
are warm. Early and late epochs are compared by their ratios to the floor: minutes apart, the machine differs.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import orjson

from benchmarks.support.measure import micros, verdict
from marcelle_rt import Writer
from marcelle_rt.backend import Backend

SAMPLES = 400
PAUSES = {"paced": 0.003, "back to back": 0.0}  # seconds
EPOCHS = (100, 100_000)
LOGS = {"loss": 0.123456, "accuracy": 0.987654, "val_loss": 0.234567, "val_accuracy": 0.876543}


class Floor:
    """A journal's least: encode, write, wake."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._event = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._event.wait()
            self._event.clear()

    def save(self, epoch: int) -> None:
        os.write(self._fd, orjson.dumps({"epoch": epoch, "logs": LOGS}) + b"\n")
        self._event.set()


def measure(writer: Writer, floor: Floor, first: int, pause: float) -> tuple[float, float]:
    """The medians of `save_epoch` and of the floor, in microseconds, from epoch `first` on."""
    ours, least = [], []
    for epoch in range(first, first + SAMPLES):
        if pause:
            time.sleep(pause)
        start = time.perf_counter()
        floor.save(epoch)
        least.append(time.perf_counter() - start)
        if pause:
            time.sleep(pause)
        start = time.perf_counter()
        writer.save_epoch(epoch, LOGS)
        ours.append(time.perf_counter() - start)
    return micros(ours), micros(least)


def run(name: str, backend: str | None) -> bool:
    """Measures one kind of writer at each of `EPOCHS`."""
    kept = True
    ratios: dict[str, list[float]] = {pace: [] for pace in PAUSES}
    with tempfile.TemporaryDirectory() as folder:
        floor = Floor(Path(folder) / "floor.jsonl")
        with Writer("bench", backend, base_log_dir=folder, remote=None if backend else False) as writer:
            writer.create_run()
            writer.train_begin(EPOCHS[-1] + len(PAUSES) * SAMPLES)
            epoch = 0
            for first in EPOCHS:
                while epoch < first:
                    writer.save_epoch(epoch, LOGS)
                    epoch += 1
                writer.flush(120)
                for pace, pause in PAUSES.items():
                    ours, least = measure(writer, floor, epoch, pause)
                    epoch += SAMPLES
                    ratios[pace].append(ours / least)
                    what = f"{name}, {pace}, epoch {first}"
                    print(f"{what}: save_epoch {ours:.1f} us, floor {least:.1f} us")
                    kept &= verdict(f"save_epoch over the floor ({what})", ours / least, 2.5)
    for pace, (early, late) in ratios.items():
        what = f"epoch {EPOCHS[1]} over epoch {EPOCHS[0]}, both over the floor ({name}, {pace})"
        kept &= verdict(what, late / early, 1.25)
    return kept


if __name__ == "__main__":
    with Backend(port=0) as backend:
        results = [run("disk alone", None), run("live backend", backend.url)]
    sys.exit(not all(results))
