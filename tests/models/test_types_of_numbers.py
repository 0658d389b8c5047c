"""Every type of numbers that Keras computes with, by each format on disk, to each target."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from marcelle_rt.errors import ConversionError
from marcelle_rt.models import disk, graph, graph_model, onnx
from tests.support.models.model_kind import functional, sequential
from tests.support.sweep.case import give_weights
from tests.support.sweep.compare import TARGETS, Comparison, differ, predict
from tests.support.sweep.runners import Tfjs, by_onnxruntime

POLICIES = ("float16", "mixed_float16", "bfloat16", "mixed_bfloat16", "float64")
QUANTIZED = ("int8", "int4", "float8", "int8 of mixed_bfloat16", "float8 of mixed_float16")
# The smallest steps of 16 bits, where sums are computed with them, and quantized layers round what comes of that.
TOLERANCES = {"bfloat16": 3e-2, "float16": 5e-3}


@pytest.fixture(params=[*POLICIES, *QUANTIZED])
def typed(request: pytest.FixtureRequest) -> Iterator[tuple[Any, bool]]:
    """A model of one type, and whether it is quantized."""
    mode, _, policy = request.param.partition(" of ")
    quantized = request.param in QUANTIZED
    keras.config.set_dtype_policy((policy or "float32") if quantized else mode)
    stack = [layers.Conv2D(3, 3, activation="relu"), layers.Reshape((16, 3)), layers.Dense(4), layers.Flatten()]
    model = sequential((6, 6, 2), *stack, layers.Dense(3, activation="tanh"))
    give_weights(model)
    if quantized:
        model.quantize(mode)
    yield model, quantized
    keras.config.set_dtype_policy("float32")


def expected_of(model: Any, samples: np.ndarray) -> tuple[np.ndarray, float]:
    output = predict(model, [samples])
    return np.asarray(keras.ops.cast(output, "float32")), TOLERANCES.get(
        keras.backend.standardize_dtype(output.dtype), 1e-4
    )


def test_a_model_predicts_alike_from_each_format_by_each_way(
    typed: tuple[Any, bool], compare: Comparison, tfjs: Tfjs, tmp_path: Path
) -> None:
    model, is_quantized = typed
    samples = np.random.default_rng(1).normal(size=(2, 6, 6, 2)).astype("float32")
    expected, tolerance = expected_of(model, samples)
    back = disk.load(disk.save(model, tmp_path, "model", "keras"))
    outcomes = compare.outcomes(back, [samples], [expected], TARGETS, tolerance)
    verdicts = {target: outcome.verdict for target, outcome in outcomes.items()}
    layers_model = "refused" if is_quantized else "right"
    assert verdicts == {"layers-model": layers_model, "graph-model": "right", "ONNX": "right"}, outcomes
    if model.layers[-1].quantization_mode == "float8":
        with pytest.raises(ConversionError, match=r"float8 when it was built.*Save as `keras` or `saved_model`"):
            disk.save(model, tmp_path, "model", "h5")
    else:
        # The same model: what it is converted to is then the same too.
        same = disk.load(disk.save(model, tmp_path, "model", "h5"))
        assert json.dumps(same.get_config()) == json.dumps(back.get_config())
        assert _numbers(same) == _numbers(back)
    frozen = graph.of_saved_model(disk.save(model, tmp_path, "model", "saved_model"))
    assert not differ(tfjs.predict(graph_model.write(frozen, tmp_path)[0], [samples]), [expected], tolerance)
    assert not differ(by_onnxruntime(onnx.write(frozen, tmp_path), [samples]), [expected], tolerance)


def _numbers(model: Any) -> list[tuple[str, str, bytes]]:
    """All of a model's weights, with their types."""
    return [(each.name, str(each.dtype), np.asarray(each).tobytes()) for each in model.weights]


@pytest.mark.parametrize("mode", ["int8", "int4", "float8"])
def test_layers_that_are_quantized_within_a_layer_are_not_saved_where_they_would_be_lost(
    mode: str, tmp_path: Path
) -> None:
    # keras#21378
    model = functional((4, 8), lambda x: layers.MultiHeadAttention(2, 4, name="heads")(x, x))
    model.quantize(mode)
    for local_format in ("h5", "keras"):
        with pytest.raises(ConversionError, match=rf"quantized to {mode} within another layer.*Save as `saved_model`"):
            disk.save(model, tmp_path, "model", local_format)
    assert not list(tmp_path.iterdir())


def test_what_was_quantized_from_the_start_is_read_back_from_h5(tmp_path: Path) -> None:
    model = sequential((8,), layers.Dense(3, dtype="float8_from_float32"))
    give_weights(model)
    samples = np.random.default_rng(1).normal(size=(2, 8)).astype("float32")
    same = disk.load(disk.save(model, tmp_path, "model", "h5"))
    assert not differ([expected_of(same, samples)[0]], [expected_of(model, samples)[0]])


def _first_weight(model: Any) -> np.ndarray:
    return np.asarray(model.weights[0]).astype("float32")


def test_an_h5_file_of_sixteen_bits_is_read_back_by_keras(tmp_path: Path) -> None:
    model = sequential((4,), layers.Dense(3, dtype="bfloat16"))
    path = disk.save(model, tmp_path, "ours", "h5")
    same = keras.models.load_model(path, compile=False)
    assert str(same.weights[0].dtype) == "bfloat16"
    np.testing.assert_array_equal(_first_weight(same), _first_weight(model))

    model.save(tmp_path / "keras_own.h5")
    before = (tmp_path / "keras_own.h5").read_bytes()
    again = disk.load(tmp_path / "keras_own.h5")
    np.testing.assert_array_equal(_first_weight(again), _first_weight(model))
    assert (tmp_path / "keras_own.h5").read_bytes() == before
