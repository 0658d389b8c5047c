"""Padding that goes on at the other end (`mode="wrap"`, PyTorch's circular padding), written by slices.

The operator has it from version 19 on, which onnxruntime-web 1.15 does not load; PyTorch writes it into files that
declare version 18.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .graphs import attributes, free_name, keep_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FAR = 2**31 - 1
"""Behind the last place of any axis."""


def settle_wraps(model: Any) -> list[str]:
    """Writes what wraps around by slices.

    Args:
        model: A valid `ModelProto`; it is changed. Loops and branches stay as they are.

    Returns:
        The names of the nodes that were left, because their widths are not constants.
    """
    graph = model.graph
    nodes = []
    left = []
    for node in graph.node:
        if node.op_type != "Pad" or attributes(node).get("mode") != b"wrap":
            nodes.append(node)
            continue
        around = _around(graph, node)
        if around is None:
            left.append(node.name or node.output[0])
            nodes.append(node)
        else:
            nodes += _slices(graph, node, around)
    keep_only(graph.node, nodes)
    return left


def _around(graph: Any, node: Any) -> dict[int, tuple[int, int]] | None:
    """How much is put before and behind each axis that gets any; `None` where that is not known, or is taken away."""
    widths = _constant(graph, node.input[1])
    if widths is None or (widths < 0).any():
        return None
    named = node.input[3] if len(node.input) > 3 else ""
    axes = _constant(graph, named) if named else range(len(widths) // 2)
    if axes is None:
        return None
    half = len(widths) // 2
    each = {int(axis): (int(widths[place]), int(widths[half + place])) for place, axis in enumerate(axes)}
    return {axis: both for axis, both in each.items() if any(both)}


def _slices(graph: Any, node: Any, around: dict[int, tuple[int, int]]) -> list[Any]:
    """The nodes that stand in the place of one: for each axis its two ends, and what joins them."""
    from onnx import helper

    nodes = []
    name = node.input[0]
    for axis, (begin, end) in around.items():
        parts = [name]
        if begin:  # the last ones, to the very end
            parts.insert(0, free_name(graph, f"{node.output[0]}_before_{axis}"))
            nodes.append(_slice(graph, name, parts[0], -begin, _FAR, axis))
        if end:
            parts.append(free_name(graph, f"{node.output[0]}_behind_{axis}"))
            nodes.append(_slice(graph, name, parts[-1], 0, end, axis))
        name = free_name(graph, f"{node.output[0]}_around_{axis}")
        nodes.append(helper.make_node("Concat", parts, [name], name, axis=axis))
    if not nodes:
        nodes.append(helper.make_node("Identity", [name], [name]))
    nodes[-1].output[0] = node.output[0]
    return nodes


def _slice(graph: Any, source: str, name: str, start: int, end: int, axis: int) -> Any:
    from onnx import TensorProto, helper

    numbers = {f"{name}_start": start, f"{name}_end": end, f"{name}_axis": axis}
    graph.initializer.extend(helper.make_tensor(key, TensorProto.INT64, [1], [value]) for key, value in numbers.items())
    return helper.make_node("Slice", [source, *numbers], [name], name)


def _constant(graph: Any, name: str) -> NDArray[Any] | None:
    """The value of a tensor that is one of the graph's own."""
    from onnx import numpy_helper

    made = (node for node in graph.node if node.op_type == "Constant" and node.output[0] == name)
    values = [item for item in graph.initializer if item.name == name] + [
        attributes(node).get("value") for node in made
    ]
    return numpy_helper.to_array(values[0]) if values and values[0] is not None else None
