"""TensorFlow's own optimizer, as far as what it makes runs elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .frozen import Graph

# Not `remap`: it fuses ops in ways that TF.js does not know.
ALL = ("pruning", "constfold", "arithmetic", "dependency")
CONSTANTS = ("pruning", "constfold", "dependency")


def simplified(graph: Graph, steps: tuple[str, ...] = ALL) -> Graph:
    """A graph without what is computed twice, or of constants alone.

    Args:
        graph: A frozen graph.
        steps: Names of TensorFlow's optimizers.
    """
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
    return replace(graph, definition=tf_optimizer.OptimizeGraph(config, meta_graph))
