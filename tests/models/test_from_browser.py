"""What a server gives as a page's model: every layer that we write comes back, and what can't be trusted is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import models
from marcelle_rt.errors import ConversionError

keras = pytest.importorskip("keras")

from marcelle_rt.models import from_browser  # noqa: E402  # after what it needs
from tests.helpers import skip_without  # noqa: E402
from tests.support.lean import UNASKED_BY_JAX, environment_without  # noqa: E402
from tests.support.models.model_kinds import KINDS  # noqa: E402

LAYERS = [
    "mlp", "cnn", "separable", "residual", "branches", "shared", "nested", "lstm", "gru_before", "bidirectional",
    "time_distributed", "embedding", "shapes", "activations", "unet", "autoencoder", "conv1d", "conv3d",
    "normalization", "augmentation", "mobilenet_v2",
]  # fmt: skip


@pytest.mark.parametrize("kind", LAYERS)
def test_what_is_written_for_a_page_comes_back_and_predicts_the_same(kind: str, tmp_path: Path) -> None:
    model = KINDS[kind].trained()
    if models.convert(model, tmp_path, "tfjs").metadata["tfjsModelFormat"] != "layers-model":
        pytest.fail(f"{kind} is written as a graph-model")

    content = (tmp_path / "model.json").read_bytes()
    back = from_browser.to_keras(from_browser.read("m", content, lambda name: (tmp_path / name).read_bytes()))

    samples = KINDS[kind].samples(model)
    assert np.abs(np.asarray(back(samples, training=False)) - np.asarray(model(samples, training=False))).max() < 1e-5


def dense(**settings: Any) -> dict[str, Any]:
    config = {"name": "d", "units": 1, "use_bias": False, "activation": "linear", "batch_input_shape": [None, 2]}
    return {"class_name": "Dense", "config": {**config, **settings}}


def description(*layers: dict[str, Any], kind: str = "Sequential", **more: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": "m", "layers": list(layers), **more}}


WEIGHTS = [{"paths": ["./w.bin"], "weights": [{"name": "d/kernel", "shape": [2, 1], "dtype": "float32"}]}]
DATA = np.array([1, 2], "<f4").tobytes()


def load(topology: Any, manifest: Any = WEIGHTS, data: bytes = DATA) -> Any:
    content = json.dumps({"modelTopology": topology, "weightsManifest": manifest}).encode()
    return from_browser.to_keras(from_browser.read("m", content, {"w.bin": data}.__getitem__))


def test_the_smallest_model_is_read_whatever_form_its_layers_have() -> None:
    for topology in (
        description(dense()),
        {"class_name": "Sequential", "config": [dense()]},
        {"model_config": description(dense())},
        description(dense(kernel_initializer={"class_name": "Any", "config": {"module": "os"}}, dtype=None)),
        description(dense(kernel_regularizer={"class_name": "L1L2", "config": {"l1": 0.1, "l2": 0}})),
        description(dense(kernel_constraint={"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}})),
    ):
        assert load(topology).predict(np.ones((1, 2)), verbose=0).tolist() == [[3.0]]


@pytest.mark.parametrize(
    ("topology", "reason"),
    [
        (description({"class_name": "Lambda", "config": {"name": "l", "function": "x"}}), r"'l' \(Lambda\)"),
        (description({"class_name": "TFOpLambda", "config": {"name": "o"}}), r"'o' \(TFOpLambda\)"),
        (description({"class_name": "os>system", "config": {"name": "s", "module": "os"}}), r"\(os>system\)"),
        (description({"class_name": "__init__", "config": {}}), "no layer that is known"),
        (description({"class_name": "Layer", "config": {}}), "no layer that is known"),
        (description(dense(module="os")), "no setting 'module'"),
        (description(dense(activation="hard_sigmoid")), "no activation that is known"),
        (description(dense(activation={"class_name": "exec"})), "no activation that is known"),
        (description(dense(units={"class_name": "x"})), "units is"),
        (description(dense(units=-1)), "does not take it"),
        (description(dense(units="many")), "does not take it"),
        (description(dense(name="a/b")), "does not take it"),
        (description(dense(kernel_regularizer={"class_name": "Own", "config": {}})), "no regularizer 'Own'"),
        (description(dense(kernel_regularizer="l2")), "not a description"),
        (description(dense(kernel_constraint={"class_name": "Own", "config": {}})), "no constraint 'Own'"),
        (description(dense(batch_input_shape="ab")), "input's shape"),
        (description({"class_name": "Dense", "config": {"units": 1}}), "no batch_input_shape"),
        (description({"class_name": "LSTM", "config": {"units": 1, "stateful": True}}), "stateful"),
        (description({"class_name": "Bidirectional", "config": {"name": "b"}}), "no layer in it"),
        (description({"class_name": "Bidirectional", "config": {"layer": dense()}}), "does not take it"),
        (description(), "no layers"),
        ({"class_name": "Sequential", "config": None}, "no layers"),
        ({"class_name": "Sequential", "config": {"layers": [1]}}, "no layers"),
        ({"class_name": "Other", "config": {}}, "no layers-model"),
        ({"node": [], "library": {}}, "graph-model"),
        ([], "no layers-model"),
        (None, "no layers-model"),
        (description(dense(), kind="Functional"), "no inputs or outputs"),
        (
            description(dense(), kind="Model", input_layers=[["i", 0, 0]], output_layers=[["d", 0, 0]]),
            "that there aren't",
        ),
        (
            description(
                {**dense(), "name": "d", "inbound_nodes": [[["d", 0, 0, {}]]]},
                kind="Model",
                input_layers=[["d", 0, 0]],
                output_layers=[["d", 0, 0]],
            ),
            "called on something that there isn't",
        ),
    ],
)
def test_a_description_that_can_not_be_trusted_is_refused_and_says_what(topology: Any, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        load(topology)


@pytest.mark.parametrize(
    ("manifest", "data", "reason"),
    [
        (WEIGHTS, DATA[:-1], "cut off"),
        (WEIGHTS, DATA + b"more", "12 bytes, and 8 are described"),
        (None, DATA, "no weightsManifest"),
        ([{}], DATA, "damaged"),
        ([{"paths": ["w.bin"], "weights": [1]}], DATA, "not known"),
        (
            [{"paths": ["w.bin"], "weights": [{"name": "d/kernel", "shape": [-1], "dtype": "float32"}]}],
            DATA,
            "not known",
        ),
        ([{"paths": ["w.bin"], "weights": [{"name": "d/kernel", "shape": [2, 1], "dtype": "x"}]}], DATA, "not known"),
        ([{"paths": ["w.bin"], "weights": [{"name": "d/k", "shape": [2, 1], "dtype": "float32"}]}], DATA, "'d/kernel'"),
        ([{"paths": ["w.bin"], "weights": [{"name": "d/kernel", "shape": [1, 2], "dtype": "float32"}]}], DATA, "shape"),
        (
            [*WEIGHTS, {"paths": ["w.bin"], "weights": [{"name": "e", "shape": [2], "dtype": "float32"}]}],
            DATA,
            "no place",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused(manifest: Any, data: bytes, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        load(description(dense()), manifest, data)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"[" * 100_000])
def test_a_damaged_file_is_refused(content: bytes) -> None:
    with pytest.raises(ConversionError, match=r"damaged|no layers-model"):
        from_browser.read("m", content, lambda name: b"")


def test_half_precision_weights_are_read() -> None:
    manifest = [{"paths": ["w.bin"], "weights": [{**WEIGHTS[0]["weights"][0], "quantization": {"dtype": "float16"}}]}]  # type: ignore[dict-item]
    model = load(description(dense()), manifest, np.array([1, 2], "<f2").tobytes())
    assert model.predict(np.ones((1, 2)), verbose=0).tolist() == [[3.0]]


def test_without_keras_3_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras, "__version__", "2.15.0")
    with pytest.raises(ConversionError, match=r"needs Keras 3, and this is 2\.15\.0"):
        load(description(dense()))


ROUND_TRIP = """
import sys
sys.modules["tensorflow"] = None
import keras, numpy as np
from pathlib import Path
from marcelle_rt import models
from marcelle_rt.errors import ConversionError
from marcelle_rt.models import from_browser

