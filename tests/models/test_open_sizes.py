"""Models that take inputs of any size are converted once, and predict as Keras does whatever the size is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from marcelle_rt.errors import ConversionError
from marcelle_rt.models import convert, disk, layers_model
from tests.support.models.model_kind import functional, sequential
from tests.support.sweep.case import give_weights
from tests.support.sweep.runners import Tfjs, by_onnxruntime


def one_layer_for_each_step() -> Any:
    """keras#6917, tensorflow#41157: Keras itself traces it to as many steps as there are samples."""
    inner = sequential((3,), layers.Dense(4, activation="tanh"), layers.BatchNormalization(), layers.Dense(2))
    return sequential((None, 3), layers.TimeDistributed(inner), layers.TimeDistributed(layers.Reshape((1, 2))))


def gaps_in_kernels() -> Any:
    """tensorflow#42988, tensorflow-onnx#18: space to batch, of a length that is not known."""
    first = layers.Conv1D(5, 3, padding="causal", dilation_rate=2, activation="relu")
    return sequential((None, 4), first, layers.Conv1D(3, 3, padding="same", dilation_rate=3))


def larger_and_smaller() -> Any:
    """onnx-tensorflow#750, tfjs#403: the sizes of a transposed convolution and of what is cut off."""
    larger = (layers.Conv2DTranspose(3, 4, strides=3), layers.UpSampling2D(2), layers.ZeroPadding2D(((2, 1), (1, 2))))
    return sequential((None, None, 2), *larger, layers.AveragePooling2D(3, 2, "same"), layers.Cropping2D(1))


def attention() -> Any:
    """pytorch#120075, #122321: the steps become part of a shape."""

    def call(steps: Any) -> Any:
        return layers.LayerNormalization()(steps + layers.MultiHeadAttention(2, 3)(steps, steps, use_causal_mask=True))

    return functional((None, 6), call)


SHAPES: dict[Callable[[], Any], list[tuple[int, ...]]] = {
    one_layer_for_each_step: [(2, 5, 3), (4, 1, 3)],
    gaps_in_kernels: [(2, 7, 4), (3, 1, 4)],
    larger_and_smaller: [(2, 5, 4, 2), (1, 3, 7, 2)],
    attention: [(2, 5, 6), (3, 1, 6)],
}


@pytest.mark.parametrize("build", SHAPES, ids=lambda build: build.__name__.replace("_", " "))
def test_a_model_for_inputs_of_any_size_is_right_at_each(build: Callable[[], Any], tfjs: Tfjs, tmp_path: Path) -> None:
    model = build()
    give_weights(model)
    saved = disk.save(model, tmp_path, "saved", "saved_model")
    ways: list[tuple[Any, str]] = [(model, "tfjs"), (model, "onnx"), (saved, "onnx")]
    for number, (source, target) in enumerate(ways):
        file = convert(source, tmp_path / str(number), target).files[0]
        for shape in SHAPES[build]:
            samples = np.random.default_rng(1).normal(size=shape).astype("float32")
            (found,) = (tfjs.predict if target == "tfjs" else by_onnxruntime)(file, [samples])
            np.testing.assert_allclose(found, model(samples), atol=1e-4, err_msg=f"{target} of {source}")


def test_a_size_that_keras_has_to_know_is_asked_for(tmp_path: Path) -> None:
    # keras#19667
    model = sequential((None, None, 3), layers.UpSampling2D(2, interpolation="bilinear"))
    with pytest.raises(ConversionError, match=r"sizes of its inputs are open\. Give them, as in keras\.Input\("):
        convert(model, tmp_path, "onnx")


@pytest.mark.parametrize("layer", [layers.Cropping2D(1), layers.Flatten()])
def test_a_layer_that_tfjs_builds_for_known_sizes_only_is_one_for_those(layer: Any, tfjs: Tfjs, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="an input of one size only"):
        layers_model.write(sequential((None, None, 2), type(layer).from_config(layer.get_config())), tmp_path)
    image, other = keras.Input((4, 5, 2)), keras.Input((5, 3, 2))
    model = keras.Model([image, other], [layer(image), layer(other)])
    samples = [np.random.default_rng(1).normal(size=(2, *end.shape[1:])).astype("float32") for end in model.inputs]
    found = tfjs.predict(layers_model.write(model, tmp_path)[0], samples)
    for one, right in zip(found, model(samples), strict=True):
        np.testing.assert_allclose(one, right)


@pytest.mark.parametrize("target", ["tfjs", "onnx"])
def test_a_model_that_remembers_is_refused_with_a_way_out(target: str, tmp_path: Path) -> None:
    # keras-onnx#676, tensorflow#86310
    steps = keras.Input(batch_shape=(1, 4, 2))
    model = keras.Model(steps, layers.LSTM(3, stateful=True, name="remembers")(steps))
    with pytest.raises(ConversionError, match=r"layer 'remembers'.*Build the model with stateful=False"):
        convert(model, tmp_path, target)
