"""TensorFlow graphs as ONNX models."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

from ..errors import ConversionError
from .apart.exchange import put_back
from .graphs.copying import rewritten
from .graphs.frozen import Graph
from .graphs.onnx_rules import RULES
from .graphs.simplify import CONSTANTS, simplified
from .graphs.tfjs_ops import OPS
from .graphs.trial import compared, differs
from .onnx_files.beside import settle_weights
from .onnx_files.reading import refuse_size
from .onnx_files.writing import write_with
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
        import tf2onnx  # noqa: F401
    except ImportError as error:
        raise ConversionError(
            TARGET, "tf2onnx", f"it is not installed ({error}); install it with `pip install 'marcelle-rt[onnx]'`"
        ) from error
    refuse_size("the model", sum(array.nbytes for array in graph.weights.values()))
    graph = simplified(rewritten(graph, TARGET, RULES), CONSTANTS)
    difference = differs(graph)
    if difference:
        raise ConversionError(TARGET, "the graph", f"written for ONNX, it {difference}. Please report this model")
    graph = put_back(graph, _looked_at(graph))
    try:
        model = _simplest(graph).make_model("converted from TensorFlow")
    except Exception as error:
        # tf2onnx raises whatever its many op handlers do.
        raise ConversionError(TARGET, "the graph", f"tf2onnx can't convert it. {first_line(error)}") from error
    _check(model)
    path = write_with(model, settle_weights(model, graph.weights), directory, "model")
    _try(path, graph)
    return path


def _simplest(graph: Graph) -> Any:
    """What tf2onnx makes of a graph, after its own optimizer.

    `tf2onnx.convert.from_graph_def` copies all of a model before each of the optimizer's two dozen steps, so that it
    can leave out one that fails. That takes as long as the steps, and is done here only once one has failed.
    """
    from tf2onnx.optimizer import optimize_graph

    carried_over = _carried_over(graph)
    try:
        return optimize_graph(carried_over, catch_errors=False)
    except Exception:
        # Its steps raise anything, and what they were given is half changed by then.
        return optimize_graph(_carried_over(graph), catch_errors=True)


def _carried_over(graph: Graph) -> Any:
    """A graph as tf2onnx has one: in ONNX' ops, and not simplified yet."""
    import tensorflow as tf
    from tf2onnx.tf_loader import tf_optimize
    from tf2onnx.tfonnx import process_tf_graph

    inputs = [*(end.tensor for end in graph.inputs), *(f"{name}:0" for name in graph.weights)]
    outputs = [end.tensor for end in graph.outputs]
    with tf.device("/CPU:0"), tf.Graph().as_default():
        definition = tf_optimize(inputs, outputs, graph.definition)
    with tf.Graph().as_default() as whole:
        tf.graph_util.import_graph_def(definition, name="")
        return process_tf_graph(
            whole,
            continue_on_error=True,
            input_names=inputs,
            output_names=outputs,
            tensors_to_rename={end.tensor: end.name for end in (*graph.inputs, *graph.outputs)},
            custom_op_handlers={"SelectV2": (_leave, ["Where"])},
        )


# With these, tf2onnx takes a weight that it doesn't see as one that it does; all else, such as loops, looks at values.
_UNSEEN = {"BatchMatMulV2", "Conv2D", "DepthwiseConv2dNative", "Einsum", "GatherV2", "Identity", "MatMul"}


def _looked_at(graph: Graph) -> set[str]:
    """The weights beside a graph that tf2onnx has to see."""
    return {
        name.partition(":")[0]
        for node in graph.definition.node
        if node.op not in _UNSEEN
        for name in node.input
        if name.partition(":")[0] in graph.weights
    }


def _try(path: Path, graph: Graph) -> None:
    """Runs a model once, where onnxruntime is there and it is cheap: tf2onnx has mistakes of its own."""
    if graph.trial is None or importlib.util.find_spec("onnxruntime") is None:
        return
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it says is in its error
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        fed = zip((end.name for end in graph.inputs), graph.trial.samples, strict=True)
        difference = compared(graph, session.run([end.name for end in graph.outputs], dict(fed)))
    except Exception as error:
        # Its errors share no class.
        difference = f"can't be run by onnxruntime. {first_line(error)}"
    if difference:
        raise ConversionError(TARGET, "the graph", f"what tf2onnx made of it {difference}. Convert it to tfjs")


def _leave(ctx: Any, node: Any, name: str, args: list[Any]) -> None:
    """ONNX' own op is as good. tf2onnx would multiply by 0 and 1, which leaves NaN where an infinity is left out."""


def _check(model: Any) -> None:
    """tf2onnx leaves ops that it doesn't know in the graph, which then can't be loaded."""
    import onnx

    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        unknown = re.search(r"No Op registered for (\w+)", str(error))
        if unknown:
            other = ", or convert to tfjs" if unknown[1] in OPS else "; TF.js does not have it either"
            raise ConversionError(
                TARGET, f"op {unknown[1]}", f"ONNX has no such op. Use other layers{other}"
            ) from error
        raise ConversionError(TARGET, "the graph", f"tf2onnx's result is not valid. {first_line(error)}") from error
