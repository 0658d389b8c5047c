"""Pools whose last windows reach over the edge (`ceil_mode`), written so that every runtime computes the same.

onnxruntime-web 1.15 divides the averages of such windows by all their places, those outside included, and others lay
the last window elsewhere than PyTorch does. Where the sizes are known, the edge can be padded outright instead;
averages of images of any size count their edge themselves.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .graphs import all_nodes, attributes, free_name, keep_only, shape_of
from .open_rounding import OPSET, counted

POOLS = ("AveragePool", "MaxPool")
_FLOAT = 1  # of ONNX's types, that of 32 bits


class _Edge(NamedTuple):
    """What stands around one dimension: before it, behind it, and behind that, for the last window alone."""

    begin: int
    end: int
    more: int


def settle_pools(model: Any) -> list[str]:
    """Writes pools that round up as pools that don't.

    Args:
        model: A valid `ModelProto`; it is changed. Pools in loops and branches stay as they are.

    Returns:
        The names of the pools that average and were left, because their edge is not known.
    """
    graph = model.graph
    values = _values(model) if any(_rounds_up(node) for node in graph.node) else []
    shapes, floats = _shapes(values), {value.name for value in values if value.type.tensor_type.elem_type == _FLOAT}
    nodes = []
    for node in graph.node:
        edges = _edges(node, shapes) if _rounds_up(node) else None
        if edges is not None:
            nodes += _settled(graph, node, edges)
        elif _rounds_up(node) and node.input[0] in floats and _is_open(model, node, shapes):
            nodes += counted(graph, node)
        else:
            nodes.append(node)
    keep_only(graph.node, nodes)
    return [node.name or node.output[0] for node in all_nodes(graph) if _rounds_up(node) and node.op_type != "MaxPool"]


def _rounds_up(node: Any) -> bool:
    return node.op_type in POOLS and any(item.name == "ceil_mode" and item.i for item in node.attribute)


def _is_open(model: Any, node: Any, shapes: dict[str, list[int | None]]) -> bool:
    """Whether a pool averages in images of which a size is open."""
    given = attributes(node)
    sizes = shapes.get(node.input[0], [])[2:]
    version = next((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), 0)
    has_edge = given.get("auto_pad", b"NOTSET") == b"NOTSET" and len(sizes) == len(given["kernel_shape"])
    return node.op_type == "AveragePool" and version >= OPSET and has_edge and not all(sizes)


def _values(model: Any) -> list[Any]:
    """What a graph or its operators tell of its tensors; the file's own word is the later one."""
    from onnx import shape_inference

    try:
        graph = shape_inference.infer_shapes(model).graph
    except Exception:
        # It is C++, with errors of several kinds: where it fails, what the file says has to do.
        graph = model.graph
    return [value for each in (graph, model.graph) for value in (*each.input, *each.value_info, *each.output)]


def _shapes(values: list[Any]) -> dict[str, list[int | None]]:
    return {value.name: shape_of(value) for value in values if value.type.tensor_type.HasField("shape")}


def _edges(node: Any, shapes: dict[str, list[int | None]]) -> list[_Edge] | None:
    """What stands around each dimension; `None` where that is not known, or can't be written."""
    given = attributes(node)
    kernel = given["kernel_shape"]
    rank = len(kernel)
    sizes, outs = (shapes.get(name, [])[2:] for name in (node.input[0], node.output[0]))
    if given.get("auto_pad", b"NOTSET") != b"NOTSET" or len(sizes) != rank or any(not size for size in sizes):
        return None
    pads, strides = given.get("pads", [0] * 2 * rank), given.get("strides", [1] * rank)
    edges = []
    for place, size in enumerate(sizes):
        begin, end = pads[place], pads[rank + place]
        reach = (kernel[place] - 1) * given.get("dilations", [1] * rank)[place] + 1
        steps = -(-(int(size or 0) + begin + end - reach) // strides[place])
        if steps * strides[place] >= int(size or 0) + begin:  # a window that begins behind the last number is none
            steps -= 1
        if len(outs) == rank and outs[place] not in (None, steps + 1):
            return None  # whoever made the file has counted otherwise
        more = max(0, steps * strides[place] + reach - int(size or 0) - begin - end)
        if end + more >= kernel[place]:
            return None  # more than runtimes pad
        edges.append(_Edge(begin, end, more))
    return edges


def _settled(graph: Any, node: Any, edges: list[_Edge]) -> list[Any]:
    """The nodes that stand in the place of a pool."""
    from onnx import TensorProto, helper

    given = attributes(node)
    begins, ends, more = (list(widths) for widths in zip(*edges, strict=True))
    del given["ceil_mode"]
    if node.op_type == "MaxPool" or not given.pop("count_include_pad", 0):
        given["pads"] = [*begins, *(end + wider for end, wider in zip(ends, more, strict=True))]
        return [helper.make_node(node.op_type, node.input, node.output, node.name, **given)]
    # The pool's own padding counts, and what is behind it doesn't: the first becomes a part of what is averaged.
    padded, pads = (free_name(graph, f"{node.output[0]}_{what}") for what in ("padded", "pads"))
    widths = [0, 0, *begins, 0, 0, *ends]
    graph.initializer.append(helper.make_tensor(pads, TensorProto.INT64, [len(widths)], widths))
    given["pads"] = [*(0 for _ in begins), *more]
    return [
        helper.make_node("Pad", [node.input[0], pads], [padded], padded),
        helper.make_node(node.op_type, [padded], node.output, node.name, **given),
    ]
