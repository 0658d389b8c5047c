"""Takes weights out of a graph, and puts them back; in the place of each stands an input."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..graphs.frozen import Graph
from . import lending

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KINDS = ("float16", "bfloat16", "float32", "float64", "int8", "uint8")
"""The types of weights. Large constants of others say where something is, which rules have to see."""


def taken_out(graph: Graph) -> Graph:
    """A graph without the large weights that are in it, if it is large; they are among its `weights` then.

    Args:
        graph: A frozen graph.
    """
    from tensorflow import as_dtype, make_ndarray

    sizes = {node.name: _numbers(node) for node in graph.definition.node if node.op == "Const"}
    if sum(sizes.values()) <= lending.LARGE:
        return graph
    taken = {
        node.name: make_ndarray(node.attr["value"].tensor)
        for node in graph.definition.node
        if sizes.get(node.name, 0) > lending.MOST_WITHIN and as_dtype(node.attr["dtype"].type).name in _KINDS
    }
    return with_weights(graph, taken)


def _numbers(node: Any) -> int:
    """How many numbers a constant is stored with: one that is the same everywhere has one."""
    from tensorflow import as_dtype

    value = node.attr["value"].tensor
    return int(value.ByteSize() // max(as_dtype(value.dtype).size, 1))


def with_weights(graph: Graph, weights: Mapping[str, NDArray[Any]]) -> Graph:
    """A graph in which weights stand in the place of some of its nodes.

    Args:
        graph: A frozen graph.
        weights: By the names of the nodes.
    """
    stand_ins = {name: _stand_in(name, array) for name, array in weights.items()}
    return replace(graph, definition=_exchanged(graph.definition, stand_ins), weights={**graph.weights, **weights})


def put_back(graph: Graph, names: Collection[str]) -> Graph:
    """A graph with some of its weights in it.

    Args:
        graph: A frozen graph.
        names: Which.
    """
    constants = {name: _constant(name, graph.weights[name]) for name in names}
    left = {name: array for name, array in graph.weights.items() if name not in constants}
    return replace(graph, definition=_exchanged(graph.definition, constants), weights=left)


def without_unused(graph: Graph) -> Graph:
    """A graph that has only those weights beside it that are used in it.

    Args:
        graph: A frozen graph.
    """
    used = {name.lstrip("^").partition(":")[0] for node in graph.definition.node for name in node.input}
    used |= {end.tensor.partition(":")[0] for end in graph.outputs}
    weights = {name: array for name, array in graph.weights.items() if name in used}
    changed = type(graph.definition)(library=graph.definition.library, versions=graph.definition.versions)
    changed.node.extend(node for node in graph.definition.node if node.name not in graph.weights or node.name in used)
    return replace(graph, definition=changed, weights=weights)


def _exchanged(definition: Any, nodes: Mapping[str, Any]) -> Any:
    """A new definition: from one that is changed, protobuf gives back no memory."""
    changed = type(definition)(library=definition.library, versions=definition.versions)
    for node in definition.node:
        changed.node.add().CopyFrom(nodes.get(node.name, node))
    return changed


def _stand_in(name: str, array: NDArray[Any]) -> Any:
    from tensorflow import TensorShape, as_dtype
    from tensorflow.core.framework.node_def_pb2 import NodeDef

    node = NodeDef(name=name, op="Placeholder")
    node.attr["dtype"].type = as_dtype(array.dtype).as_datatype_enum
    node.attr["shape"].shape.CopyFrom(TensorShape(array.shape).as_proto())
    return node


def _constant(name: str, array: NDArray[Any]) -> Any:
    from tensorflow import as_dtype, make_tensor_proto
    from tensorflow.core.framework.node_def_pb2 import NodeDef

    node = NodeDef(name=name, op="Const")
    node.attr["dtype"].type = as_dtype(array.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(make_tensor_proto(array))
    return node
