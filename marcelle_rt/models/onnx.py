"""TensorFlow graphs as ONNX models."""

from __future__ import annotations

from pathlib import Path

from ..errors import ConversionError
from .graph import Graph

TARGET = "onnx"


def write(graph: Graph, directory: Path) -> Path:
    """Writes a graph as an ONNX model, by tf2onnx.

    Args:
        graph: A frozen graph.
        directory: An existing folder.

    Returns:
        The file ``model.onnx``, with the inputs and outputs named as in the graph.

    Raises:
        ConversionError: If tf2onnx is not installed, or can't carry the graph over.
    """
    try:
        import tf2onnx
    except ImportError as error:
        raise ConversionError(
            TARGET, "tf2onnx", f"it is not installed ({error}); `pip install marcelle-rt[onnx]` gets it"
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
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConversionError(TARGET, "the graph", f"tf2onnx can't carry it over. {reason}") from error
    return path
