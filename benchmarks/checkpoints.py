"""How much a checkpoint each epoch slows the training of a small CNN: written, converted and uploaded to a backend.

Every other epoch of one fit ends with a checkpoint, and is compared with the two around it, so that what else goes on
on the machine meets both kinds. An epoch counts from the end of training in the one before to its own, and so has in it
what the callback did at the former, and the upload of that checkpoint. The processor time of all threads is compared
as well: it tells more than the clock where other programs have the processors, too.
"""

from __future__ import annotations

import itertools
import os
import statistics
import sys
import tempfile
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from benchmarks.support.measure import verdict
from marcelle_rt import DataStore, KerasCallback
from marcelle_rt.backend import Backend

EPOCHS = 30
EPOCH = 2.0  # seconds, about
BATCH = 32
PROMISED = 1.05


class Clock(keras.callbacks.Callback):  # type: ignore[misc]
    """Notes when epochs end, and the processor time that this process has had by then."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[float] = []
        self.used: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.ends.append(time.perf_counter())
        self.used.append(time.process_time())


def small_cnn() -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def samples(model: Any) -> int:
    """How many samples make an epoch of about `EPOCH` seconds here."""
    count = 400 * BATCH
    for _ in range(2):  # the first compiles
        start = time.perf_counter()
        model.fit(*data(count), batch_size=BATCH, verbose=0)
        taken = time.perf_counter() - start
    return max(1, round(400 * EPOCH / taken)) * BATCH


def data(count: int) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    return random.random((count, 28, 28, 1), np.float32), random.integers(0, 10, count)


def steps(times: list[float]) -> list[float]:
    """From each to the next."""
    return [end - start for start, end in itertools.pairwise(times)]


def slowdown(epochs: list[float]) -> float:
    """The median of each second epoch over the mean of the two around it."""
    around = list(zip(epochs, epochs[1:], epochs[2:], strict=False))[::2]
    return statistics.median(epoch / statistics.mean((last, following)) for last, epoch, following in around)


def main() -> bool:
    """Measures both kinds of epochs; true if the promise is kept."""
    model = small_cnn()
    x, y = data(samples(model))
    before, after = Clock(), Clock()
    with tempfile.TemporaryDirectory() as folder, Backend(port=0) as backend, DataStore(backend.url) as store:
        callback = KerasCallback("cnn", backend.url, model_checkpoint_freq=2, base_log_dir=folder)
        model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=[before, callback, after])
        arrived = sum(len(run["checkpoints"]) for run in store.service("runs").items())
    if arrived != EPOCHS // 2:
        raise SystemExit(f"{arrived} of {EPOCHS // 2} checkpoints arrived, so the figures would tell nothing")
    epochs = steps(before.ends)
    callbacks = [end - start for start, end in zip(before.ends, after.ends, strict=True)]
    for kind, first in (("without a checkpoint", 0), ("with a checkpoint", 1)):
        taken = epochs[first::2]
        print(
            f"{kind}: an epoch {statistics.median(taken):.3f} s, from {min(taken):.3f} to {max(taken):.3f} s; "
            f"of it in the callback {statistics.median(callbacks[first::2]) * 1e3:.1f} ms"
        )
    print(f"processor time of an epoch with a checkpoint over those around it: {slowdown(steps(before.used)):.2f}x")
    return verdict("an epoch with a checkpoint over those around it", slowdown(epochs), PROMISED)


if __name__ == "__main__":
    sys.exit(not main())
