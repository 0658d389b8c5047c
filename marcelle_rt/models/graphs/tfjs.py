"""A graph as TF.js runs it within one step."""

from __future__ import annotations

from typing import Any

from ...errors import ConversionError
from .copying import Op, Rule, needed_ops, rewritten
from .frozen import Graph
from .simplify import CONSTANTS, simplified
from .tfjs_ops import COMPLEX_OPS, LOOPS, OPS
from .tfjs_ranks import MOST
from .tfjs_rules import RULES
from .trial import differs

TARGET = "graph-model"


def for_tfjs(graph: Graph) -> Graph:
    """A graph that TF.js computes as TensorFlow computes the one that is given.

    Args:
        graph: A frozen graph.

    Raises:
        ConversionError: If TF.js can't; it names the op.
    """
    rules = RULES | {"Cast": _cast} | dict.fromkeys(_OVERFLOWING, _without_overflow)
    written = simplified(rewritten(graph, TARGET, rules, _types()), CONSTANTS)
    ops = needed_ops(written, TARGET)
    for check in (_check_name, _check_types):
        for op in ops:
            check(op)
    reason = differs(written)
    if reason:
        raise ConversionError(TARGET, "the graph", f"written for TF.js, it {reason}. Please report this model")
    return written


def lacks_ops_only(graph: Graph) -> bool:
    """Whether all ops that TF.js has would compute as they do in TensorFlow, if they were taken by their names."""

    def unchanged(rule: Rule) -> Rule:
        def checked(op: Op) -> None:
            if rule(op) is not None:
                op.refuse("TF.js computes it otherwise")

        return checked

    try:
        rewritten(graph, TARGET, {name: unchanged(rule) for name, rule in RULES.items()})
    except ConversionError:
        return False
    return True


_WRAPPED = ("uint8", "int8", "uint16", "int16")
_CARRIED = ("float32", "int32", "bool", "string", "complex64")
_OVERFLOWING = ("Add", "AddN", "AddV2", "Mul", "Neg", "Pow", "Prod", "Square", "Sub", "Sum")


def _types() -> dict[Any, Any]:
    import tensorflow as tf

    return dict.fromkeys((tf.int64, *map(tf.as_dtype, _WRAPPED)), tf.int32) | {tf.complex128: tf.complex64}


def _without_overflow(op: Op) -> None:
    if op.old.outputs[0].dtype.name in _WRAPPED:
        op.refuse(f"TF.js has no {op.old.outputs[0].dtype.name}, which would start again where its numbers end")


def _cast(op: Op) -> Any:
    """TF.js has 32 bits only; a number of 8 or 16 starts again where they end."""
    import tensorflow as tf

    given, to = op.attribute("SrcT"), op.attribute("DstT")
    if to.name not in _WRAPPED or (given.name in _WRAPPED and given.min >= to.min and given.max <= to.max):
        return None
    x = tf.cast(op.inputs[0], tf.int32)
    count = to.max - to.min + 1
    return x if given.is_bool else tf.math.floormod(x - to.min, count) + to.min


def _check_name(op: Op) -> None:
    if op.type not in OPS:
        op.refuse(_way_out(op))


def _check_types(op: Op) -> None:
    for tensor in (*op.old.inputs, *op.old.outputs):
        if tensor.dtype.name not in _CARRIED:
            op.refuse(f"TF.js has no numbers of the type {tensor.dtype.name}")
        if tensor.dtype.is_complex and op.type not in COMPLEX_OPS:
            op.refuse("TF.js has it for real numbers only")
        if (tensor.shape.rank or 0) > MOST:
            op.refuse(f"TF.js has at most {MOST} dimensions, batch included, and here are {tensor.shape.rank}")


def _way_out(op: Op) -> str:
    if op.type in LOOPS:
        return (
            "loops make predictions asynchronous, and dashboards don't wait for them. Give the recurrent layer's input "
            "a fixed length, keras.Input((steps, features)), and save the model as h5 or keras"
        )
    return "TF.js has no such op. Use other layers, or convert to ONNX"


def has_loops(graph: Graph) -> bool:
    """Whether a graph has loops, as recurrent layers do that were not unrolled."""
    return any(node.op in LOOPS for node in graph.definition.node)
