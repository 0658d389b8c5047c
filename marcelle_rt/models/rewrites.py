"""TensorFlow ops that neither TF.js nor ONNX has, written by ops that both have."""

from __future__ import annotations

from typing import Any


def with_common_ops(definition: Any) -> Any:
    """A graph in which `Erfc` (of an exact gelu) and `Softsign` are written out.

    Args:
        definition: TensorFlow's `GraphDef`.
    """
    from tensorflow.core.framework import graph_pb2

    written = graph_pb2.GraphDef(versions=definition.versions, library=definition.library)
    for node in definition.node:
        if node.op in _REWRITES:
            _REWRITES[node.op](written, node)
        else:
            written.node.append(node)
    return written


def _complement_of_erf(written: Any, node: Any) -> None:
    """erfc(x) = 1 - erf(x)"""
    erf = _add(written, node, "Erf", "erf", node.input[0])
    _add(written, node, "Sub", None, _add_one(written, node), erf)


def _softsign(written: Any, node: Any) -> None:
    """softsign(x) = x / (1 + |x|)"""
    size = _add(written, node, "Abs", "abs", node.input[0])
    divisor = _add(written, node, "AddV2", "add", _add_one(written, node), size)
    _add(written, node, "RealDiv", None, node.input[0], divisor)


_REWRITES = {"Erfc": _complement_of_erf, "Softsign": _softsign}


def _add(written: Any, replaced: Any, op: str, suffix: str | None, *inputs: str) -> str:
    """Adds a node in the place of another; without a suffix it takes over the other's name."""
    name = f"{replaced.name}/{suffix}" if suffix else replaced.name
    node = written.node.add(op=op, name=name, input=inputs)
    node.attr["T"].CopyFrom(replaced.attr["T"])
    return name


def _add_one(written: Any, replaced: Any) -> str:
    from tensorflow import make_tensor_proto

    kind = replaced.attr["T"].type
    node = written.node.add(op="Const", name=f"{replaced.name}/one")
    node.attr["dtype"].type = kind
    node.attr["value"].tensor.CopyFrom(make_tensor_proto(1.0, dtype=kind))
    return str(node.name)
