"""TensorFlow graphs as TF.js graph-models, for what layers can't express. They predict, but can't be trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .graphs.frozen import End, Graph
from .graphs.tfjs import TARGET, for_tfjs
from .tfjs_files import write_files

if TYPE_CHECKING:
    from numpy.typing import NDArray


def write(graph: Graph, directory: Path, quantize: str | None = None) -> list[Path]:
    """Writes a graph as a graph-model.

    Args:
        graph: A frozen graph.
        directory: An existing folder.
        quantize: None or `"float16"`.

    Returns:
        `model.json`, then the files with the weights.

    Raises:
        ConversionError: If TF.js lacks an op of the graph.
    """
    import tensorflow as tf
    from google.protobuf.json_format import MessageToDict
    from tensorflow.core.framework.graph_pb2 import GraphDef

    graph = for_tfjs(graph)
    definition = GraphDef()
    definition.CopyFrom(graph.definition)
    weights = _take_weights(definition, graph.weights)
    signature = {"inputs": _signature(graph.inputs), "outputs": _signature(graph.outputs)}
    made_by, topology = f"tensorflow v{tf.__version__}", MessageToDict(definition)
    return write_files(directory, TARGET, made_by, topology, weights, quantize, signature=signature)


def _signature(ends: list[End]) -> dict[str, Any]:
    from tensorflow.core.framework.types_pb2 import DataType

    return {
        end.name: {
            "name": end.tensor,
            "dtype": DataType.Name(end.dtype),
            "tensorShape": _shape(end),
        }
        for end in ends
    }


def _shape(end: End) -> dict[str, Any]:
    if end.shape is None:
        return {"unknownRank": True}
    return {"dim": [{"size": str(size)} for size in end.shape]}


def _take_weights(definition: Any, beside: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Moves the graph's constants out of it; what lies beside it already becomes one of them."""
    from tensorflow import make_ndarray

    weights = {}
    for node in definition.node:
        if node.op == "Const":
            weights[node.name] = make_ndarray(node.attr["value"].tensor)
            del node.attr["value"]
        elif node.name in beside:
            weights[node.name] = beside[node.name]
            node.op = "Const"
            del node.attr["shape"]
        # What tells TensorFlow how to run a node says nothing to a browser.
        for key in [key for key in node.attr if key.startswith("_")]:
            del node.attr[key]
        node.ClearField("device")
    return weights
