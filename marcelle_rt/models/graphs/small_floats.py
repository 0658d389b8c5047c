"""Floats that browsers don't have: those of 16 and 64 bits become floats of 32, and those of 8 are rounded as such."""

from __future__ import annotations

from typing import Any

from .copying import Op, Rule

# How many binary digits a number has, the hidden one included, and the smallest number above zero.
_EIGHT_BITS = {"float8_e4m3fn": (4, 2.0**-9), "float8_e5m2": (3, 2.0**-16)}
_SIXTEEN_BITS = {"bfloat16": (8, 0.0), "float16": (11, 2.0**-24)}
_HUGE = 2.0**100


def in_32_bits() -> dict[Any, Any]:
    """Which floats take the place of others: the only ones that browsers compute with."""
    import tensorflow as tf

    others = (tf.float16, tf.bfloat16, tf.float64, *map(tf.as_dtype, _EIGHT_BITS))
    return dict.fromkeys(others, tf.float32)


def _cast(op: Op) -> Any:
    """What is cast to fewer bits and back was to be rounded, as in quantized layers; floats of 8 bits always are."""
    given, to = op.attribute("SrcT").name, op.attribute("DstT").name
    if to in _EIGHT_BITS:
        return _rounded(op.inputs[0], *_EIGHT_BITS[to])
    before = op.old.inputs[0].op
    if to == "float32" and given in _SIXTEEN_BITS and before.type == "Cast" and before.get_attr("SrcT").name == to:
        return _rounded(op.inputs[0], *_SIXTEEN_BITS[given])
    return None


def _rounded(x: Any, digits: int, smallest: float) -> Any:
    """Rounds to so many binary digits, by T. J. Dekker's splitting of a float (1971).

    Below what has all its digits, the steps are those of the smallest number.
    """
    import tensorflow as tf

    x = tf.cast(x, tf.float32)
    large = x * (2.0 ** (24 - digits) + 1.0)
    coarse = tf.where(tf.abs(x) < _HUGE, large - (large - x), x)
    if not smallest:
        return coarse
    return tf.where(tf.abs(x) < smallest * 2 ** (digits - 1), tf.round(x / smallest) * smallest, coarse)


RULES: dict[str, Rule] = {"Cast": _cast}
