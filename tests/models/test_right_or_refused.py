"""What becomes of a model predicts what the model does, or is refused: ops that TF.js computes otherwise, and types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from marcelle_rt.errors import ConversionError
from marcelle_rt.models import conversion, convert, graph, graph_model, layers_model
from marcelle_rt.models.graphs import tfjs_rules
from tests.support.models.model_kind import functional, sequential
from tests.support.sweep.case import parse
from tests.support.sweep.compare import Comparison
from tests.support.sweep.names import NAMES
from tests.support.sweep.runners import Tfjs

TFJS_DOES_OTHERWISE = """
4 5; 4 5 |
MultiHeadAttention(2, 4)(a, b, use_causal_mask=True)
GroupQueryAttention(4, 4, 2)(a, b, use_causal_mask=True)
4 8 |
ops.tril(a)
ops.tril(a, k=-1)
ops.triu(a, k=1)
ops.tril(a > 0)
ops.cumsum(a, axis=-1)
ops.cumprod(a, axis=-2)
ops.cumsum(ops.cast(a * 9, "int32"), axis=-1)
ops.einsum("...i,...i->...", a, a)
ops.einsum("bii->bi", a[:, :4, :4])
ops.einsum("bii->b", a[:, :4, :4])
ops.einsum("bij,bjk,bkl->bil", a[:, :4, :4], a[:, :4, 4:], a[:, :4, :4])
EinsumDense("...x,xy->...y", output_shape=5)(a)
ops.slice_update(a, (0, 1, 2), a[:, :2, :3] * 2.0)
ops.argmax(a, axis=-1)
ops.fmod(a, 0.3)
ops.floor_divide(a, 0.0)
ops.rfft(a, fft_length=6)
ops.irfft((a, a * 0.5), fft_length=12)
ops.clip(a, ops.zeros((8,)) - 0.2, ops.ones((8,)))
ops.cast(ops.cast(a * 300, "int32"), "uint8")
ops.cast(ops.cast(a * 300, "int32"), "int8")
ops.sign(ops.log(a))
a[:, ::-1, -1]
a[:, 3:0:-2, None, ..., ::-3]
5 signed | ops.fmod(a, 3)
4 5 5; 4 5 5 | MultiHeadAttention(2, 4, attention_axes=(1, 2))(a, b)
4 int |
ops.one_hot(a, 3, axis=1)
ops.one_hot(a, 3, axis=0)
8 8 4 |
MultiHeadAttention(2, 4)(RandomHue(0.2)(a[..., :3]), a)
ops.image.extract_patches(a, 3)
Conv2D(6, 3, groups=2)(a)
Conv2D(4, 3, groups=4, padding="same", strides=2)(a)
Conv2D(8, 3, groups=4)(a)
Conv2DTranspose(4, 3, dilation_rate=2)(a)
4 4 4 2 |
ops.cumsum(a, axis=-2)
ops.flip(a, axis=2)
ops.pad(a, ((0, 0), (1, 1), (1, 0), (0, 1), (0, 0)))
ops.where(a > 0, a, -1.0)
4 5; 3; 3 | LSTM(3)(a, initial_state=[b, c])
4 5; 3 | GRU(3, return_sequences=True)(a, initial_state=b)
4 5 | LSTM(3, dropout=0.3, recurrent_dropout=0.3)(a)
"""


@pytest.mark.parametrize("case", parse(TFJS_DOES_OTHERWISE, NAMES), ids=lambda case: case.name)
def test_what_tfjs_does_otherwise_is_written_out(case: Any, compare: Comparison) -> None:
    outcome = compare(case, ("graph-model",))["graph-model"]
    assert outcome.verdict == "right", outcome.reason


ONNX_DOES_OTHERWISE = """
5 signed; 5 signed |
ops.floor_divide(a, ops.abs(b) + 1)
ops.floor_divide(a, -3)
ops.mod(a, 3)
ops.mod(a, -3)
4 8 holes | ops.nanstd(a, axis=-1)
4 8 | ops.where(a > 0.0, a, ops.log(a))
4 8 | ops.where(a > 0.0, a > 1.0, a < -1.0)
4 8 | ops.where(a > 0.0, 1, 2)
4 5; 4 5 | MultiHeadAttention(2, 4)(a, b, use_causal_mask=True)
5 int |
ops.one_hot(a - 1, 3)
ops.one_hot(a - 1, 3, axis=1)
4 8 |
ops.argmax(a, axis=-1)
ops.expm1(a)
8 8 3 |
Conv2DTranspose(4, 2, strides=3)(a)
Conv2DTranspose(4, 2, strides=3, padding="same")(a)
Conv2DTranspose(4, 3, strides=2, output_padding=1)(a)
"""


@pytest.mark.parametrize("case", parse(ONNX_DOES_OTHERWISE, NAMES), ids=lambda case: case.name)
def test_what_onnx_does_otherwise_is_written_out(case: Any, compare: Comparison) -> None:
    outcome = compare(case, ("ONNX",))["ONNX"]
    assert outcome.verdict == "right", outcome.reason


LAYERS_DIFFER = """
4 4 4 2 | LayerNormalization()(a)
4 4 4 2 | TimeDistributed(DepthwiseConv2D(3))(a)
4 5; 4 5 | Concatenate(axis=-2)([a, b])
| Dense(3)(Reshape((1,))(a))
"""


@pytest.mark.parametrize("case", parse(LAYERS_DIFFER, NAMES), ids=lambda case: case.name)
def test_a_layer_that_tfjs_takes_otherwise_is_right_or_refused(case: Any, compare: Comparison) -> None:
    outcomes = compare(case)
    assert outcomes["layers-model"].verdict != "wrong", outcomes["layers-model"].reason
    assert outcomes["graph-model"].verdict == outcomes["ONNX"].verdict == "right"


KEPT_AXES = """
6 5 4 | GlobalAveragePooling2D(keepdims=True)(a)
6 4 |
GlobalMaxPooling1D(keepdims=True)(a)
GlobalAveragePooling1D(keepdims=True)(a)
"""


@pytest.mark.parametrize("case", parse(KEPT_AXES, NAMES), ids=lambda case: case.name)
def test_a_layer_that_tfjs_has_under_another_name_stays_a_layer(case: Any, compare: Comparison) -> None:
    outcome = compare(case, ("layers-model",))["layers-model"]
    assert outcome.verdict == "right", outcome.reason


def test_what_tfjs_computes_of_the_first_image_only_is_refused(compare: Comparison) -> None:
    (case,) = parse("8 8 3 | ops.image.affine_transform(a, ops.array(MOVED))", NAMES)
    assert compare(case, ("graph-model",))["graph-model"].verdict == "refused"


def test_what_onnx_does_not_add_up_is_refused(compare: Comparison) -> None:
    for places, verdict in (("[[0, 1], [0, 1], [2, 3]]", "refused"), ("[[0, 1], [1, 1], [2, 3]]", "right")):
        (case,) = parse(f"4 | ops.scatter({places}, a[:, 0], (4, 4))", NAMES)
        assert compare(case, ("ONNX",))["ONNX"].verdict == verdict


def test_an_operation_without_a_name_leads_to_a_graph(tfjs: Tfjs, tmp_path: Path) -> None:
    def call(inputs: Any) -> Any:
        patches = layers.Reshape((4, 48))(keras.ops.image.extract_patches(inputs, 4))
        return layers.Dense(2)(layers.GlobalAveragePooling1D()(patches))

    model = functional((8, 8, 3), call)
    converted = convert(model, tmp_path, "tfjs")
    assert converted.metadata == {"tfjsModelFormat": "graph-model"}
    samples = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(tfjs.predict(converted.files[0], [samples])[0], model(samples), atol=1e-4)


def test_a_model_whose_layers_fail_to_describe_themselves_becomes_a_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(model: Any) -> Any:
        raise AttributeError("a form that nobody has seen")

    monkeypatch.setattr(layers_model, "_model", fail)
    converted = convert(sequential((4,), layers.Dense(2)), tmp_path, "tfjs")
    assert converted.metadata == {"tfjsModelFormat": "graph-model"}
    assert converted.reason is not None
    assert converted.reason.endswith("its layers can't be described (AttributeError: a form that nobody has seen)")
    assert conversion.is_quick(sequential((4,), layers.Dense(2)), "tfjs")


@pytest.mark.parametrize("remote_format", ["tfjs", "onnx"])
def test_whatever_a_conversion_fails_by_is_a_conversion_error(
    remote_format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **options: Any) -> Any:
        raise RecursionError("too deep")

    monkeypatch.setattr(graph, "of_model", fail)
    model = sequential((4,), layers.Dense(2, activation="gelu", name="last"))
    with pytest.raises(ConversionError, match=r"model 'sequential.*\(RecursionError: too deep\)"):
        convert(model, tmp_path, remote_format)


def test_a_full_disk_is_not_taken_for_a_model_that_cannot_be_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **options: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(layers_model, "write_files", fail)
    with pytest.raises(OSError, match="No space left"):
        convert(sequential((4,), layers.Dense(2)), tmp_path, "tfjs")


def test_a_graph_that_comes_out_other_than_it_was_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tfjs_rules.RULES, "Tanh", lambda op: tf.sin(op.inputs[0]))
    model = sequential((4,), layers.Dense(2, activation="tanh"))
    with pytest.raises(ConversionError, match=r"gives '.*' other values\. Please report this model"):
        graph_model.write(graph.of_model(model, unroll=True), tmp_path)


@pytest.mark.parametrize("remote_format", ["tfjs", "onnx"])
@pytest.mark.parametrize("layer", [layers.IntegerLookup(vocabulary=[1, 2, 3]), layers.Hashing(5)])
def test_a_table_of_words_sends_nobody_to_the_other_format(layer: Any, remote_format: str, tmp_path: Path) -> None:
    words = keras.Input((4,), dtype="int32")
    with pytest.raises(ConversionError, match=r"neither TF\.js nor ONNX has tables or texts") as caught:
        convert(keras.Model(words, layer(words)), tmp_path, remote_format)
    assert "convert to" not in str(caught.value).replace("Can't convert to", "")
