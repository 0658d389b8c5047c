"""How long a checkpoint takes to become what a browser runs, beside other ways to the same.

TF.js: `convert` over `model.export` and TensorFlow.js' own converter, which is the one of its ways whose files TF.js
takes from Keras 3. It needs `pip install "marcelle-rt[tensorflowjs]"` (Python 3.10 to 3.12) and is left out without.
ONNX: `convert` over `model.export(format="onnx")`. It needs `pip install "marcelle-rt[onnx]"`.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.support.measure import verdict

ROUNDS = 3


def small_cnn() -> Any:
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


def mobilenet() -> Any:
    from keras.applications import MobileNetV2

    return MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=10)


def small_transformer() -> Any:
    """A model that no layers of TF.js can express."""
    from keras import Input, Model, layers

    inputs = Input((20, 32))
    x = layers.Add()([inputs, layers.MultiHeadAttention(4, 8)(inputs, inputs)])
    x = layers.Dense(32, activation="relu")(layers.LayerNormalization()(x))
    return Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def ours(model: Any, folder: Path, remote_format: str) -> None:
    from marcelle_rt.models import convert

    convert(model, folder, remote_format)


def by_tensorflowjs(model: Any, folder: Path) -> None:
    from tensorflowjs.converters import tf_saved_model_conversion_v2

    model.export(str(folder / "saved"), verbose=False)
    tf_saved_model_conversion_v2.convert_tf_saved_model(str(folder / "saved"), str(folder / "web"))


def by_export(model: Any, folder: Path) -> None:
    model.export(str(folder / "model.onnx"), format="onnx", verbose=False)


def seconds(write: Callable[[Any, Path], None], model: Any) -> float:
    """How long one conversion takes."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write(model, Path(folder))
        return time.perf_counter() - start


def compare(name: str, model: Any, remote_format: str, theirs: Callable[[Any, Path], None], needs: str) -> bool:
    """Measures both in turn; True if ours is no slower, or if what theirs needs is not installed."""
    if importlib.util.find_spec(needs) is None:
        print(f"left out: {name} to {remote_format}, because {needs} is not installed")
        return True
    ways = {"ours": lambda model, folder: ours(model, folder, remote_format), theirs.__name__: theirs}
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for write in ways.values():
        seconds(write, model)  # imports
    for _ in range(ROUNDS):
        for way, write in ways.items():
            taken[way].append(seconds(write, model))
    medians = {way: statistics.median(times) for way, times in taken.items()}
    print(f"{name} to {remote_format}: " + ", ".join(f"{way} {median * 1e3:.0f} ms" for way, median in medians.items()))
    ratio = medians["ours"] / medians[theirs.__name__]
    return verdict(f"{name} to {remote_format} over {theirs.__name__}", ratio, 1.0)


if __name__ == "__main__":
    kept = True
    for make in (small_cnn, small_transformer, mobilenet):
        made = make()
        kept &= compare(make.__name__, made, "tfjs", by_tensorflowjs, "tensorflowjs")
        kept &= compare(make.__name__, made, "onnx", by_export, "tf2onnx")
    sys.exit(not kept)
