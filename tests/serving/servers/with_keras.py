"""A server with predictors of its own, and a task that trains and publishes Keras models."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np

from marcelle_rt import TrainingServer

server = TrainingServer()


@server.task
def shapes(job: Any, *, epochs: int = 0, bias: float = 0.0, weight: float = 0.0, image: bool = False) -> None:
    """Trains a model, and publishes it with weights by which it always says the same."""
    shape = (8, 8, 3) if image else (4,)
    layers = [keras.layers.Flatten()] if image else []
    model = keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(2, activation="softmax")])
    if epochs:
        train(model, epochs, job.callback())
    kernel, offset = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel * 0 + weight, offset * 0 + [bias, 0.0]])
    job.publish(model, labels=["circle", "square"])


def train(model: Any, epochs: int, callback: Any) -> None:
    """Trains, and leaves the processor to others between two epochs."""
    slow = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: time.sleep(0.05))
    x, y = np.random.rand(64, 4), np.random.randint(0, 2, 64)
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=epochs, callbacks=[callback, slow], verbose=0)


@server.predictor("large")
def large(x: Any) -> Any:
    """More than a message may have."""
    return "x" * 2_000_000


@server.predictor("mean")
def mean(x: Any) -> Any:
    """The mean of numbers or of an image."""
    return {"mean": x.mean(), "shape": x.shape}


if __name__ == "__main__":
    server.serve()
