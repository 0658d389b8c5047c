"""Trains a small network on what a page has recorded, and has the page predict with it at once.

    python examples/dataset_to_keras.py DATASET [EPOCHS]

DATASET is the name that the page gives to `dataset(...)`; its instances are images with a label each, such as drawings
on a `sketchPad`. The page follows the model by `tfjsModel({inputType: 'image', taskType: 'classification'})
.sync(store, 'DATASET-model')`, and shows the training in its run history.

Needs `pip install "marcelle-rt[keras,images]"`. The backend is $MARCELLE_BACKEND, or else http://localhost:3030.
"""

from __future__ import annotations

import sys

import keras

from marcelle_rt import Dataset, KerasCallback, Remote

SIZE = (64, 64)  # thin strokes of a sketch pad of 300 x 300 pixels get lost below about that

name = sys.argv[1]
epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 10

dataset = Dataset(None, name)
labels = dataset.labels()
images, classes = dataset.to_numpy(size=SIZE, labels=labels)  # exactly the pixels that the page will feed the model
print(f"{len(images)} images of {', '.join(map(str, labels))}")

model = keras.Sequential(
    [
        keras.Input((*SIZE, 3)),
        keras.layers.Rescaling(1 / 255),  # a page feeds values from 0 to 255
        keras.layers.Conv2D(8, 5, strides=2, activation="relu"),
        keras.layers.Conv2D(16, 5, strides=2, activation="relu"),
        keras.layers.GlobalMaxPooling2D(),
        keras.layers.Dense(len(labels), activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(images, classes, epochs=epochs, callbacks=[KerasCallback(name)])

with Remote() as remote:
    remote.publish_model(f"{name}-model", model, labels)
print(f"Pages that follow {name}-model have the new model.")
