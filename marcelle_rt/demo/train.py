"""The demo's training: a small CNN on scikit-learn's images of handwritten digits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..processes import garbage


def train(backend_root: str, log_dir: Path, epochs: int) -> None:
    """Trains for some seconds, and streams every epoch to a Marcelle backend.

    Args:
        backend_root: The backend's URL.
        log_dir: The folder for the run's own files.
        epochs: How many times to go through the 1,437 training images.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with garbage.kept(), _without_greetings():
        import keras
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
        from tqdm.keras import TqdmCallback

    from ..callbacks.keras import KerasCallback
    from ..runs.writer import Writer

    images, digits = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8, 1) / 16
    x, x_val, y, y_val = train_test_split(images, digits, test_size=0.2, random_state=0, stratify=digits)

    params = {"optimizer": "adam", "learning_rate": 0.001, "batch_size": 32, "dropout": 0.3}
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.RandomTranslation(0.1, 0.1, fill_mode="constant"),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dropout(params["dropout"]),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(params["learning_rate"]),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    # Ctrl-C ends the run here, as an error, while the backend is still there to be told.
    with Writer("digits", backend_root, base_log_dir=log_dir) as writer:
        callback = KerasCallback("digits", writer=writer, run_params=params, model_checkpoint_freq=5)
        model.fit(
            x,
            y,
            batch_size=params["batch_size"],
            epochs=epochs,
            validation_data=(x_val, y_val),
            verbose=0,
            callbacks=[callback, TqdmCallback(verbose=0, desc="training")],
        )


@contextmanager
def _without_greetings() -> Iterator[None]:
    """Holds back what TensorFlow's C++ side says on stderr while it is imported, whatever its log level."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
