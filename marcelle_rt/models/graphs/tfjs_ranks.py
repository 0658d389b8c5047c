"""Ops that TF.js' WebGL has for few dimensions only, and along an axis that is counted from the front.

More dimensions are put together before and after the axis that an op is about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .copying import Op, Rule
from .sizes import as_shape, product, sizes

MOST = 6
"""How many dimensions a tensor can have in WebGL."""


def _axis(op: Op, index: int = 1) -> int:
    value = op.constant(index)
    if value is None or op.inputs[0].shape.rank is None:
        op.refuse("its axis, or the number of its input's dimensions, is not known")
    return int(value) % int(op.inputs[0].shape.rank)


def _along(op: Op, x: Any, axis: int, compute: Callable[[Any], Any]) -> Any:
    """Computes along the middle one of three dimensions, into which all others are put."""
    import numpy as np
    import tensorflow as tf

    shape = x.shape.as_list()
    if None in shape[1:] or axis == 0:
        op.refuse(f"TF.js has it for at most 4 dimensions, and its input has {len(shape)}")
    before = [-1 if shape[0] is None else int(np.prod(shape[:axis])), shape[axis]]
    done = compute(tf.reshape(x, [*before, int(np.prod(shape[axis + 1 :]))]))
    return tf.reshape(done, [-1 if shape[0] is None else shape[0], *shape[1:axis], done.shape[1], *shape[axis + 1 :]])


def _cumulated(op: Op) -> Any:
    """TF.js' WebGL adds up along no axis that is counted from behind, and the CPU along another one."""
    import tensorflow as tf

    axis = _axis(op)
    compute = getattr(tf.raw_ops, op.type)
    settings = {"exclusive": op.attribute("exclusive"), "reverse": op.attribute("reverse")}
    if op.inputs[0].shape.rank > 4:
        return _along(op, op.inputs[0], axis, lambda x: compute(x=x, axis=1, **settings))
    return compute(x=op.inputs[0], axis=axis, **settings)


def _beyond(op: Op, most: int, unknown: str) -> Any:
    """What an op's second input says of each dimension, where there are more of them than TF.js takes; else `None`.

    Args:
        op: The op.
        most: How many dimensions TF.js takes.
        unknown: Why it is refused where that input is not known beforehand.
    """
    if (op.inputs[0].shape.rank or 0) <= most:
        return None
    told = op.constant(1)
    if told is None:
        op.refuse(unknown)
    return told


def _reversed(op: Op) -> Any:
    import tensorflow as tf

    axes, x = _beyond(op, 4, "its axes are not known"), op.inputs[0]
    if axes is None:
        return None
    for axis in axes.ravel() % x.shape.rank:
        x = _along(op, x, int(axis), lambda part: tf.reverse(part, [1]))
    return x


def _padded(op: Op) -> Any:
    import tensorflow as tf

    amounts, x = _beyond(op, 4, "how much it pads is not known"), op.inputs[0]
    if amounts is None:
        return None
    value = op.inputs[2] if op.type == "PadV2" else 0

    def padded(before: int, after: int) -> Callable[[Any], Any]:
        amount = [[0, 0], [before, after], [0, 0]]
        if op.type == "MirrorPad":
            return lambda part: tf.pad(part, amount, mode=op.attribute("mode").decode())
        return lambda part: tf.pad(part, amount, constant_values=value)

    for axis, (before, after) in enumerate(amounts.tolist()):
        if before or after:
            x = _along(op, x, axis, padded(before, after))
    return x


def _tiled(op: Op) -> Any:
    import tensorflow as tf

    counts, x = _beyond(op, 5, "how often it repeats is not known"), op.inputs[0]
    if counts is None:
        return None

    def tiled(count: int) -> Callable[[Any], Any]:
        return lambda part: tf.tile(part, [1, count, 1])

    for axis, count in enumerate(counts.tolist()):
        if count > 1:
            x = _along(op, x, axis, tiled(count))
    return x


def _selected(op: Op) -> Any:
    """Neighboring dimensions are put together where each input has both, or repeats both."""
    import tensorflow as tf

    rank = op.old.outputs[0].shape.rank
    if rank is None:
        op.refuse("the shapes of its inputs are not known")
    if rank <= 4:
        return None
    inputs = [part if part.shape.rank == 0 else _with_rank(part, rank) for part in op.inputs]
    wide = [part for part in inputs if part.shape.rank]
    groups: list[list[int]] = [[0]]
    for axis in range(1, rank):
        repeats = all((part.shape[axis] == 1) == (part.shape[axis - 1] == 1) for part in wide)
        if repeats and len(groups) + rank - axis > 4:
            groups[-1].append(axis)
        else:
            groups.append([axis])
    if len(groups) > 4:
        op.refuse(f"TF.js has it for at most 4 dimensions, and here are {rank}")
    done = tf.where(
        *(
            tf.reshape(part, as_shape([product(part, group) for group in groups])) if part.shape.rank else part
            for part in inputs
        )
    )
    whole = [next((part for part in wide if part.shape[axis] != 1), wide[0]) for axis in range(rank)]
    return tf.reshape(done, as_shape([product(part, [axis]) for axis, part in enumerate(whole)]))


def _with_rank(tensor: Any, rank: int) -> Any:
    import tensorflow as tf

    missing = rank - tensor.shape.rank
    return tensor if not missing else tf.reshape(tensor, as_shape([*[1] * missing, *sizes(tensor)]))


RULES: dict[str, Rule] = {
    "Cumprod": _cumulated,
    "Cumsum": _cumulated,
    "MirrorPad": _padded,
    "Pad": _padded,
    "PadV2": _padded,
    "ReverseV2": _reversed,
    "SelectV2": _selected,
    "Tile": _tiled,
}
