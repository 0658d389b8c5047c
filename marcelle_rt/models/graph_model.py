"""TensorFlow graphs as TF.js graph-models, for what layers can't express. They predict, but can't be trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConversionError
from .graph import End, Graph
from .tfjs_ops import OPS
from .weights import write_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

TARGET = "graph-model"

_LOOPS = ("While", "StatelessWhile", "TensorListReserve", "TensorListFromTensor", "TensorListStack")


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

    for node in graph.definition.node:
        if node.op not in OPS:
            raise ConversionError(TARGET, f"op {node.op} (at {node.name})", _way_out(node.op))
    definition = GraphDef()
    definition.CopyFrom(graph.definition)
    weights = _take_weights(definition)
    manifest, files = write_weights(weights, directory, TARGET, quantize)
    document = {
        "format": TARGET,
        "generatedBy": f"tensorflow v{tf.__version__}",
        "convertedBy": "marcelle_rt",
        "signature": {"inputs": _signature(graph.inputs), "outputs": _signature(graph.outputs)},
        "modelTopology": MessageToDict(definition),
        "weightsManifest": manifest,
    }
    path = directory / "model.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return [path, *files]


def has_loops(graph: Graph) -> bool:
    """Whether a graph has loops, as recurrent layers do that were not unrolled."""
    return any(node.op in _LOOPS for node in graph.definition.node)


def _signature(ends: list[End]) -> dict[str, Any]:
    from tensorflow.core.framework.types_pb2 import DataType

    return {
        end.name: {
            "name": end.tensor,
            "dtype": DataType.Name(end.dtype),
            "tensorShape": {"dim": [{"size": str(size)} for size in end.shape]},
        }
        for end in ends
    }


def _take_weights(definition: Any) -> dict[str, NDArray[Any]]:
    """Moves the graph's constants out of it."""
    from tensorflow import make_ndarray

    weights = {}
    for node in definition.node:
        if node.op == "Const":
            weights[node.name] = make_ndarray(node.attr["value"].tensor)
            del node.attr["value"]
        # What tells TensorFlow how to run a node says nothing to a browser.
        for key in [key for key in node.attr if key.startswith("_")]:
            del node.attr[key]
        node.ClearField("device")
    return weights


def _way_out(op: str) -> str:
    if op in _LOOPS:
        return (
            "loops make predictions asynchronous, and dashboards don't wait for them. Give the recurrent layer's input "
            "a fixed length, keras.Input((steps, features)), and save the model as h5 or keras"
        )
    return "TF.js has no such op. Use other layers, or convert to ONNX"
