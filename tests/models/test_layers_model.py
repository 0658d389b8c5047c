"""What TF.js' layers can't predict alike is refused, by name; what they can is written for training on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from marcelle_rt.errors import ConversionError, UnsupportedFormat
from marcelle_rt.models import layers_model
from marcelle_rt.models.custom_objects import is_plain
from marcelle_rt.models.weights import write_weights
from tests.support.models.model_kind import Doubling, Subclassed, functional, sequential

REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "own layer": (lambda: sequential((6,), Doubling(name="mine")), r"layer 'mine' \(Doubling\).*a custom layer"),
    "own activation": (
        lambda: sequential((6,), layers.Dense(2, activation=lambda x: x, name="d")),
        "'d'.*a custom activation",
    ),
    "groups": (lambda: sequential((5, 5, 4), layers.Conv2D(4, 3, groups=2, name="c")), "'c'.*groups=1, not 2"),
    "dilation": (
        lambda: sequential((9, 9, 4), layers.DepthwiseConv2D(3, dilation_rate=2, name="c")),
        "'c'.*dilation_rate",
    ),
    "channels first": (
        lambda: sequential((3, 6, 6), layers.Flatten(data_format="channels_first", name="f")),
        "'f'.*channels last",
    ),
    "kept dimensions": (
        lambda: sequential((None, None, 4), layers.GlobalMaxPooling2D(keepdims=True, name="p")),
        "'p'.*keepdims",
    ),
    "softmax over another axis": (lambda: sequential((5, 4), layers.Softmax(axis=1, name="s")), "'s'.*last axis"),
    "batches over another axis": (lambda: sequential((5, 4), layers.BatchNormalization(1, name="b")), "'b'.*last axis"),
    "batches of volumes": (
        lambda: sequential((3, 3, 3, 2), layers.BatchNormalization(name="b")),
        "'b'.*four dimensions",
    ),
    "root mean squares": (lambda: sequential((4,), layers.LayerNormalization(rms_scaling=True, name="n")), "'n'.*rms"),
    "inverted normalization": (
        lambda: sequential((4,), layers.Normalization(mean=1.0, variance=4.0, invert=True, name="n")),
        "'n'.*invert",
    ),
    "several scales": (lambda: sequential((2,), layers.Rescaling([1.0, 2.0], name="r")), "'r'.*one number"),
    "state": (
        lambda: keras.Sequential([keras.Input(batch_shape=(1, 4, 3)), layers.LSTM(2, stateful=True, name="l")]),
        "'l'.*stateful=False",
    ),
    "unmerged directions": (
        lambda: functional((4, 3), lambda x: layers.Bidirectional(layers.LSTM(2), merge_mode=None, name="b")(x)),
        "'b'.*merged",
    ),
    "different directions": (
        lambda: sequential(
            (4, 3),
            layers.Bidirectional(
                layers.LSTM(2), backward_layer=layers.LSTM(2, activation="relu", go_backwards=True), name="b"
            ),
        ),
        "'b'.*directions differ",
    ),
    "a model over time": (
        lambda: sequential((3, 4), layers.TimeDistributed(sequential((4,), layers.Dense(2)), name="t")),
        "'t'.*can't hold a Sequential",
    ),
    "an initial state": (
        lambda: functional((4, 3), lambda x: layers.LSTM(3, name="l")(x, initial_state=[x[:, 0], x[:, 1]])),
        "TF.js",
    ),
    "training while predicting": (
        lambda: functional((4,), lambda x: layers.Dropout(0.5, name="always")(x, training=True)),
        "'always'.*called with training",
    ),
    "operators": (lambda: functional((4,), lambda x: layers.Dense(2)(x) + 1.0), r"operation 'add\w*' \(Add\)"),
    "a mask": (lambda: sequential((4, 3), layers.Masking(name="m"), layers.Conv1D(2, 2, name="c")), "'c'.*mask of 'm'"),
    "a subclass": (lambda: called(Subclassed(name="mine")), r"layer 'mine' \(Subclassed\).*Python code"),
    "named inputs": (
        lambda: keras.Model({"a": (a := keras.Input((2,))), "b": (b := keras.Input((2,)))}, layers.Add()([a, b])),
        "dict",
    ),
    "texts": (
        lambda: keras.Sequential([keras.Input((1,), dtype="string", name="i"), layers.Identity()]),
        "'i' is not a dense tensor of numbers",
    ),
}


def called(model: Any) -> Any:
    model(np.zeros((1, 6), "float32"))
    return model


@pytest.mark.parametrize("name", REFUSED)
def test_what_tfjs_would_predict_otherwise_is_refused(name: str) -> None:
    build, message = REFUSED[name]
    with pytest.raises(ConversionError, match=message):
        layers_model.describe(build())


def test_the_batch_size_of_the_data_that_built_a_model_is_forgotten() -> None:
    model = keras.Sequential([layers.Dense(3)])
    model(np.zeros((5, 4), "float32"))
    first = layers_model.describe(model)["config"]["layers"][0]
    assert first["config"]["batch_input_shape"] == [None, 4]


def test_what_training_on_needs_is_kept() -> None:
    layer = layers.Dense(3, kernel_regularizer="l2", kernel_constraint=keras.constraints.MaxNorm(2.0), trainable=False)
    described = layers_model.describe(sequential((4,), layers.Dropout(0.3), layer))["config"]["layers"]
    assert described[1]["config"]["rate"] == 0.3
    settings = described[2]["config"]
    assert settings["kernel_regularizer"]["config"] == {"l1": 0.0, "l2": pytest.approx(0.01)}
    assert settings["kernel_constraint"]["class_name"] == "MaxNorm"
    assert settings["trainable"] is False


def test_a_package_that_is_called_like_keras_is_not_taken_for_it() -> None:
    def of(package: str) -> Any:
        return type("Odd", (layers.Dense,), {"__module__": f"{package}.layers"})(2)

    assert is_plain(sequential((4,), of("keras_hub")))
    assert not is_plain(sequential((4,), of("keras_tcn")))
    assert not is_plain(sequential((4,), of("kerasish")))


def test_what_was_changed_after_it_was_built_is_refused(tmp_path: Path) -> None:
    patched = sequential((4,), layers.Dense(4), layers.Dense(2))
    patched.layers[-1].call = lambda x: 7 * x
    with pytest.raises(ConversionError, match="in place of a layer's own `call`"):
        layers_model.describe(patched)
    assert not is_plain(patched)
    whole = sequential((4,), layers.Dense(2))
    whole.call = lambda x, **_: 7 * x
    with pytest.raises(ConversionError, match="in place of a layer's own `call`"):
        layers_model.describe(whole)
    for is_used in (False, True):
        changed = sequential((4,), layers.Dense(2, use_bias=is_used))
        changed.layers[0].use_bias = not is_used
        with pytest.raises(ConversionError, match="`use_bias` was changed"):
            layers_model.describe(changed)


def test_an_activation_that_is_a_dict_in_keras_is_refused_by_its_layer() -> None:
    with pytest.raises(ConversionError, match="layer 'd'"):
        layers_model.describe(sequential((4,), layers.Dense(2, activation=Doubling(name="x"), name="d")))


def test_numbers_that_tfjs_has_no_room_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"weight 'n'.*32 bits"):
        write_weights({"n": np.array([2**40])}, tmp_path, "graph-model")
    with pytest.raises(ConversionError, match=r"weight 'w'.*float16"):
        write_weights({"w": np.array([1e6])}, tmp_path, "graph-model", "float16")
    with pytest.raises(UnsupportedFormat, match="int4"):
        write_weights({"w": np.array([1.0])}, tmp_path, "graph-model", "int4")


def test_weights_of_every_type_are_written(tmp_path: Path) -> None:
    weights = {
        "floats": np.array([[1.5, 2.5]], "float64"),
        "whole": np.array([3, 4], "int64"),
        "truths": np.array([True, False]),
        "texts": np.array([b"ab", b"c"], dtype=object),
    }
    manifest, files = write_weights(weights, tmp_path, "graph-model")
    assert [spec["dtype"] for spec in manifest[0]["weights"]] == ["float32", "int32", "bool", "string"]
    assert manifest[0]["weights"][0]["shape"] == [1, 2]
    texts = b"\x02\0\0\0ab\x01\0\0\0c"
    assert files[0].read_bytes() == np.array([1.5, 2.5], "<f4").tobytes() + b"\3\0\0\0\4\0\0\0\1\0" + texts
