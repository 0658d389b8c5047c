"""Models with which other converters went wrong, by reports of their users: here each way predicts as Keras does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from marcelle_rt.models import convert, disk
from tests.support.models.model_kind import sequential
from tests.support.sweep.case import give_weights
from tests.support.sweep.compare import predict
from tests.support.sweep.runners import Tfjs, by_onnxruntime


def one_layer_at_several_depths() -> Any:
    """keras#11159, #14838: the layer's first call is ready after its second."""
    shared = layers.Dense(6, activation="tanh")
    first, second = keras.Input((1, 6)), keras.Input((6, 1))
    late = shared(layers.Reshape((6,))(second))
    deep = shared(layers.Reshape((6,))(shared(first)))
    return keras.Model([first, second], layers.Dense(2)(layers.Concatenate()([deep, late])))


def calls_that_would_be_exchanged() -> Any:
    """The same with a model in the model, and shapes by which nothing fails."""
    shared = sequential((6,), layers.Dense(6, activation="tanh"))
    first, second = keras.Input((6,)), keras.Input((6,))
    late = shared(layers.Activation("relu")(second))
    deep = shared(layers.Activation("tanh")(shared(first)))
    return keras.Model([first, second], [deep, late])


def many_ends() -> Any:
    """tensorflow#75177: a SavedModel knows its inputs and outputs by names, in no order."""
    inputs = [keras.Input((size,), name=name) for name, size in zip("kbmcx", (1, 3, 2, 5, 4), strict=True)]
    return keras.Model(inputs, [layers.Dense(1 + i % 3)(inputs[i % 5]) for i in range(12)])


REPORTED: dict[str, Callable[[], Any]] = {
    build.__name__.replace("_", " "): build
    for build in (one_layer_at_several_depths, calls_that_would_be_exchanged, many_ends)
}


def each_way(model: Any, samples: list[np.ndarray], folder: Path, tfjs: Tfjs) -> Iterator[tuple[str, list[np.ndarray]]]:
    """What comes of a model by each format on disk and each target."""
    for local_format in ("h5", "keras", "saved_model"):
        path = disk.save(model, folder, local_format, local_format)
        for target in ("tfjs", "onnx"):
            (file, *_) = convert(path, folder / f"{local_format}-{target}", target, local_format=local_format).files
            yield (
                f"{local_format} to {target}",
                tfjs.predict(file, samples) if target == "tfjs" else by_onnxruntime(file, samples),
            )


@pytest.mark.parametrize("name", REPORTED)
def test_a_model_that_others_got_wrong_is_right_by_every_way(name: str, tfjs: Tfjs, tmp_path: Path) -> None:
    model = REPORTED[name]()
    give_weights(model)
    generator = np.random.default_rng(3)
    samples = [generator.normal(size=(3, *end.shape[1:])).astype("float32") for end in model.inputs]
    expected = [np.asarray(output) for output in keras.tree.flatten(predict(model, samples))]
    for way, found in each_way(model, samples, tmp_path, tfjs):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4, err_msg=way)
