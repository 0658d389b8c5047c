"""Models with which other converters went wrong, by reports of their users: here each way predicts as Keras does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from marcelle_rt.errors import ConversionError
from marcelle_rt.models import convert, disk, graph, graph_model, onnx
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


def masked_words() -> Any:
    """tensorflow-onnx#1871, tfjs#2279: Keras computes masks by an operation, of which its h5 files know too little."""
    words = keras.Input((5,))
    both = layers.Bidirectional(layers.LSTM(3, activation="relu"))(layers.Embedding(4, 3, mask_zero=True)(words))
    return keras.Model(words, layers.Dense(2)(both))


def operations_on_tensors() -> Any:
    """keras#18371, #19458: operations, and an input of whole numbers."""
    numbers = keras.Input((10,), dtype="int32")
    floats = keras.ops.cast(numbers, "float32")
    sums = keras.ops.cumsum(keras.ops.where(floats > 0, floats, -0.5) * 2.0 + 1.0, axis=-1)
    return keras.Model(numbers, layers.Dense(2)(keras.ops.concatenate([sums, floats[:, ::-1]], axis=-1)))


def one_output_twice() -> Any:
    """TF.js gives nothing for the first of the two."""
    inputs = keras.Input((4,))
    output = layers.Dense(2)(inputs)
    return keras.Model(inputs, [output, output, inputs])


REPORTED: dict[str, Callable[[], Any]] = {
    build.__name__.replace("_", " "): build
    for build in (
        one_layer_at_several_depths,
        calls_that_would_be_exchanged,
        many_ends,
        masked_words,
        operations_on_tensors,
        one_output_twice,
    )
}


def each_way(model: Any, samples: list[np.ndarray], folder: Path, tfjs: Tfjs) -> Iterator[tuple[str, list[np.ndarray]]]:
    """What comes of a model by each format on disk and each target.

    For ONNX a model is called, as it is when it predicts: one that is read back and right leads to one file.
    """
    for local_format in ("h5", "keras"):
        back = disk.load(disk.save(model, folder, local_format, local_format))
        yield f"{local_format}, read back", outputs_of(back, samples)
        (file, *_) = convert(back, folder / f"{local_format}-tfjs", "tfjs").files
        yield f"{local_format} to tfjs", tfjs.predict(file, samples)
    yield "keras to onnx", by_onnxruntime(convert(back, folder / "keras-onnx", "onnx").files[0], samples)
    frozen = graph.of_saved_model(disk.save(model, folder, "saved", "saved_model"))
    if "bidirectional" not in str(model.layers):  # a loop, which only a file of layers can be unrolled from
        yield "saved_model to tfjs", tfjs.predict(graph_model.write(frozen, folder)[0], samples)
    yield "saved_model to onnx", by_onnxruntime(onnx.write(frozen, folder), samples)


def outputs_of(model: Any, samples: list[np.ndarray]) -> list[np.ndarray]:
    return [np.asarray(output) for output in keras.tree.flatten(predict(model, samples))]


@pytest.mark.parametrize("name", REPORTED)
def test_a_model_that_others_got_wrong_is_right_by_every_way(name: str, tfjs: Tfjs, tmp_path: Path) -> None:
    model = REPORTED[name]()
    give_weights(model)
    generator = np.random.default_rng(3)
    has_words = any(isinstance(layer, layers.Embedding) for layer in model.layers)
    samples = [
        (generator.integers(0, 4, (3, *end.shape[1:])) if has_words else generator.normal(size=(3, *end.shape[1:])))
        .astype(end.dtype)
        .astype("float32")
        for end in model.inputs
    ]
    expected = outputs_of(model, samples)
    for way, found in each_way(model, samples, tmp_path, tfjs):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4, err_msg=way)


def test_a_saved_model_that_draws_random_numbers_is_refused_with_a_way_out(tmp_path: Path) -> None:
    # tfjs#8489
    model = sequential((4, 3), layers.LSTM(3, dropout=0.3, recurrent_dropout=0.3))
    path = disk.save(model, tmp_path, "model", "saved_model")
    with pytest.raises(ConversionError, match=r"changes a variable as it predicts.*Save it as h5 or keras"):
        convert(path, tmp_path / "web", "tfjs")


def test_an_input_whose_name_tfjs_does_not_take_leads_to_a_graph(tfjs: Tfjs, tmp_path: Path) -> None:
    # tfjs#1604, #6804, keras#16717: Keras takes any name of an input.
    inputs = keras.Input((4,), name="in put:0")
    model = keras.Model(inputs, layers.Dense(2)(inputs))
    samples = np.random.default_rng(1).normal(size=(3, 4)).astype("float32")
    converted = convert(model, tmp_path, "tfjs")
    assert converted.reason is not None
    assert "TF.js takes no layer with the name 'in put:0'" in converted.reason
    np.testing.assert_allclose(tfjs.predict(converted.files[0], [samples])[0], model(samples), atol=1e-4)
