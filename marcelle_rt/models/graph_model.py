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
    import numpy as np

TARGET = "graph-model"

_LOOPS = ("While", "StatelessWhile", "TensorListReserve", "TensorListFromTensor", "TensorListStack")


def write(graph: Graph, directory: Path, quantize: str | None = None) -> list[Path]:
    """Writes a graph as a graph-model.

    Args:
        graph: A frozen graph.
        directory: An existing folder.
        quantize: None or ``"float16"``.

    Returns:
        ``model.json``, then the files with the weights.

    Raises:
        ConversionError: If TF.js lacks an op of the graph.
    """
    import tensorflow as tf
    from google.protobuf.json_format import MessageToDict

    definition = _with_known_ops(graph.definition)
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


def _take_weights(definition: Any) -> dict[str, np.ndarray]:
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


def _with_known_ops(definition: Any) -> Any:
    """The graph with ops that TF.js lacks written by those that it has."""
    from tensorflow.core.framework import graph_pb2

    known = graph_pb2.GraphDef(versions=definition.versions)
    for node in definition.node:
        if node.op in OPS:
            known.node.append(node)
        elif node.op in _REWRITTEN:
            _REWRITTEN[node.op](known, node)
        else:
            raise ConversionError(TARGET, f"op {node.op} ({node.name})", _way_out(node.op))
    return known


def _complement_of_erf(known: Any, node: Any) -> None:
    """erfc(x) = 1 - erf(x)"""
    erf = _add(known, node, "Erf", "erf", node.input[0])
    _add(known, node, "Sub", None, _add_one(known, node), erf)


def _softsign(known: Any, node: Any) -> None:
    """softsign(x) = x / (1 + |x|)"""
    size = _add(known, node, "Abs", "abs", node.input[0])
    divisor = _add(known, node, "AddV2", "add", _add_one(known, node), size)
    _add(known, node, "RealDiv", None, node.input[0], divisor)


_REWRITTEN = {"Erfc": _complement_of_erf, "Softsign": _softsign}


def _add(known: Any, replaced: Any, op: str, suffix: str | None, *inputs: str) -> str:
    """Adds a node in the place of another; without a suffix it takes over the other's name."""
    name = f"{replaced.name}/{suffix}" if suffix else replaced.name
    node = known.node.add(op=op, name=name, input=inputs)
    node.attr["T"].CopyFrom(replaced.attr["T"])
    return name


def _add_one(known: Any, replaced: Any) -> str:
    from tensorflow import make_tensor_proto

    kind = replaced.attr["T"].type
    node = known.node.add(op="Const", name=f"{replaced.name}/one")
    node.attr["dtype"].type = kind
    node.attr["value"].tensor.CopyFrom(make_tensor_proto(1.0, dtype=kind))
    return node.name


def _way_out(op: str) -> str:
    if op in _LOOPS:
        return (
            "loops predict asynchronously, and dashboards don't wait for that. Give the recurrent layer's input a "
            "fixed length: keras.Input((steps, features))"
        )
    return "TF.js has no such op. Use other layers, or convert to ONNX"
