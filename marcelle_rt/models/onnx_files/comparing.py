"""Comparisons of small integers, which onnxruntime-web 1.15 has for 32 and 64 bits alone (`torch.eye` makes such)."""

from __future__ import annotations

from typing import Any

from .graphs import free_name, keep_only

_COMPARISONS = ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")


def settle_comparisons(model: Any) -> None:
    """Makes a graph compare integers of 8 and 16 bits as those of 32, which is the same. Those in branches are left.

    Args:
        model: A `ModelProto` that says the types of its tensors; it is changed.
    """
    from onnx import TensorProto, helper

    graph = model.graph
    small = {TensorProto.UINT8, TensorProto.INT8, TensorProto.UINT16, TensorProto.INT16}
    values = (*graph.value_info, *graph.input, *graph.output)
    narrow = {value.name for value in values if value.type.tensor_type.elem_type in small}
    narrow |= {item.name for item in graph.initializer if item.data_type in small}
    nodes = []
    for node in graph.node:
        if node.op_type in _COMPARISONS:
            for place, name in enumerate(node.input):
                if name in narrow:
                    node.input[place] = free_name(graph, f"{node.output[0]}_{place}")
                    nodes.append(helper.make_node("Cast", [name], [node.input[place]], to=TensorProto.INT32))
        nodes.append(node)
    keep_only(graph.node, nodes)
