"""TensorFlow ops as TF.js 4 computes them: what it does otherwise is written by other ops, or refused.

TF.js takes an op by its name. It overlooks attributes that it doesn't know, and where an op needs more than it has, a
page fails, or predicts something else. So each op that it has is looked at here with its attributes, the shapes of its
inputs and its types. The sweep in `tests/support/sweep` compares what comes of that with Keras.
"""

from __future__ import annotations

from typing import Any

from . import absent, common_rules, einsum, slices
from .complex_numbers import MOVES, TRANSFORMS, moved, of_parts, transformed
from .copying import Op, Rule
from .tfjs_ranks import RULES as RANKS


def _band_part(op: Op) -> Any:
    """TF.js takes the number of lower diagonals for that of the upper ones too."""
    import tensorflow as tf

    x, lower, upper = op.inputs
    shape = tf.shape(x)
    rows, columns = (size if size is not None else shape[axis] for axis, size in ((-2, x.shape[-2]), (-1, x.shape[-1])))
    above = tf.range(columns)[tf.newaxis, :] - tf.range(rows)[:, tf.newaxis]
    lower, upper = tf.cast(lower, tf.int32), tf.cast(upper, tf.int32)
    kept = ((lower < 0) | (-above <= lower)) & ((upper < 0) | (above <= upper))
    if x.dtype == tf.bool:
        return x & kept
    return tf.where(kept, x, tf.zeros([], x.dtype))


def _one_hot(op: Op) -> Any:
    """TF.js puts the new axis last."""
    import tensorflow as tf

    rank = op.inputs[0].shape.rank
    axis = op.attribute("axis")
    if axis in (-1, rank):
        return None
    if rank is None:
        op.refuse("the number of its input's dimensions is not known")
    last = tf.one_hot(op.inputs[0], *op.inputs[1:], axis=-1, dtype=op.old.outputs[0].dtype)
    order = list(range(rank))
    order.insert(axis % (rank + 1), rank)
    return tf.transpose(last, order)


def _as_it_comes(op: Op) -> Any:
    """TF.js looks for the shape that is made sure of where it is not, and fails."""
    return op.inputs[0]


def _squeeze(op: Op) -> Any:
    """TF.js takes no axes for all that it finds to be 1, which may be the batch too."""
    import tensorflow as tf

    shape = op.shape(0)
    if shape is None:
        op.refuse("the number of its input's dimensions is not known")
    axes = op.attribute("squeeze_dims") or [axis for axis, size in enumerate(shape) if size == 1]
    return tf.raw_ops.Squeeze(input=op.inputs[0], axis=sorted(axis % len(shape) for axis in axes)) if axes else None


def _select(op: Op) -> Any:
    """One truth value may stand for a whole row; TF.js would take it for a column."""
    import tensorflow as tf

    condition, x, y = op.inputs
    if condition.shape.rank == x.shape.rank:
        return None
    if condition.shape.rank not in (0, 1) or x.shape.rank is None:
        op.refuse("the shapes of its inputs are not known")
    if condition.shape.rank == 1:
        size = -1 if condition.shape[0] is None else condition.shape[0]
        condition = tf.reshape(condition, [size, *[1] * (x.shape.rank - 1)])
    return tf.where(condition, x, y)


def _clip(op: Op) -> Any:
    """TF.js clips by two numbers only."""
    import tensorflow as tf

    x, low, high = op.inputs
    return None if low.shape.rank == high.shape.rank == 0 else tf.minimum(tf.maximum(x, low), high)


def _floor_div(op: Op) -> Any:
    """TF.js gives whole numbers, which have no infinity."""
    import tensorflow as tf

    x, y = op.inputs
    return tf.floor(x / y) if x.dtype.is_floating else None


def _sign(op: Op) -> Any:
    """TF.js has 0 for what is not a number."""
    import tensorflow as tf

    x = op.inputs[0]
    return tf.where(tf.math.is_nan(x), x, tf.sign(x)) if x.dtype.is_floating else None


def _batch_mat_mul(op: Op) -> Any:
    """Whole numbers of a quantized layer are multiplied as floats, which TF.js makes of them anyway."""
    import tensorflow as tf

    x, y = (tf.cast(tensor, tf.float32) for tensor in op.inputs)
    product = tf.raw_ops.BatchMatMulV2(x=x, y=y, adj_x=op.attribute("adj_x"), adj_y=op.attribute("adj_y"))
    return tf.cast(product, tf.int32 if op.attribute("Tout").is_integer else tf.float32)


def _scatter_add(op: Op) -> Any:
    import tensorflow as tf

    x, indices, updates = op.inputs
    return x + tf.scatter_nd(indices, updates, tf.shape(x))


def _rfft(op: Op) -> Any:
    """TF.js overlooks how long the input is to be made."""
    import tensorflow as tf

    length = op.constant(1)
    if length is None or op.inputs[0].shape[-1] is None:
        op.refuse("its length is not known")
    x = _as_long_as(op.inputs[0], int(length[0]))
    return transformed(x, lambda given: tf.raw_ops.RFFT(input=given, fft_length=length))


