"""TensorFlow ops that TF.js lacks, by ops that it has."""

from __future__ import annotations

from typing import Any

from .copying import Op, Rule


def _rolled(op: Op) -> Any:
    import tensorflow as tf

    x, shifts, axes = op.inputs[0], op.constant(1), op.constant(2)
    if shifts is None or axes is None or x.shape.rank is None:
        op.refuse("how far it rolls is not known")
    for shift, axis in zip(shifts.ravel().tolist(), axes.ravel().tolist(), strict=True):
        size = x.shape[axis]
        if size is None:
            op.refuse(f"the size of dimension {axis} is not known")
        place = -shift % size
        if place:
            x = tf.concat(tf.split(x, [place, size - place], axis=axis)[::-1], axis=axis)
    return x


def _crossed(op: Op) -> Any:
    """The product of two vectors of three numbers that is a vector."""
    import tensorflow as tf

    (a, b, c), (x, y, z) = (tf.unstack(tensor, num=3, axis=-1) for tensor in op.inputs)
    return tf.stack([b * z - c * y, c * x - a * z, a * y - b * x], axis=-1)


def _diagonal(op: Op) -> Any:
    """One diagonal of matrices, by its places in their rows put one after the other."""
    import tensorflow as tf

    x, offset = op.inputs[0], op.constant(1)
    if offset is None or offset.size != 1 or None in (x.shape.rank, *x.shape[-2:]) or None in x.shape[1:-2]:
        op.refuse("TF.js has no such op for several diagonals, or for matrices whose size is not known")
    rows, columns = x.shape[-2:]
    row, column = max(-int(offset.item()), 0), max(int(offset.item()), 0)
    places = [(row + i) * columns + column + i for i in range(min(rows - row, columns - column))]
    sizes = [-1 if size is None else size for size in x.shape[:-2]]
    return tf.gather(tf.reshape(x, [*sizes, rows * columns]), tf.constant(places, tf.int32), axis=-1)


def _on_a_diagonal(op: Op) -> Any:
    """Matrices with numbers on their main diagonal, and another number elsewhere."""
    import tensorflow as tf

    x, offset, rows, columns, elsewhere = op.inputs
    sizes = [tf.get_static_value(value) for value in (offset, rows, columns)]
    count = x.shape[-1]
    if count is None or None in sizes or sizes[0].any() or not {int(size) for size in sizes[1:]} <= {-1, count}:
        op.refuse("TF.js has no such op for other diagonals than the main one of square matrices")
    return tf.where(tf.eye(count, dtype=tf.bool), x[..., tf.newaxis], elsewhere)


def _with_a_diagonal(op: Op) -> Any:
    """Matrices with other numbers on one diagonal."""
    import numpy as np
    import tensorflow as tf

    x, diagonal = op.inputs[:2]
    offset = op.constant(2)
    if offset is None or offset.size != 1 or None in (x.shape.rank, *x.shape[-2:], diagonal.shape[-1]):
        op.refuse("TF.js has no such op for several diagonals, or for matrices whose size is not known")
    rows, columns = x.shape[-2:]
    is_on_it = np.eye(rows, columns, int(offset.item()), dtype=bool)
    first = max(-int(offset.item()), 0)
    around = [first, rows - first - diagonal.shape[-1]]
    by_rows = tf.pad(diagonal, [*[[0, 0]] * (diagonal.shape.rank - 1), around])
    return tf.where(is_on_it, by_rows[..., tf.newaxis], x)


def _updated(op: Op) -> Any:
    """A tensor with another one at a place of it."""
    import numpy as np
    import tensorflow as tf

    x, update, place = op.inputs[0], op.inputs[1], op.constant(2)
    if place is None or x.shape.rank is None or x.shape.rank > 4:
        op.refuse("TF.js has no such op where the place is not known, or for more than 4 dimensions")
    around, is_in_it = [], np.ones([1] * x.shape.rank, bool)
    for axis, (size, count) in enumerate(zip(x.shape, update.shape, strict=True)):
        if size is None or count is None:
            around.append([0, 0])  # the batch, which it has whole
            continue
        first = min(max(int(place[axis]), 0), size - count)
        around.append([first, size - first - count])
        inside = np.zeros(size, bool)
        inside[first : first + count] = True
        is_in_it = is_in_it & inside.reshape([-1 if other == axis else 1 for other in range(x.shape.rank)])
    if any(before is None and after is not None for before, after in zip(x.shape, update.shape, strict=True)):
        op.refuse("TF.js has no such op for a part of a batch")
    return tf.where(is_in_it, tf.pad(update, around), x)


def _space_to_depth(op: Op) -> Any:
    """Blocks of pixels as channels."""
    import tensorflow as tf

    x, size = op.inputs[0], op.attribute("block_size")
    if op.attribute("data_format") != b"NHWC" or None in x.shape[1:]:
        op.refuse("TF.js has no such op for images whose size is not known, or with channels first")
    height, width, channels = (int(value) for value in x.shape[1:])
    batch = -1 if x.shape[0] is None else x.shape[0]
    blocks = tf.reshape(x, [batch, height // size, size, width // size, size * channels])
    return tf.reshape(tf.transpose(blocks, [0, 1, 3, 2, 4]), [batch, height // size, width // size, -1])


RULES: dict[str, Rule] = {
    "Cross": _crossed,
    "MatrixDiagPartV3": _diagonal,
    "MatrixDiagV3": _on_a_diagonal,
    "MatrixSetDiagV3": _with_a_diagonal,
    "Roll": _rolled,
    "SpaceToDepth": _space_to_depth,
    "XlaDynamicUpdateSlice": _updated,
}
