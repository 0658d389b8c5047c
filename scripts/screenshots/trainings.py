"""The trainings that are seen in the pictures, and what they leave."""

from __future__ import annotations

import math
import multiprocessing
import random
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from marcelle_rt import DataStore, Writer


def train(url: str, folder: str, *epochs: int) -> None:
    """Trains the demo's network, once for each number of epochs."""
    from marcelle_rt.demo.train import train

    for count in epochs:
        train(url, Path(folder), count)


@contextmanager
def training(url: str, folder: str, *epochs: int) -> Iterator[None]:
    """Trains in a process of its own meanwhile."""
    process = multiprocessing.get_context("spawn").Process(target=train, args=(url, folder, *epochs))
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def reaches(store: DataStore, name: str, epoch: int) -> Callable[[], bool]:
    """Asks whether a run has come to an epoch."""
    return lambda: any(run.get("epoch", 0) >= epoch for run in store.service("runs").items({"name": name}))


def sweep(url: str, folder: str, count: int = 30) -> None:
    """Trains small networks of scikit-learn on its digits, each with parameters of its own."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    chance = random.Random(4)
    x, y = load_digits(return_X_y=True)
    x = x / 16
    for _ in range(count):
        params = {
            "rate": float(f"{10 ** chance.uniform(-4, -0.7):.2g}"),
            "width": chance.choice([8, 16, 32, 64]),
            "solver": chance.choice(["adam", "sgd"]),
            "activation": chance.choice(["relu", "tanh", "logistic"]),
            "decay": chance.choice([0, 1e-5, 1e-3, 0.1]),
        }
        network = MLPClassifier(
            (params["width"],), params["activation"], solver=params["solver"], alpha=params["decay"],
            learning_rate_init=params["rate"], random_state=1,
        )  # fmt: skip
        with Writer("digits", url, base_log_dir=folder, group="first-sweep") as writer:
            writer.create_run(run_params=params)
            writer.train_begin(epochs=6)
            for epoch in range(1, 7):
                network.partial_fit(x[:1200], y[:1200], classes=np.unique(y))
                writer.save_epoch(epoch, {"loss": network.loss_, "val_accuracy": network.score(x[1200:], y[1200:])})


def tone(path: Path, pitch: float) -> str:
    """Writes two seconds of a sound, and says where it is."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound = (int(9000 * math.sin(2 * math.pi * pitch * place / 16_000)) for place in range(32_000))
        file.writeframes(b"".join(value.to_bytes(2, "little", signed=True) for value in sound))
    return str(path)


def digit(folder: Path) -> Path:
    """A file with the picture of a digit, as the demo's network knows them."""
    from PIL import Image
    from sklearn.datasets import load_digits

    path = folder / "digit.png"
    ink = load_digits().images[24] * (255 / 16)
    Image.fromarray(ink.astype("uint8")).resize((160, 160), Image.Resampling.NEAREST).save(path)
    return path


def tomato(folder: Path) -> Path:
    """A file with the picture of a tomato."""
    from PIL import Image, ImageDraw, ImageFilter

    image = Image.new("RGB", (640, 640), "#c81e1e")
    draw = ImageDraw.Draw(image)
    draw.ellipse((60, 80, 580, 600), fill="#e5352b")
    draw.ellipse((150, 150, 330, 300), fill="#f4776b")
    for x, y in ((320, 20), (220, 60), (420, 60), (250, 170), (390, 170)):
        draw.line((320, 100, x, y), fill="#2f7d32", width=26)
    path = folder / "tomato.png"
    image.filter(ImageFilter.GaussianBlur(3)).save(path)
    return path
