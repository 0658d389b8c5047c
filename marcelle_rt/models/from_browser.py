"""Models that a page has trained, as Keras models: from the `model.json` and weights that TF.js saves.

TF.js writes `{"modelTopology": {"class_name", "config", "keras_version": "tfjs-layers ..."}, "weightsManifest"}`, in
the form that Keras 2 had, with weights called `<layer>/<variable>` of which those that don't learn come last: they are
set by name. Optimizers are not saved. Needs Keras 3, on any of its backends, and NumPy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ConversionError
from .browser_layers import TARGET, build, make, refuse
from .layers_model import variables
from .weights import read_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODELS = ("Sequential", "Model", "Functional")

_INPUTS = ("batch_input_shape", "batchInputShape")


@dataclass(frozen=True)
class Saved:
    """What a page has saved.

    Attributes:
        name: What it is called, for messages.
        topology: The model's class and layers.
        weights: Its weights by their names.
    """

    name: str
    topology: dict[str, Any]
    weights: dict[str, NDArray[Any]]


def read(name: str, content: bytes, read_file: Callable[[str], bytes]) -> Saved:
    """Reads a layers-model that a page has saved.

    Args:
        name: What it is called, for messages.
        content: The bytes of its `model.json`.
        read_file: Gives the bytes of a file that lies beside it.

    Raises:
        ConversionError: It is a graph-model, or damaged.
    """
    what = f"model {name!r}"
    try:
        model = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConversionError(TARGET, what, f"its model.json is damaged ({error})") from None
    topology = model.get("modelTopology") if isinstance(model, dict) else None
    if isinstance(topology, dict) and "model_config" in topology:  # as Python's writers have it
        topology = topology["model_config"]
    if isinstance(topology, dict) and "node" in topology:
        reason = "it is a graph-model, which has no layers any more; load the model that it was made from"
        raise ConversionError(TARGET, what, reason)
    if not isinstance(topology, dict) or topology.get("class_name") not in MODELS:
        raise ConversionError(TARGET, what, "its model.json describes no layers-model")
    return Saved(name, topology, read_weights(model.get("weightsManifest"), read_file, what))


def to_keras(saved: Saved) -> Any:
    """Makes a Keras model of what a page has saved; it is not compiled.

    Raises:
        ConversionError: A layer is not known, or not with these settings, or a weight is missing.
    """
    need_keras_3()
    model = _model(saved.topology)
    set_weights(model, saved)
    return model


def set_weights(model: Any, saved: Saved) -> None:
    """Puts the weights that a page has saved into a model of the same layers' names.

    Args:
        model: A built Keras model; it is changed only if all fits.
        saved: What the page has saved.

    Raises:
        ConversionError: A weight is missing, of another shape, or has no place in the model.
    """
    places = dict(variables(model))
    what = f"model {saved.name!r}"
    for name, variable in places.items():
        if name not in saved.weights:
            raise ConversionError(TARGET, what, f"it has no weight {name!r}, which {model.name!r} needs{_known(saved)}")
        shape, expected = saved.weights[name].shape, tuple(variable.shape)
        if shape != expected:
            reason = f"its weight {name!r} has the shape {list(shape)}, and in {model.name!r} it has {list(expected)}"
            raise ConversionError(TARGET, what, reason)
    fixed = {layer.name for layer in model.layers if type(layer).__name__ == "Normalization"}
    left = [name for name in saved.weights if name not in places and name.split("/")[0] not in fixed]
    if left:
        raise ConversionError(TARGET, what, f"its weight {left[0]!r} has no place in {model.name!r}")
    for name, variable in places.items():
        variable.assign(saved.weights[name])


def need_keras_3() -> None:
    """Raises a `ConversionError` where there is no Keras 3."""
    try:
        import keras
    except ImportError as error:
        raise ConversionError(
            TARGET, "the model", "Keras is not installed: pip install 'marcelle-rt[keras]'"
        ) from error
    if int(keras.__version__.split(".")[0]) < 3:
        raise ConversionError(TARGET, "the model", f"it needs Keras 3, and this is {keras.__version__}")


def _known(saved: Saved) -> str:
    names = list(saved.weights)
    return f"; it has {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"


def _model(topology: Mapping[str, Any]) -> Any:
    config = topology.get("config")
    config = {"layers": config} if isinstance(config, list) else config  # early TF.js and Keras wrote a bare list
    name = config.get("name") if isinstance(config, Mapping) else None
    what = f"model {name!r}"
    layers = config.get("layers") if isinstance(config, Mapping) else None
    if not isinstance(layers, list) or not all(_is_layer(entry) for entry in layers) or not layers:
        raise ConversionError(TARGET, what, "its description has no layers")
    assert isinstance(config, Mapping)
    if topology.get("class_name") == "Sequential":
        return _sequential(layers, name, what)
    return _functional(config, layers, name, what)


def _is_layer(entry: Any) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("config"), (Mapping, list)) and "class_name" in entry


def _sequential(entries: list[Mapping[str, Any]], name: Any, what: str) -> Any:
    import keras

    first = entries[0]["config"]
    shape = next((first[key] for key in _INPUTS if isinstance(first, Mapping) and key in first), None)
    layers = [] if shape is None or entries[0]["class_name"] == "InputLayer" else [_input(shape, None, what)]
    layers += [_layer(entry) for entry in entries]
    try:
        model = keras.Sequential(layers, **_named(name))
    except (TypeError, ValueError) as error:
        refuse(what, error)
    if not model.built:
        raise ConversionError(TARGET, what, "its first layer has no batch_input_shape")
    return model


def _named(name: Any) -> dict[str, Any]:
    return {"name": name} if isinstance(name, str) else {}


def _layer(entry: Mapping[str, Any]) -> Any:
    """A layer, an input or an inner model."""
    kind, config = str(entry["class_name"]), entry["config"]
    if kind in MODELS:
        return _model(entry)
    if not isinstance(config, Mapping):
        raise ConversionError(TARGET, f"layer ({kind})", "its description has no settings")
    if kind == "InputLayer":
        shape = next((config[key] for key in _INPUTS if key in config), None)
        return _input(shape, config.get("name"), f"layer {config.get('name')!r} ({kind})")
    return make(kind, config)


def _input(shape: Any, name: Any, what: str) -> Any:
    import keras

    if not isinstance(shape, list) or not all(size is None or type(size) is int for size in shape):
        raise ConversionError(TARGET, what, f"its input's shape is {shape!r:.80}")
    return build(keras.Input, {"shape": tuple(shape[1:]), **_named(name)}, what)


def _functional(config: Mapping[str, Any], entries: list[Mapping[str, Any]], name: Any, what: str) -> Any:
    import keras

    graph = _Graph(what)
    waiting = []
    for entry in entries:
        layer = _layer(entry)
        key = str(entry.get("name") or entry["config"].get("name"))
        if entry["class_name"] == "InputLayer":
            graph.results[key] = [layer]
        else:
            # An inner model counts its own making as call 0.
            graph.results[key] = [None] if entry["class_name"] in MODELS else []
            waiting += [(key, layer, node) for node in entry.get("inbound_nodes") or []]
    while waiting:
        later = [call for call in waiting if not graph.call(*call)]
        if len(later) == len(waiting):
            raise ConversionError(TARGET, what, f"layer {later[0][0]!r} is called on something that there isn't")
        waiting = later
    ends = [[graph.find(end) for end in _ends(config.get(key), what)] for key in ("input_layers", "output_layers")]
    if not all(ends) or any(tensor is None for side in ends for tensor in side):
        raise ConversionError(TARGET, what, "its inputs or outputs are layers that there aren't")
    inputs, outputs = (side[0] if len(side) == 1 else side for side in ends)
    return build(keras.Model, {"inputs": inputs, "outputs": outputs, **_named(name)}, what)


class _Graph:
    """The results of layers' calls, by the layer's name and the number of the call."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.results: dict[str, list[Any]] = {}

    def call(self, name: str, layer: Any, node: Any) -> bool:
        """Calls a layer on results that are there; false if one is not there yet."""
        references = node if isinstance(node, list) else []
        tensors = [self.find(reference) for reference in references]
        if not tensors or any(tensor is None for tensor in tensors):
            return False
        if any(len(reference) > 3 and reference[3] for reference in references):
            raise ConversionError(TARGET, f"layer {name!r}", "it is called with more than tensors")
        try:
            self.results[name].append(layer(tensors[0] if len(tensors) == 1 else tensors))
        except (TypeError, ValueError) as error:
            refuse(f"layer {name!r}", error)
        return True

    def find(self, reference: Any) -> Any:
        """The result that `[name, call, tensor]` stands for, or `None`."""
        if not isinstance(reference, list) or len(reference) < 3 or not isinstance(reference[1], int):
            raise ConversionError(TARGET, self._what, f"{reference!r:.80} does not say which layer's result is meant")
        results = self.results.get(str(reference[0]), [])
        result = results[reference[1]] if 0 <= reference[1] < len(results) else None
        return result[reference[2]] if isinstance(result, (list, tuple)) else result


def _ends(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ConversionError(TARGET, what, "its description has no inputs or outputs")
    return [value] if isinstance(value[0], str) else value
