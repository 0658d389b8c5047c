"""TensorFlow graphs as ONNX models."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import ConversionError
from .graph import Graph
from .reasons import first_line

TARGET = "onnx"


def write(graph: Graph, directory: Path) -> Path:
    """Writes a graph as an ONNX model, by tf2onnx.

    Args:
        graph: A frozen graph.
        directory: An existing folder.

    Returns:
        The file `model.onnx`, with the inputs and outputs named as in the graph.

    Raises:
        ConversionError: If tf2onnx is not installed, or can't carry the graph over.
    """
    try:
        import tf2onnx
    except ImportError as error:
        raise ConversionError(
            TARGET, "tf2onnx", f"it is not installed ({error}); install it with `pip install 'marcelle-rt[onnx]'`"
        ) from error
    path = directory / "model.onnx"
    names = {end.tensor: end.name for end in (*graph.inputs, *graph.outputs)}
    try:
        tf2onnx.convert.from_graph_def(
            graph.definition,
            input_names=[end.tensor for end in graph.inputs],
            output_names=[end.tensor for end in graph.outputs],
            output_path=str(path),
            tensors_to_rename=names,
        )
    except Exception as error:
        # tf2onnx raises whatever its many op handlers do.
        raise ConversionError(TARGET, "the graph", f"tf2onnx can't convert it. {first_line(error)}") from error
    _check(path)
    return path


def _check(path: Path) -> None:
    """tf2onnx leaves ops that it doesn't know in the file, which then can't be loaded."""
    import onnx

    try:
        onnx.checker.check_model(str(path))
    except onnx.checker.ValidationError as error:
        unknown = re.search(r"No Op registered for (\w+)", str(error))
        if unknown:
            reason = "ONNX has no such op. Use other layers, or convert to tfjs"
            raise ConversionError(TARGET, f"op {unknown[1]}", reason) from error
        raise ConversionError(TARGET, "the graph", f"tf2onnx's result is not valid. {first_line(error)}") from error
