"""TensorFlow ops that neither TF.js nor ONNX has, written by ops that both have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .copying import Op, Rule


def written(compute: Callable[..., Any]) -> Rule:
    """A rule that writes an op, whatever its attributes, by what a function computes of its inputs."""

    def rule(op: Op) -> Any:
        return compute(*op.inputs)

    return rule


def _erfc(x: Any) -> Any:
    import tensorflow as tf

    return 1.0 - tf.math.erf(x)


def _softsign(x: Any) -> Any:
    import tensorflow as tf

    return x / (1.0 + tf.abs(x))


def _bucketize(op: Op) -> Any:
    """How many boundaries are not above a number."""
    import tensorflow as tf

    x = tf.cast(op.inputs[0], tf.float32)
    boundaries = tf.constant(op.attribute("boundaries"), tf.float32)
    return tf.reduce_sum(tf.cast(x[..., tf.newaxis] >= boundaries, tf.int32), axis=-1)


def _remainder(op: Op) -> Any:
    """Of a division rounded to zero, whose sign is that of the dividend; others take the divisor's."""
    import tensorflow as tf

    x, y = op.inputs
    return tf.sign(x) * tf.math.floormod(tf.abs(x), tf.abs(y))


def _quotient(op: Op) -> Any:
    """Of whole numbers, rounded to zero; others round down."""
    import tensorflow as tf

    x, y = op.inputs
    if x.dtype.is_floating:
        return tf.truediv(x, y)
    return tf.sign(x) * tf.sign(y) * tf.math.floordiv(tf.abs(x), tf.abs(y))


def _sign_bit(op: Op) -> Any:
    """The first bit of a float, which says whether it is negative. Keras' `argmax` asks for it, because of -0.0."""
    import tensorflow as tf

    bits, mask = op.inputs[0].op, op.constant(1)
    if bits.type != "Bitcast" or not bits.inputs[0].dtype.is_floating or mask is None or mask != tf.int32.min:
        return None
    x = bits.inputs[0]
    return tf.cast((x < 0.0) | (1.0 / x < 0.0), tf.int32) * tf.int32.min


def _xlogy(x: Any, y: Any) -> Any:
    import tensorflow as tf

    return tf.where(tf.equal(x, 0.0), tf.zeros_like(x * y), x * tf.math.log(y))


def _words(op: Op) -> None:
    op.refuse(
        "neither TF.js nor ONNX has tables or texts that a dashboard's model could be fed with. Look words up, or hash "
        "them, before the model, and convert a model of the layers that follow"
    )


_WORDS = (
    "AsString HashTableV2 LookupTableFindV2 MutableHashTableV2 SparseCross SparseCrossV2 StaticRegexReplace "
    "StringFormat StringJoin StringLower StringSplit StringSplitV2 StringToHashBucketFast StringToHashBucketStrong "
    "StringToNumber StringUpper"
)
RULES: dict[str, Rule] = {
    **dict.fromkeys(_WORDS.split(), _words),
    "BitwiseAnd": _sign_bit,
    "Bucketize": _bucketize,
    "Div": _quotient,
    "Erfc": written(_erfc),
    "Mod": _remainder,
    "Softsign": written(_softsign),
    "TruncateDiv": _quotient,
    "TruncateMod": _remainder,
    "Xlogy": written(_xlogy),
}
