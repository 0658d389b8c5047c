"""Averages whose last windows reach over the edge (`ceil_mode`) of images of any size.

Here how far they reach is known only when an image is: the graph counts it, as PyTorch does, and pads by it. What was
padded doesn't belong to an average, so the image's average is divided by that of ones, padded alike.
"""

from __future__ import annotations

from typing import Any

from .graphs import attributes, free_name

OPSET = 12
"""The first one in which `Max` takes whole numbers."""


def counted(graph: Any, node: Any) -> list[Any]:
    """The nodes that stand in the place of a pool that averages and rounds up.

    Args:
        graph: The `GraphProto` of the node; it gets constants.
        node: An `AveragePool` with `ceil_mode`, and without `auto_pad`.
    """
    given = attributes(node)
    kernel = given["kernel_shape"]
    rank = len(kernel)
    pads, strides = given.get("pads", [0] * 2 * rank), given.get("strides", [1] * rank)
    dilations = given.get("dilations", [1] * rank)
    begins, ends = pads[:rank], pads[rank:]
    reach = [(size - 1) * step + 1 for size, step in zip(kernel, dilations, strict=True)]
    both = [begin + end for begin, end in zip(begins, ends, strict=True)]
    is_counted = bool(given.get("count_include_pad", 0))
    sheet = _Sheet(graph, node.output[0])
    add = sheet.add

    size = add("Slice", add("Shape", node.input[0]), sheet.numbers([2]), sheet.numbers([rank + 2]))
    first = add("Add", size, sheet.numbers([b - r + s - 1 for b, r, s in zip(both, reach, strides, strict=True)]))
    starts = add("Mul", add("Div", first, sheet.numbers(strides)), sheet.numbers(strides))
    # There is no window that begins behind the last number.
    inside = add("Cast", add("Less", starts, add("Add", size, sheet.numbers(begins))), to=_INT64)
    back = add("Mul", add("Sub", sheet.numbers([1] * rank), inside), sheet.numbers(strides))
    last = add("Add", add("Sub", starts, back), sheet.numbers([r - b for r, b in zip(reach, both, strict=True)]))
    more = add("Max", add("Sub", last, size), sheet.numbers([0] * rank))
    behind = add("Add", more, sheet.numbers(ends))
    around = add("Concat", sheet.numbers([0, 0, *begins, 0, 0]), behind, axis=0)
    if is_counted:
        ones, edge = add("Add", size, sheet.numbers(both)), [sheet.numbers([0] * (rank + 4)), more]
    else:
        ones, edge = size, [sheet.numbers([0, 0, *begins, 0, 0]), behind]
    plain = {"kernel_shape": kernel, "strides": strides, **({"dilations": dilations} if "dilations" in given else {})}
    parts = []
    for filled, widths in (
        (node.input[0], around),
        (sheet.ones(add("Concat", sheet.numbers([1, 1]), ones, axis=0)), add("Concat", *edge, axis=0)),
    ):
        parts.append(add("AveragePool", add("Pad", filled, widths), **plain))
    sheet.finish("Div", parts, node)
    return sheet.nodes


_INT64 = 7  # of ONNX's types


class _Sheet:
    """Nodes that are written one after the other, each with one output.

    Args:
        graph: The graph that gets the constants.
        name: What their names begin with.
    """

    def __init__(self, graph: Any, name: str) -> None:
        self._graph = graph
        self._prefix = free_name(graph, f"{name}_rounded_up")
        self.nodes: list[Any] = []
        self._count = 0

    def _name(self) -> str:
        self._count += 1
        return f"{self._prefix}_{self._count}"

    def numbers(self, values: list[int]) -> str:
        from onnx import TensorProto, helper

        name = self._name()
        self._graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def ones(self, shape: str) -> str:
        from onnx import TensorProto, helper

        return self.add("ConstantOfShape", shape, value=helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]))

    def add(self, op: str, *inputs: str, **given: Any) -> str:
        from onnx import helper

        name = self._name()
        self.nodes.append(helper.make_node(op, inputs, [name], name, **given))
        return name

    def finish(self, op: str, inputs: list[str], node: Any) -> None:
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, node.output, node.name))
