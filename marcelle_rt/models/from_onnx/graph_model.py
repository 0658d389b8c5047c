"""Writes an ONNX graph as a TF.js graph-model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..onnx_files.graphs import attributes, names_within
from ..onnx_files.running import run
from ..tfjs_files import write_files
from . import convolutions, elementwise, matrices, recurrent, shapes
from .reading import TARGET, Node, Reader
from .sheet import FLOAT, INT, Sheet

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RULES = {
    **convolutions.RULES,
    **elementwise.RULES,
    **matrices.RULES,
    **recurrent.RULES,
    **shapes.RULES,
}
_SHAPES = ("Shape", "Size")


def write(model: Any, instance: NDArray[Any], directory: Path) -> list[Path]:
    """Writes a graph as a graph-model that predicts one instance at a time.

    Args:
        model: A `ModelProto` with one input of 32-bit floats.
        instance: A batch of one that it takes.
        directory: An existing folder.

    Returns:
        `model.json`, then the files with the weights.

    Raises:
        ConversionError: If TF.js has nothing that computes the same as an op of the graph; it names the op.
    """
    sheet, outputs = carry_over(model, instance)
    fed = model.graph.input[0].name
    signature = {
        "inputs": {fed: _end(fed, FLOAT, list(instance.shape))},
        "outputs": {name: _end(node, kind, shape) for name, node, kind, shape in outputs},
    }
    topology = {"node": sheet.nodes, "versions": {"producer": 1882}}
    return write_files(directory, TARGET, "ONNX", topology, sheet.weights, signature=signature)


def carry_over(model: Any, instance: NDArray[Any]) -> tuple[Sheet, list[tuple[str, str, str, list[int]]]]:
    """Writes down TF.js' nodes for an ONNX graph.

    Args:
        model: A `ModelProto` with one input of 32-bit floats.
        instance: A batch of one that it takes.

    Returns:
        The nodes, and each output's name, node, type and shape.

    Raises:
        ConversionError: As `write` does.
    """
    from onnx import numpy_helper

    graph, sheet = model.graph, Sheet()
    fed = graph.input[0].name
    weights = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    reader = Reader(sheet, {**weights, fed: instance, **run(model, instance, every=True)})
    reader.place(fed, sheet.placeholder(fed, list(instance.shape)))
    for item in graph.node:
        node = Node(item.op_type, item.name, list(item.input), list(item.output), attributes(item))
        # What looks at a shape or a type alone is the same whatever is fed.
        looked_at = node.inputs[:1] if node.op == "CastLike" else [*node.inputs, *names_within(item)]
        if node.op in _SHAPES or not any(map(reader.depends, looked_at)):
            continue
        _carry(reader, node)
    outputs = []
    for output in graph.output:
        kind = INT if reader.kind(output.name) in "iu" else FLOAT
        name = sheet.add("Identity", reader.tensor(output.name), name=f"{output.name}_answer")
        outputs.append((output.name, f"{name}:0", kind, reader.shape(output.name)))
    return sheet, outputs


def _carry(reader: Reader, node: Node) -> None:
    rule = _RULES.get(node.op)
    if rule is None:
        raise node.refuse("TF.js has nothing that is known to compute the same")
    answer = rule(reader, node)
    for tensor, name in zip(node.outputs, [answer] if isinstance(answer, str) else answer, strict=False):
        if tensor:
            reader.place(tensor, name)


def _end(node: str, kind: str, shape: list[int]) -> dict[str, Any]:
    dimensions = [{"size": str(size)} for size in shape]
    return {"name": node if ":" in node else f"{node}:0", "dtype": kind, "tensorShape": {"dim": dimensions}}
