"""Runs an ONNX model here, to see that it predicts what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import ConversionError
from ..reasons import first_line
from .reading import TARGET

if TYPE_CHECKING:
    from numpy.typing import NDArray


def run(model: Any, batch: NDArray[Any], every: bool = False) -> dict[str, Any]:
    """What a model answers.

    Args:
        model: A `ModelProto` with one input.
        batch: What it is fed.
        every: Whether to answer with all tensors of its graph, not with its outputs alone.

    Returns:
        The answers by the names of the tensors; a sequence's is a list.

    Raises:
        ConversionError: onnxruntime is not installed, or can't run it.
    """
    try:
        import onnxruntime
    except ImportError as error:
        reason = "it is not installed, and what is exported is tried out with it; `pip install onnxruntime`"
        raise ConversionError(TARGET, "onnxruntime", reason) from error

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1  # the others belong to the training
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    names = [output.name for output in model.graph.output]
    if every:
        model, names = _telling_all(model)
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        answers = session.run(names, {session.get_inputs()[0].name: batch})
    except Exception as error:
        # onnxruntime's errors are C++'s, a class for each of its codes.
        raise ConversionError(TARGET, "the graph", f"onnxruntime can't run it. {first_line(error)}") from error
    return dict(zip(names, answers, strict=True))


def _telling_all(model: Any) -> tuple[Any, list[str]]:
    """A copy of a model that has all its tensors for outputs."""
    from onnx import ValueInfoProto

    copy = type(model)()
    copy.CopyFrom(model)
    have = {output.name for output in copy.graph.output}
    names = [name for node in copy.graph.node for name in node.output if name]
    copy.graph.output.extend(ValueInfoProto(name=name) for name in names if name not in have)
    return copy, [output.name for output in copy.graph.output]
