"""Trains a small network on scikit-learn's digits; every epoch shows in Marcelle dashboards as it ends.

    marcelle-rt backend                     # in another terminal, if you have no backend yet
    python examples/keras_digits.py [EPOCHS]

Needs `pip install "marcelle-rt[demo]"`. The backend is $MARCELLE_BACKEND, or else http://localhost:3030.
"""

from __future__ import annotations

import sys

import keras
from sklearn.datasets import load_digits

from marcelle_rt import KerasCallback

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 20

images, digits = load_digits(return_X_y=True)
images = images.reshape(-1, 8, 8, 1) / 16  # 1,797 images of 8 by 8 pixels, from 0 to 1

model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

callback = KerasCallback(
    "digits",
    model_checkpoint_freq=5,  # every fifth epoch's model can be loaded in a dashboard
    run_params={"optimizer": "adam", "dropout": 0.3},
)
model.fit(images, digits, epochs=epochs, validation_split=0.2, callbacks=[callback])
