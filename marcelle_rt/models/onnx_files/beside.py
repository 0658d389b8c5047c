"""Weights that were kept beside an ONNX graph while it was made, as inputs of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .graphs import keep_only, names_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOVES = ("Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")


def settle_weights(model: Any, weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Takes weights from the inputs of a graph, and moves them where its nodes would do so at each prediction.

    Args:
        model: A `ModelProto`; it is changed. What moves nothing but weights is no longer in it.
        weights: By the names of the inputs, without `:0`.

    Returns:
        The weights that its nodes take, by the names of the tensors.
    """
    from onnx import numpy_helper
    from onnx.reference import ReferenceEvaluator

    graph = model.graph
    known = {f"{name}:0": array for name, array in weights.items()}
    keep_only(graph.input, [item for item in graph.input if item.name not in known])
    settings = {item.name: item for item in graph.initializer}
    nodes = []
    for node in graph.node:
        first, others = next(iter(node.input), ""), list(node.input[1:])
        if node.op_type in _MOVES and first in known and settings.keys() >= set(others):
            fed = {first: known[first], **{name: numpy_helper.to_array(settings[name]) for name in others}}
            moved: Any = ReferenceEvaluator(node).run(None, fed)
            known[node.output[0]] = moved[0]
        else:
            nodes.append(node)
    if weights:
        keep_only(graph.node, nodes)
    taken = {name for node in nodes for name in (*node.input, *names_within(node))}
    return {name: array for name, array in known.items() if name in taken}