assert keras.backend.backend() == "jax"
model = keras.Sequential([keras.Input((9, 9, 3)), keras.layers.Conv2D(4, 3, activation="relu"),
                          keras.layers.BatchNormalization(), keras.layers.Flatten(), keras.layers.Dense(2)])
folder = Path("web")
models.convert(model, folder, "tfjs")
saved = from_browser.read("m", (folder / "model.json").read_bytes(), lambda name: (folder / name).read_bytes())
x = np.random.default_rng(0).normal(size=(4, 9, 9, 3))
own = keras.models.clone_model(model)
from_browser.set_weights(own, saved)
for back in (from_browser.to_keras(saved), own):
    assert np.abs(np.asarray(back(x)) - np.asarray(model(x))).max() < 1e-5

graph_only = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="gelu")])
try:
    models.convert(graph_only, folder, "tfjs")
except ConversionError as error:
    assert "Keras runs on jax here" in str(error), error
else:
    raise AssertionError("without TensorFlow a graph was traced")
"""


def test_layers_models_are_written_and_read_without_tensorflow(tmp_path: Path) -> None:
    skip_without("jax")
    env = {**environment_without(*UNASKED_BY_JAX), "KERAS_BACKEND": "jax"}
    env["PYTHONPATH"] += os.pathsep + str(Path(__file__).parents[2])
    answer = subprocess.run([sys.executable, "-c", ROUND_TRIP], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
