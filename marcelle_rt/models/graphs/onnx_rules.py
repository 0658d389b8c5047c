"""TensorFlow ops as tf2onnx takes them: those that it doesn't know are written by others."""

from __future__ import annotations

from typing import Any

from . import absent, common_rules
from .copying import Op, Rule


def _expm1(x: Any) -> Any:
    import tensorflow as tf

    return tf.exp(x) - 1.0


def _one_hot(op: Op) -> Any:
    """ONNX counts what is below zero from behind, where TensorFlow has nothing there."""
    import tensorflow as tf

    indices, depth, on, off = op.inputs
    rank, axis = indices.shape.rank, op.attribute("axis")
    if rank is None:
        op.refuse("the number of its input's dimensions is not known")
    axis = rank if axis == -1 else axis
    places = tf.reshape(tf.range(depth), [-1, *[1] * (rank - axis)])
    return tf.where(tf.equal(tf.cast(indices, tf.int32)[_with_a_new(axis, rank)], places), on, off)


def _transposed_convolution(op: Op) -> Any:
    """ONNX can't be asked for more than what the kernel reaches; the rest is zeros."""
    import tensorflow as tf

    wanted = op.old.outputs[0].shape.as_list()
    kernel, x = op.inputs[1].shape.as_list(), op.inputs[2].shape.as_list()
    if op.attribute("data_format") != b"NHWC" or None in (*wanted[1:], *x[1:3], *kernel[:2]):
        return None
    strides, dilations = op.attribute("strides")[1:3], op.attribute("dilations")[1:3]
    reached = [
        (size - 1) * stride + (count - 1) * dilation + 1
        for size, stride, count, dilation in zip(x[1:3], strides, kernel[:2], dilations, strict=True)
    ]
    missing = [max(size - reach, 0) for size, reach in zip(wanted[1:3], reached, strict=True)]
    if not any(missing):
        return None
    height, width = (size - gap for size, gap in zip(wanted[1:3], missing, strict=True))
    done = tf.raw_ops.Conv2DBackpropInput(
        input_sizes=tf.stack([tf.shape(op.inputs[2])[0], height, width, wanted[3]]),
        filter=op.inputs[1],
        out_backprop=op.inputs[2],
        strides=op.attribute("strides"),
        padding=op.attribute("padding").decode(),
        dilations=op.attribute("dilations"),
    )
    return tf.pad(done, [[0, 0], [0, missing[0]], [0, missing[1]], [0, 0]])


def _scattered(op: Op) -> None:
    """Where numbers meet at one place, TensorFlow adds them up, and what tf2onnx writes keeps one."""
    import numpy as np

    places = op.constant(0)
    if places is None or len(np.unique(places.reshape(-1, places.shape[-1]), axis=0)) < places[..., 0].size:
        op.refuse("ONNX adds nothing up where several numbers come to one place. Convert it to tfjs")


def _divided(op: Op) -> Any:
    """Whole numbers are divided down, and what is left has the sign of the divisor; tf2onnx rounds to zero."""
    import tensorflow as tf

    x, y = op.inputs
    if x.dtype.is_floating:
        return None
    quotient = tf.sign(x) * tf.sign(y) * tf.math.floordiv(tf.abs(x), tf.abs(y))
    left = x - quotient * y
    is_below = tf.cast((left < 0) ^ (y < 0), x.dtype) * tf.sign(tf.abs(left))
    return quotient - is_below if op.type == "FloorDiv" else left + is_below * y


def _zeros(op: Op) -> Any:
    """tf2onnx multiplies by zero, which leaves what is not a number as it is."""
    import tensorflow as tf

    return tf.zeros(tf.shape(op.inputs[0]), op.inputs[0].dtype)


def _selected(op: Op) -> Any:
    """onnxruntime selects numbers only."""
    condition, x, y = op.inputs
    return (condition & x) | (~condition & y) if x.dtype.is_bool else None


def _with_a_new(axis: int, rank: int) -> tuple[Any, ...]:
    return (*[slice(None)] * axis, None, *[slice(None)] * (rank - axis))


RULES: dict[str, Rule] = {
    **common_rules.RULES,
    "Conv2DBackpropInput": _transposed_convolution,
    "Cross": absent.RULES["Cross"],
    "FloorDiv": _divided,
    "FloorMod": _divided,
    "SelectV2": _selected,
    "ZerosLike": _zeros,
    "ScatterNd": _scattered,
    "OneHot": _one_hot,
    "Expm1": common_rules.written(_expm1),
}
