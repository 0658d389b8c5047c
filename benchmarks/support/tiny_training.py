"""A training that is short, so that what comes before its first epoch shows."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


def train(callback: Any) -> None:
    """Trains for two epochs."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    x = np.random.default_rng(0).random((64, 4), dtype=np.float32)
    model.fit(x, x.sum(axis=1), epochs=2, verbose=0, callbacks=[callback])
