"""Learns to tell drawings apart. A page collects them; when somebody presses "Train" there, this trains on them."""

from typing import Annotated, Any

import keras
import numpy as np

from marcelle_rt import Predictions, Range, TrainingServer

server: TrainingServer = TrainingServer()
SIZE = (64, 64)
Epochs = Annotated[int, Range(1, 500)]
Rate = Annotated[float, Range(1e-5, 0.1)]


def make_model(classes: int, learning_rate: float) -> keras.Model:
    layers = [
        keras.layers.Rescaling(-1 / 255, offset=1.0),  # ink is 1, paper is 0
        keras.layers.RandomTranslation(0.15, 0.15, fill_mode="constant"),
        keras.layers.RandomRotation(0.05, fill_mode="constant"),
        keras.layers.RandomZoom(0.2, fill_mode="constant"),
        keras.layers.Conv2D(16, 5, strides=2, activation="relu"),
        keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
        keras.layers.Conv2D(48, 3, strides=2, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(classes, activation="softmax"),
    ]
    model = keras.Sequential([keras.Input((*SIZE, 3)), *layers])
    optimizer = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@server.task
def sketches(job: Any, *, epochs: Epochs = 40, learning_rate: Rate = 0.001) -> None:
    labels = sorted(job.dataset.labels())
    data = job.dataset.to_numpy(size=SIZE, labels=labels)
    kept = np.zeros(len(data.x), bool)  # every third drawing of a class is kept back, to see what was learned
    for label in range(len(labels)):
        kept[np.flatnonzero(data.y == label)[2::3]] = True
    new = (data.x[kept], data.y[kept]) if kept.any() else None
    x, y = data.x[~kept].repeat(4, axis=0), data.y[~kept].repeat(4)  # four times, moved about differently each time

    model = make_model(len(labels), learning_rate)
    show = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: job.publish(model, labels))
    model.fit(x, y, 16, epochs, validation_data=new, callbacks=[job.callback(), show], verbose=0)

    with Predictions(None, "sketches") as predictions:
        predictions.clear()
        if new is not None:
            predictions.write(np.array(data.ids)[kept], labels, model.predict(new[0], verbose=0), new[1])


if __name__ == "__main__":
    server.serve()
