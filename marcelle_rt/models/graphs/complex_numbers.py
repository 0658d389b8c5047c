"""Complex numbers as TF.js has them: by their parts, since its WebGL forgets the shape of the two together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .copying import Op, Rule


def of_parts(x: Any, compute: Callable[[Any], Any]) -> Any:
    """What a function that only moves numbers makes of complex ones."""
    import tensorflow as tf

    return tf.complex(compute(tf.math.real(x)), compute(tf.math.imag(x)))


def transformed(x: Any, compute: Callable[[Any], Any]) -> Any:
    """A transform over the last dimension, which TF.js' WebGL gives the right shape for two dimensions only.

    Args:
        x: Real or complex numbers.
        compute: Makes complex numbers of them.
    """
    import tensorflow as tf

    sizes = x.shape.as_list()
    if len(sizes) <= 2:
        return compute(x)

    def flat(part: Any) -> Any:
        return tf.reshape(part, [-1, sizes[-1]])

    done = compute(of_parts(x, flat) if x.dtype.is_complex else flat(x))
    shape = [*(-1 if size is None else size for size in sizes[:-1]), done.shape[-1]]
    return of_parts(done, lambda part: tf.reshape(part, shape))


def _known(op: Op) -> Any:
    x = op.inputs[0]
    if x.shape.rank is None or None in x.shape[1:]:
        op.refuse("the shape of its input is not known")
    return x


def _one_dimension(op: Op) -> Any:
    import tensorflow as tf

    compute = getattr(tf.raw_ops, op.type)
    return transformed(_known(op), lambda given: compute(input=given))


def _two_dimensions(op: Op) -> Any:
    """Over one after the other."""
    import tensorflow as tf

    x = _known(op)
    compute = tf.raw_ops.FFT if op.type == "FFT2D" else tf.raw_ops.IFFT
    order = [*range(x.shape.rank - 2), x.shape.rank - 1, x.shape.rank - 2]
    for _ in range(2):
        x = of_parts(transformed(x, lambda given: compute(input=given)), lambda part: tf.transpose(part, order))
    return x


def moved(rule: Rule | None = None) -> Rule:
    """The rule of an op that only moves numbers: complex ones by their parts, others by another rule."""

    def checked(op: Op) -> Any:
        if not op.old.outputs[0].dtype.is_complex:
            return rule(op) if rule else None
        import tensorflow as tf

        parts = []
        for part in (tf.math.real, tf.math.imag):
            given, inputs = {}, iter(op.inputs)
            for argument in op.old.op_def.input_arg:
                count = op.attribute(argument.number_attr) if argument.number_attr else None
                tensors = [_part(next(inputs), part) for _ in range(count or 1)]
                given[argument.name] = tensors if count else tensors[0]
            own = [item.name for item in op.old.op_def.attr if item.type not in ("type", "list(type)")]
            counts = {argument.number_attr for argument in op.old.op_def.input_arg}
            settings = {name: op.attribute(name) for name in own if name not in counts}
            parts.append(getattr(tf.raw_ops, op.type)(**given, **settings))
        return tf.complex(*parts)

    return checked


def _part(tensor: Any, part: Callable[[Any], Any]) -> Any:
    return part(tensor) if tensor.dtype.is_complex else tensor


MOVES = (
    "ConcatV2", "ExpandDims", "GatherV2", "Pack", "Reshape", "ReverseV2", "Slice", "Squeeze", "StridedSlice", "Tile",
    "Transpose",
)  # fmt: skip
TRANSFORMS: dict[str, Rule] = {
    "FFT": _one_dimension,
    "FFT2D": _two_dimensions,
    "IFFT": _one_dimension,
    "IFFT2D": _two_dimensions,
}