def _irfft(op: Op) -> Any:
    import tensorflow as tf

    length = op.constant(1)
    if length is None or op.inputs[0].shape[-1] is None:
        op.refuse("its length is not known")
    if length[0] % 2:
        op.refuse("TF.js has it for an even length only")
    x, bins = op.inputs[0], int(length[0]) // 2 + 1
    sizes = [-1 if size is None else size for size in x.shape[:-1]]
    if sizes.count(-1) > 1:
        op.refuse("the shape of its input is not known")
    flat = of_parts(x, lambda part: tf.reshape(_as_long_as(part, bins), [-1, bins]))
    return tf.reshape(tf.raw_ops.IRFFT(input=flat, fft_length=length), [*sizes, int(length[0])])


def _as_long_as(x: Any, size: int) -> Any:
    import tensorflow as tf

    if size == x.shape[-1]:
        return x
    if size < x.shape[-1]:
        return x[..., :size]
    return tf.pad(x, [*[[0, 0]] * (x.shape.rank - 1), [0, size - x.shape[-1]]])


def _convolution(op: Op) -> Any:
    """TF.js takes no groups of channels, nor strides with dilations."""
    import tensorflow as tf

    _channels_last(op)
    strides, dilations = op.attribute("strides"), op.attribute("dilations")
    if max(strides) > 1 and max(dilations) > 1:
        op.refuse("TF.js has no strides together with dilations")
    x, kernel = op.inputs
    channels, depth = x.shape[-1], kernel.shape[-2]
    if channels is None or depth is None or channels == depth or op.type == "DepthwiseConv2dNative":
        return None
    groups = channels // depth
    if op.type != "Conv2D":
        op.refuse("TF.js has no groups of channels there")
    settings = {"strides": strides, "padding": op.attribute("padding").decode(), "dilations": dilations}
    settings["explicit_paddings"] = op.attribute("explicit_paddings")
    if depth == 1 and strides[1] == strides[2]:
        *size, _, filters = kernel.shape.as_list()
        kernel = tf.reshape(kernel, [*size, channels, filters // channels])
        return tf.raw_ops.DepthwiseConv2dNative(input=x, filter=kernel, **settings)
    pairs = zip(tf.split(x, groups, axis=-1), tf.split(kernel, groups, axis=-1), strict=True)
    return tf.concat([tf.raw_ops.Conv2D(input=part, filter=own, **settings) for part, own in pairs], axis=-1)


def _transposed_convolution(op: Op) -> Any:
    """TF.js overlooks dilations: zeros within the kernel do the same."""
    import numpy as np
    import tensorflow as tf

    _channels_last(op)
    dilations = op.attribute("dilations")
    channels = op.inputs[2].shape[-1]
    if op.inputs[1].shape[-1] != channels:
        op.refuse("TF.js has no groups of channels there")
    if max(dilations) == 1:
        return None
    kernel = op.constant(1)
    if kernel is None:
        op.refuse("TF.js has no dilations there")
    rows, columns = dilations[1:3]
    height, width = kernel.shape[:2]
    wide = np.zeros(((height - 1) * rows + 1, (width - 1) * columns + 1, *kernel.shape[2:]), kernel.dtype)
    wide[::rows, ::columns] = kernel
    return tf.raw_ops.Conv2DBackpropInput(
        input_sizes=op.inputs[0],
        filter=tf.constant(wide),
        out_backprop=op.inputs[2],
        strides=op.attribute("strides"),
        padding=op.attribute("padding").decode(),
        explicit_paddings=op.attribute("explicit_paddings"),
    )


def _channels_last(op: Op) -> None:
    if op.attribute("data_format") not in (b"NHWC", b"NDHWC"):
        op.refuse("browsers compute with channels last only")


def _normalization(op: Op) -> None:
    _channels_last(op)
    if op.attribute("is_training"):
        op.refuse("it normalizes by each batch, as in training")


def _numbers_only(op: Op) -> None:
    if op.inputs[0].dtype.is_bool:
        op.refuse("TF.js has it for numbers only")


_REAL: dict[str, Rule] = {
    **common_rules.RULES,
    **absent.RULES,
    **TRANSFORMS,
    **RANKS,
    "AvgPool": _channels_last,
    "AvgPool3D": _channels_last,
    "BatchMatMulV3": _batch_mat_mul,
    "ClipByValue": _clip,
    "Conv2D": _convolution,
    "Conv2DBackpropInput": _transposed_convolution,
    "Conv3D": _convolution,
    "DepthToSpace": _channels_last,
    "DepthwiseConv2dNative": _convolution,
    "Einsum": einsum.rule,
    "EnsureShape": _as_it_comes,
    "FloorDiv": _floor_div,
    "FusedBatchNorm": _normalization,
    "FusedBatchNormV2": _normalization,
    "FusedBatchNormV3": _normalization,
    "IRFFT": _irfft,
    "MatrixBandPart": _band_part,
    "MaxPool": _channels_last,
    "MaxPool3D": _channels_last,
    "OneHot": _one_hot,
    "RFFT": _rfft,
    "Select": _select,
    "Sign": _sign,
    "Squeeze": _squeeze,
    "StridedSlice": slices.rule,
    "TensorScatterAdd": _scatter_add,
    "TopKV2": _numbers_only,
}

RULES: dict[str, Rule] = _REAL | {name: moved(_REAL.get(name)) for name in MOVES}
