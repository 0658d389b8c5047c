"""Keras models as TF.js layers-models, which a browser can also train further. Needs Keras and NumPy only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import ConversionError
from .custom_objects import is_patched
from .disk import keras_of
from .layer_calls import calls_of, first_calls, numbered, reference
from .layer_rules import TARGET, carry_over, is_keras, refuse
from .reasons import first_line
from .tfjs_files import write_files
from .weights import OneByOne

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The layers that treat masked steps in TF.js as they do in Keras.
_MASK_SAFE = ("Activation", "Dense", "Dropout", "Embedding", "GRU", "InputLayer", "LSTM", "Masking", "SimpleRNN")
_WEIGHTS = {
    "alpha", "beta", "bias", "depthwise_kernel", "embeddings", "gamma", "kernel", "moving_mean", "moving_variance",
    "pointwise_kernel", "recurrent_kernel",
}  # fmt: skip


def write(model: Any, directory: Path, quantize: str | None = None) -> list[Path]:
    """Writes a model as a layers-model.

    Args:
        model: A built Keras model: Sequential, or functional with layers that TF.js has.
        directory: An existing folder.
        quantize: None or `"float16"`.

    Returns:
        `model.json`, then the files with the weights.

    Raises:
        ConversionError: If TF.js has no layers that predict the same.
    """
    topology = describe(model)
    version = keras_of(model).__version__
    whole = {"keras_version": version, "backend": "tensorflow", "model_config": topology}
    return write_files(directory, TARGET, f"keras v{version}", whole, OneByOne(dict(_weights(model))), quantize)


def describe(model: Any) -> dict[str, Any]:
    """The model's configuration as TF.js reads it: the form that Keras 2 had.

    Args:
        model: A built Keras model.

    Raises:
        ConversionError: If TF.js has no layers that predict the same.
    """
    try:
        if is_patched(model):
            _refuse_model(model, "a function was put in place of a layer's own `call`")
        _check_names(model)
        _check_masks(model)
        return _model(model)
    except ConversionError:
        raise
    except Exception as error:
        # How a model describes itself is partly other people's code, and may be of a form that nobody here has seen.
        _refuse_model(model, f"its layers can't be described ({type(error).__name__}: {first_line(error)})")


def _check_names(model: Any) -> None:
    names: set[str] = set()
    for layer in _leaves(model):
        if layer.name in names:
            _refuse_model(model, f"two layers are called {layer.name!r}, and TF.js knows weights by layers' names")
        names.add(layer.name)
        _check_name(model, layer.name)


def _check_name(model: Any, name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][-A-Za-z0-9._/]*", name):
        _refuse_model(model, f"TF.js takes no layer with the name {name!r}")


def _model(model: Any) -> dict[str, Any]:
    kind = type(model).__name__
    if not is_keras(model) or kind not in ("Sequential", "Functional"):
        refuse(model, "its layers are called by Python code, which a browser can't run")
    config = model.get_config()
    if kind == "Sequential":
        layers = [_layer(model, entry) for entry in config["layers"]]
        return {"class_name": kind, "config": {"name": model.name, "layers": layers}}
    inputs = [reference(end, {}) for end in _endpoints(model, config["input_layers"])]
    offsets = first_calls(model, ("Sequential",))
    outputs = [reference(end, offsets) for end in _endpoints(model, config["output_layers"])]
    made = {entry["config"]["name"]: _layer(model, entry) for entry in config["layers"]}
    offsets = first_calls(model, ("Functional", "Sequential"))
    calls = {entry["config"]["name"]: calls_of(entry, offsets) for entry in config["layers"]}
    if len({tuple(end) for end in outputs}) < len(outputs):
        _refuse_model(model, "it gives one output twice, which TF.js can't")
    calls, outputs = numbered(calls, {layer.name: 1 for layer in model.layers if _is_model(layer)}, outputs)
    described = [layer | {"name": name, "inbound_nodes": calls[name]} for name, layer in made.items()]
    ends = {"input_layers": inputs, "output_layers": outputs}
    return {"class_name": kind, "config": {"name": model.name, "layers": described, **ends}}


def _layer(model: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """One layer of a model as TF.js reads it."""
    config = entry["config"]
    if entry["class_name"] == "InputLayer":
        return {"class_name": "InputLayer", "config": _input(model, config)}
    layer = next((item for item in model.layers if item.name == config["name"]), None)
    if layer is None:
        # In Keras 3, an operator or a function applied to a tensor stands among the layers.
        raise ConversionError(
            TARGET, f"operation {config['name']!r} ({entry['class_name']})", "TF.js has layers only; use a layer"
        )
    if _is_model(layer):
        return _model(layer)
    name, config = carry_over(layer)
    return {"class_name": name, "config": config}


def _input(model: Any, config: dict[str, Any]) -> dict[str, Any]:
    _check_name(model, config["name"])
    shape = config["batch_shape"] if "batch_shape" in config else config["batch_input_shape"]
    if config["dtype"] == "string" or config.get("sparse") or config.get("ragged"):
        _refuse_model(model, f"input {config['name']!r} is not a dense tensor of numbers")
    if len(shape) < 2:
        _refuse_model(model, f"input {config['name']!r} is one number, of which TF.js makes a row")
    # A model that was built by a call has that call's batch size; Marcelle feeds one sample, as floats.
    batch_shape = [None, *shape[1:]]
    return {"batch_input_shape": batch_shape, "dtype": "float32", "sparse": False, "name": config["name"]}


def _endpoints(model: Any, value: Any) -> list[list[Any]]:
    if isinstance(value, dict):
        _refuse_model(model, "its inputs or outputs are a dict, which TF.js has no names for; use a list")
    if value and isinstance(value[0], str):
        return [value]
    return [end for item in value for end in _endpoints(model, item)]


def _check_masks(model: Any) -> None:
    layers = list(_leaves(model))
    source = next((item for item in layers if _makes_mask(item)), None)
    if source is None:
        return
    for layer in layers:
        if type(layer).__name__ not in _MASK_SAFE or getattr(layer, "zero_output_for_mask", False):
            refuse(layer, f"TF.js ignores the mask of {source.name!r} there")


def _makes_mask(layer: Any) -> bool:
    return type(layer).__name__ == "Masking" or bool(getattr(layer, "mask_zero", False))


def _is_model(layer: Any) -> bool:
    return hasattr(layer, "layers") and hasattr(layer, "get_layer")


def _leaves(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        if _is_model(layer):
            yield from _leaves(layer)
        elif type(layer).__name__ != "InputLayer":
            yield layer


def _weights(model: Any) -> Iterator[tuple[str, Callable[[], NDArray[Any]]]]:
    """What reads each weight, by the names that TF.js gives to its own."""
    import numpy as np

    for name, variable in variables(model):
        yield name, variable.numpy
    for layer in _leaves(model):
        if type(layer).__name__ == "Normalization":
            for name, array in _normalization(layer):
                yield name, partial(np.asarray, array)


def variables(model: Any) -> Iterator[tuple[str, Any]]:
    """The model's variables by the names that TF.js gives to its own weights.

    What a `Normalization` has learned from data is not among them: in TF.js it becomes another layer's weights.

    Args:
        model: A built Keras model.

    Raises:
        ConversionError: If TF.js has no such weight.
    """
    for layer in _leaves(model):
        kind = type(layer).__name__
        if kind == "Bidirectional":
            # `forward_layer` has its name's prefix in Keras too.
            for inner in (layer.forward_layer, layer.backward_layer):
                yield from _own_variables(inner, f"{layer.name}/{inner.name}")
        elif kind != "Normalization":
            yield from _own_variables(layer, layer.name)


def _own_variables(layer: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for variable in layer.weights:
        name = variable.name.rpartition("/")[2].partition(":")[0]  # Keras 2 says "dense/kernel:0"
        # A TimeDistributed has the weights of its layer.
        if type(getattr(layer, "layer", layer)).__name__ == "DepthwiseConv2D" and name == "kernel":
            name = "depthwise_kernel"  # as Keras 2 called it
        if name not in _WEIGHTS:
            refuse(layer, f"TF.js has no weight {name!r} there")
        yield f"{prefix}/{name}", variable


def _normalization(layer: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """A Normalization's numbers as those of a BatchNormalization."""
    import numpy as np

    size = layer.input.shape[-1]

    def row(value: Any) -> NDArray[Any]:
        return np.broadcast_to(np.asarray(value, "f4").ravel(), (size,))

    # Keras divides by at least 1e-7, so that a constant feature does not become infinite.
    yield f"{layer.name}/gamma", np.ones(size, "f4")
    yield f"{layer.name}/beta", np.zeros(size, "f4")
    yield f"{layer.name}/moving_mean", row(layer.mean)
    yield f"{layer.name}/moving_variance", np.maximum(row(layer.variance), 1e-14)


def _refuse_model(model: Any, reason: str) -> NoReturn:
    raise ConversionError(TARGET, f"model {model.name!r}", reason)
