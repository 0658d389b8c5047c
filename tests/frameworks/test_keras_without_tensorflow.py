"""Keras on PyTorch or JAX without TensorFlow: models go to pages by PyTorch, or it is said what is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

BUILDERS = """
import keras

BUILDERS = {
    "dense": lambda: [keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3)],
    "convolutions": lambda: [
        keras.Input((8, 8, 2)),
        keras.layers.Conv2D(4, 3, padding="same"),
        keras.layers.BatchNormalization(),
        keras.layers.MaxPooling2D(),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3, activation="softmax"),
    ],
    "gru": lambda: [keras.Input((5, 4)), keras.layers.GRU(6), keras.layers.Dense(2)],
    "embedding": lambda: [
        keras.Input((5,), dtype="int32"),
        keras.layers.Embedding(10, 4),
        keras.layers.LSTM(6),
        keras.layers.Dense(2),
    ],
    "normalized": lambda: [keras.Input((6,)), keras.layers.LayerNormalization(), keras.layers.Dense(2)],
}
"""

HIDE = """
import sys
from importlib.machinery import PathFinder

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] in {missing!r} else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Finder
"""

CONVERT = """
import json, sys
from pathlib import Path
import numpy as np
from marcelle_rt.errors import ConversionError
from marcelle_rt.models import convert, convert_in_subprocess
from marcelle_rt.models.onnx_files.running import run

name, how, target, folder = sys.argv[1:]
keras.utils.set_random_seed(3)
model = keras.Sequential(BUILDERS[name]())
path = Path(folder) / "model.keras"
model.save(path)
batch = np.random.default_rng(0).random((3, *model.input_shape[1:])).astype("float32")
batch = np.floor(batch * 10) if name == "embedding" else batch
try:
    if how == "here":
        converted = convert(model, Path(folder) / "out", target)
    else:
        converted = convert_in_subprocess(path, Path(folder) / "out", target)
except ConversionError as error:
    print(json.dumps({"error": str(error)}))
    sys.exit()
answer = {"format": converted.format, **converted.metadata}
if target == "onnx":
    import onnx
    predicted = run(onnx.load(converted.files[0]), batch)
    expected = keras.ops.convert_to_numpy(model(batch, training=False))
    answer["difference"] = float(np.abs(next(iter(predicted.values())) - expected).max())
print(json.dumps(answer))
"""


def convert(
    name: str, how: str, target: str, folder: Path, backend: str = "torch", missing: tuple[str, ...] = ("tensorflow",)
) -> dict[str, Any]:
    """Converts a model in a program, and in those that it starts, without some packages."""
    hidden = folder / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(HIDE.format(missing=missing))
    env = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": f"{hidden}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", BUILDERS + CONVERT, name, how, target, str(folder)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("name", ["dense", "convolutions", "gru", "embedding", "normalized"])
def test_on_pytorch_a_model_becomes_onnx(name: str, tmp_path: Path) -> None:
    answer = convert(name, "here", "onnx", tmp_path)

    assert answer.get("error") is None
    assert answer["difference"] < 1e-5


def test_what_has_no_layers_in_tfjs_becomes_a_graph_model(tmp_path: Path) -> None:
    answer = convert("gru", "here", "tfjs", tmp_path)

    assert answer["tfjsModelFormat"] == "graph-model"


def test_on_jax_a_saved_model_is_converted_by_pytorch_in_another_process(tmp_path: Path) -> None:
    answer = convert("dense", "elsewhere", "onnx", tmp_path, backend="jax")

    assert answer["difference"] < 1e-5


def test_with_neither_it_is_said_before_a_process_is_started(tmp_path: Path) -> None:
    answer = convert("dense", "elsewhere", "onnx", tmp_path, backend="jax", missing=("tensorflow", "torch"))

    assert "marcelle-rt[onnx]" in answer["error"]
    assert "marcelle-rt[torch]" in answer["error"]
    assert "Keras runs on jax" in answer["error"]
    assert "ended with code" not in answer["error"]


def test_with_neither_a_layers_model_is_made_all_the_same(tmp_path: Path) -> None:
    answer = convert("dense", "elsewhere", "tfjs", tmp_path, backend="jax", missing=("tensorflow", "torch"))

    assert answer["tfjsModelFormat"] == "layers-model"


def test_with_neither_a_graph_model_is_refused_with_the_extras(tmp_path: Path) -> None:
    answer = convert("gru", "elsewhere", "tfjs", tmp_path, backend="jax", missing=("tensorflow", "torch"))

    assert "marcelle-rt[torch]" in answer["error"]
    assert "ended with code" not in answer["error"]
