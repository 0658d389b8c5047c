"""How much a checkpoint each epoch slows the training of a small CNN: written, converted and uploaded to a backend.

Fits with and without checkpoints take turns, on the same model. An epoch counts from the end of the one before to
its own end, and so has in it what the callback does then, and the upload of the checkpoint before. The end of a fit,
which waits for the backend, is told apart.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from measure import verdict

from marcelle_rt import DataStore, KerasCallback
from marcelle_rt.backend import Backend

ROUNDS = 4
EPOCHS = 3
EPOCH = 2.0  # seconds, about
BATCH = 32
PROMISED = 1.05
WAYS = {"without": None, "a checkpoint each epoch": 1}


class Clock(keras.callbacks.Callback):
    """Notes when epochs end; comes after the callback that is measured."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.ends = [time.perf_counter()]

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.ends.append(time.perf_counter())


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
    count = 100 * BATCH
    for _ in range(2):  # the first compiles
        start = time.perf_counter()
        model.fit(*data(count), batch_size=BATCH, verbose=0)
        taken = time.perf_counter() - start
    return max(1, round(100 * EPOCH / taken)) * BATCH


def data(count: int) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    return random.random((count, 28, 28, 1), np.float32), random.integers(0, 10, count)


def main() -> bool:
    """Measures both ways in turn; true if the promise is kept."""
    model = small_cnn()
    x, y = data(samples(model))
    epochs: dict[str, list[float]] = {way: [] for way in WAYS}
    ends: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder, Backend(port=0) as backend:
        for _ in range(ROUNDS):
            for way, frequency in WAYS.items():
                callback = KerasCallback("cnn", backend.url, model_checkpoint_freq=frequency, base_log_dir=folder)
                clock = Clock()
                model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=[callback, clock])
                ends[way].append(time.perf_counter() - clock.ends[-1])
                epochs[way].extend(b - a for a, b in zip(clock.ends, clock.ends[1:], strict=False))
        with DataStore(backend.url) as store:
            arrived = sum(len(run["checkpoints"]) for run in store.service("runs").items())
    if arrived != ROUNDS * EPOCHS:
        raise SystemExit(f"{arrived} of {ROUNDS * EPOCHS} checkpoints arrived, so the figures would tell nothing")
    medians = {way: statistics.median(seconds) for way, seconds in epochs.items()}
    for way, median in medians.items():
        print(
            f"{way}: an epoch {median:.3f} s, from {min(epochs[way]):.3f} to {max(epochs[way]):.3f} s; "
            f"the end {statistics.median(ends[way]):.3f} s"
        )
    ratio = medians["a checkpoint each epoch"] / medians["without"]
    return verdict("an epoch with a checkpoint over one without", ratio, PROMISED)


if __name__ == "__main__":
    sys.exit(not main())
