"""The calls of a model's layers as TF.js numbers them."""

from __future__ import annotations

from typing import Any

from ..errors import ConversionError
from .disk import is_keras3
from .layer_rules import TARGET

Calls = dict[str, list[list[Any]]]
"""By layer, for each of its calls, what it is called with: `[layer, call, tensor]` for each tensor."""

_ROUNDS = 20


def first_calls(model: Any, kinds: tuple[str, ...]) -> dict[str, int]:
    """How far the calls of a model's inner models are numbered higher in TF.js.

    A model counts its own making as call 0. So does Keras 2; Keras 3 leaves it out where layers refer to a model,
    but where outputs do, only for a Sequential.
    """
    return {layer.name: 1 for layer in model.layers if type(layer).__name__ in kinds and is_keras3(layer)}


def calls_of(entry: dict[str, Any], offsets: dict[str, int]) -> list[list[Any]]:
    """The calls of a layer, as Keras has them in a model's configuration.

    Raises:
        ConversionError: If it is called with more than tensors.
    """
    calls = []
    for node in entry["inbound_nodes"]:
        if isinstance(node, list):  # Keras 2
            tensors, options = [item[:3] for item in node], [item[3] for item in node if len(item) > 3]
            settings = {key: value for option in options for key, value in option.items()}
        else:
            first, *rest = node["args"]
            tensors = [_history(item) for item in (first if isinstance(first, list | tuple) else [first])]
            settings = node["kwargs"] | {f"argument {i + 2}": value for i, value in enumerate(rest)}
        # `training=False` is how a browser predicts anyway.
        settings = {k: v for k, v in settings.items() if v is not None and (k, v) != ("training", False)}
        if settings or None in tensors:
            what = f"layer {entry['config']['name']!r} ({entry['class_name']})"
            given = ", ".join(settings) or "something else"
            raise ConversionError(TARGET, what, f"TF.js layers take tensors only, and it is called with {given}")
        calls.append([reference(tensor, offsets) for tensor in tensors])
    return calls


def _history(item: Any) -> list[Any] | None:
    if isinstance(item, dict) and item.get("class_name") == "__keras_tensor__":
        return list(item["config"]["keras_history"])
    return None


def reference(history: list[Any], offsets: dict[str, int]) -> list[Any]:
    """A tensor as TF.js refers to it, of one that Keras refers to."""
    name, call, tensor = history
    return [name, call + offsets.get(name, 0), tensor]


def numbered(calls: Calls, first: dict[str, int], ends: list[list[Any]]) -> tuple[Calls, list[list[Any]]]:
    """Numbers the calls of layers as TF.js does.

    TF.js goes through the layers again and again, makes the calls whose tensors are there, and numbers them as it
    makes them, whatever their numbers were. A layer whose first call takes something deep in the model, and its second
    the input, would come out with the two exchanged.

    Args:
        calls: The calls, in the order of the layers.
        first: The number of each layer's first call, where that is not 0.
        ends: Further references to tensors, as outputs are.

    Returns:
        Both, with the numbers of TF.js.

    Raises:
        ConversionError: If no order is TF.js' own.
    """
    for _ in range(_ROUNDS):
        order = _as_made(calls, first)
        if all(places == sorted(places) for places in order.values()):
            return calls, ends

        def moved(end: list[Any], order: dict[str, list[int]] = order) -> list[Any]:
            name, call, tensor = end
            start = first.get(name, 0)
            return [name, start + order[name].index(call - start), tensor] if order[name] else end

        ends = [moved(end) for end in ends]
        calls = {name: [[moved(end) for end in calls[name][place]] for place in order[name]] for name in calls}
    raise ConversionError(TARGET, "a layer that is called several times", "TF.js would exchange its calls")


def _as_made(calls: Calls, first: dict[str, int]) -> dict[str, list[int]]:
    """By layer, the places of its calls in the order in which TF.js makes them."""
    order: dict[str, list[int]] = {name: [] for name in calls}

    def is_there(end: list[Any]) -> bool:
        name, call, _ = end
        # What has no calls, as an input, is there from the beginning, and so is a model's own making.
        return not calls[name] or call < first.get(name, 0) or call - first.get(name, 0) in order[name]

    waiting = {name: list(range(len(rows))) for name, rows in calls.items()}
    while any(waiting.values()):
        for name, places in waiting.items():
            waiting[name] = []
            for place in places:
                ready = all(is_there(end) for end in calls[name][place])
                (order if ready else waiting)[name].append(place)
    return order
