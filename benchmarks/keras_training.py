"""How much slower the same Keras training is with the callback: a small CNN, long and short epochs, a real backend.

Fits with and without the callback alternate in pairs, each second pair the other way round, so that what else goes
on on the machine meets both kinds. A fit's epochs count from the end of training in the first to that in the last, and
so have in them what the callback and its threads did for all of them but the last. What it does at a fit's begin and
end is timed by itself, and counted as for a training of a minute.

The figure is the median of the pairs' ratios. So that noise does not decide, the promise counts as missed when the
whole 95 % interval of that median lies above it, and what the callback takes is held to it as well: the time in its
hooks on the training thread, and the processor time of its own threads, which a training that uses all cores lacks.
"""

from __future__ import annotations

import contextlib
import math
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from benchmarks.checkpoints import BATCH, data, small_cnn
from benchmarks.support.measure import verdict
from marcelle_rt import DataStore, KerasCallback
from marcelle_rt.backend import Backend

PROMISED = 1.0  # percent
CORES = os.cpu_count() or 1
TRAINING = 60.0  # seconds that a training takes, of which begin and end are a part


class Kind(NamedTuple):
    """A kind of training."""

    name: str
    epoch: float
    """Seconds, about."""
    epochs: int
    pairs: int


KINDS = (Kind("long epochs", 1.2, 3, 14), Kind("short epochs", 0.075, 16, 30))


class Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Notes the time at each epoch's end, and the processor time of Python's other threads by then."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[tuple[float, dict[int, float]]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.ends.append((time.perf_counter(), processor_time()))


class Timed(KerasCallback):
    """Times what it does."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.edges = 0.0
        self.epochs: list[float] = []

    def on_train_begin(self, logs: Any = None) -> None:
        start = time.perf_counter()
        super().on_train_begin(logs)
        self.edges += time.perf_counter() - start

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        start = time.perf_counter()
        super().on_epoch_end(epoch, logs)
        self.epochs.append(time.perf_counter() - start)

    def on_train_end(self, logs: Any = None) -> None:
        start = time.perf_counter()
        super().on_train_end(logs)
        self.edges += time.perf_counter() - start


class Fit(NamedTuple):
    """What the epochs of a fit took, in seconds."""

    epochs: float
    hooks: float = 0.0
    threads: float = 0.0
    edges: float = 0.0


def processor_time() -> dict[int, float]:
    """What each of Python's other threads has had so far: the callback's, for Keras' own are not Python's."""
    found = {}
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and thread.native_id is not None:
            with contextlib.suppress(OSError):  # it ended just now
                nanoseconds = Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text().split()[0]
                found[thread.native_id] = int(nanoseconds) / 1e9
    return found


def samples(model: Any, seconds: float) -> int:
    """How many samples make an epoch of about that many seconds here."""
    count = 50 * BATCH
    taken = 0.0
    for _ in range(3):  # the first compiles
        start = time.perf_counter()
        model.fit(*data(count), batch_size=BATCH, verbose=0)
        taken = time.perf_counter() - start
    return max(1, round(50 * seconds / taken)) * BATCH


def fit(model: Any, x: Any, y: Any, epochs: int, callback: Timed | None) -> Fit:
    """Trains once, with the callback or without."""
    clock = Clock()
    callbacks = [clock] if callback is None else [clock, callback]
    model.fit(x, y, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=callbacks)
    (start, before), (end, after) = clock.ends[0], clock.ends[-1]
    if callback is None:
        return Fit(end - start)
    threads = sum(seconds - before.get(thread, 0.0) for thread, seconds in after.items())
    return Fit(end - start, sum(callback.epochs[:-1]), threads, callback.edges)


def interval(values: list[float]) -> tuple[float, float]:
    """The 95 % interval of the median, by the ranks that a coin would hit; whatever the values' distribution."""
    ordered, count = sorted(values), len(values)
    rank = max(0, math.floor(count / 2 - 0.98 * math.sqrt(count)) - 1)
    return ordered[rank], ordered[count - 1 - rank]


def run(kind: Kind, backend: str, folder: str) -> bool:
    """Measures one kind of training; true if the promise is kept."""
    model = small_cnn()
    x, y = data(samples(model, kind.epoch))
    pairs: list[tuple[Fit, Fit]] = []
    for number in range(kind.pairs + 1):
        pair = {}
        for watched in (False, True) if number % 2 else (True, False):
            callback = Timed("paired", backend, base_log_dir=folder) if watched else None
            pair[watched] = fit(model, x, y, kind.epochs, callback)
        pairs.append((pair[False], pair[True]))
    del pairs[0]  # it warmed up
    ratios = [watched.epochs / alone.epochs for alone, watched in pairs]
    low, high = interval(ratios)
    edges = statistics.median(watched.edges for _, watched in pairs) / TRAINING
    cost = statistics.median((watched.hooks + watched.threads / CORES) / watched.epochs for _, watched in pairs)
    an_epoch = statistics.median(alone.epochs for alone, _ in pairs) / (kind.epochs - 1)
    threads = statistics.median(watched.threads for _, watched in pairs) / (kind.epochs - 1)
    hook = statistics.median(watched.hooks for _, watched in pairs) / (kind.epochs - 1)
    print(
        f"{kind.name}, {an_epoch * 1e3:.0f} ms: with the callback {statistics.median(ratios):.3f}x, 95 % interval "
        f"{low:.3f}x to {high:.3f}x ({len(ratios)} pairs from {min(ratios):.2f}x to {max(ratios):.2f}x); "
        f"{hook * 1e3:.2f} ms an epoch in the hooks and {threads * 1e3:.2f} ms of its threads; "
        f"begin and end together {edges * TRAINING * 1e3:.0f} ms"
    )
    kept = verdict(f"the slowdown that the pairs are sure of ({kind.name})", (low + edges - 1) * 100, PROMISED, " %")
    return verdict(f"the time that the callback takes ({kind.name})", (cost + edges) * 100, PROMISED, " %") and kept


def main() -> bool:
    """Measures both kinds of training; true if every promise is kept."""
    with tempfile.TemporaryDirectory() as folder, Backend(port=0) as backend:
        kept = [run(kind, backend.url, folder) for kind in KINDS]
        with DataStore(backend.url) as store:
            runs = list(store.service("runs").items())
    fits = sum(kind.pairs + 1 for kind in KINDS)
    complete = [run for run in runs if run["status"] == "success" and len(run["logs"]["loss"]) == run["epochs"]]
    if len(complete) != fits:
        raise SystemExit(f"{len(complete)} of {fits} runs arrived whole, so the figures would tell nothing")
    return all(kept)


if __name__ == "__main__":
    sys.exit(not main())
