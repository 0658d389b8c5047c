"""Computes what depends on weights alone, such as a kernel turned round, once and not at each prediction.

TensorFlow's optimizer does it with what is in a graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..graphs.frozen import Graph
from .exchange import with_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_GROWTH = 2
"""Weights of 4 bits lie in pairs, and become twice as many numbers; what grows more is computed where it is used."""


def folded(graph: Graph) -> Graph:
    """A graph that takes weights as what is computed of them alone.

    Args:
        graph: A graph; without weights beside it, it stays as it is.
    """
    import tensorflow as tf

    if not graph.weights:
        return graph
    with tf.Graph().as_default() as whole:
        tf.graph_util.import_graph_def(graph.definition, name="")
    sources = _sources(whole, graph.weights)
    ends = {end.tensor.partition(":")[0] for end in graph.outputs}
    wanted = [
        op
        for op in whole.get_operations()
        if sources.get(op.name) and op.name not in graph.weights and _is_used(op, sources, ends)
    ]
    if not wanted:
        return graph
    config = tf.compat.v1.ConfigProto(device_count={"GPU": 0})
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    computed = {}
    with tf.compat.v1.Session(graph=whole, config=config) as session:
        for op in wanted:
            fed = {f"{name}:0": graph.weights[name] for name in sources[op.name]}
            computed[op.name] = session.run(op.outputs[0], fed)
    return with_weights(graph, computed)


def _sources(whole: Any, weights: dict[str, NDArray[Any]]) -> dict[str, frozenset[str]]:
    """By the ops that compute with weights and constants alone, the weights."""
    sources: dict[str, frozenset[str]] = {}
    for op in whole.get_operations():
        if op.name in weights:
            sources[op.name] = frozenset([op.name])
        elif op.type == "Const":
            sources[op.name] = frozenset()
        elif _is_plain(op) and all(tensor.op.name in sources for tensor in op.inputs):
            names = frozenset[str]().union(*(sources[tensor.op.name] for tensor in op.inputs))
            most = _MOST_GROWTH * sum(weights[name].size for name in names)
            if not names or (op.outputs[0].shape.num_elements() or most + 1) <= most:
                sources[op.name] = names
    return sources


def _is_plain(op: Any) -> bool:
    return bool(op.inputs and len(op.outputs) == 1 and not op.control_inputs and not op.op_def.is_stateful)


def _is_used(op: Any, sources: dict[str, frozenset[str]], ends: set[str]) -> bool:
    """Whether an op's result is taken by what depends on more than weights."""
    return op.name in ends or any(consumer.name not in sources for consumer in op.outputs[0].consumers())
