"""TensorFlow's own optimizer, as far as what it makes runs elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..apart.exchange import without_unused
from ..apart.folding import folded
from .frozen import Graph

# Not `remap`: it fuses ops in ways that TF.js does not know.
ALL = ("pruning", "constfold", "arithmetic", "dependency")
CONSTANTS = ("pruning", "constfold", "dependency")


def simplified(graph: Graph, steps: tuple[str, ...] = ALL) -> Graph:
    """A graph without what is computed twice, or of constants and weights alone.

    Args:
        graph: A frozen graph.
        steps: Names of TensorFlow's optimizers.
    """
    optimized = _optimized(graph, steps)
    computed = folded(optimized)
    return optimized if computed is optimized else _optimized(computed, steps)


def _optimized(graph: Graph, steps: tuple[str, ...]) -> Graph:
    import tensorflow as tf
    from tensorflow.core.protobuf import config_pb2
    from tensorflow.python.grappler import tf_optimizer
    from tensorflow.python.training.saver import export_meta_graph

    imported = tf.Graph()
    with imported.as_default():
        tf.graph_util.import_graph_def(graph.definition, name="")
    meta_graph: Any = export_meta_graph(graph_def=graph.definition, graph=imported)
    kept = meta_graph.collection_def["train_op"].node_list.value
    kept.extend(end.tensor for end in (*graph.inputs, *graph.outputs))
    config = config_pb2.ConfigProto()
    options = config.graph_options.rewrite_options
    options.optimizers.extend(steps)
    options.min_graph_nodes = -1
    definition = tf_optimizer.OptimizeGraph(config, meta_graph)
    return without_unused(replace(graph, definition=definition))
