"""Slices as TF.js computes them: forwards."""

from __future__ import annotations

from typing import Any

from .copying import Op


def rule(op: Op) -> Any:
    """Takes what a `StridedSlice` goes through backwards by its indices. TF.js gives other values there."""
    import tensorflow as tf

    strides = op.constant(3)
    if strides is None:
        op.refuse("its strides are not known")
    if (strides > 0).all():
        return None
    begin, end = op.constant(1), op.constant(2)
    if begin is None or end is None:
        op.refuse("TF.js can't go backwards from a place that is not known")
    masks = {key: op.attribute(f"{key}_mask") for key in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")}
    x, forwards = op.inputs[0], abs(strides)
    for place, axis in _axes(op, len(strides), masks):
        if strides[place] > 0 or masks["shrink_axis"] >> place & 1:
            continue
        size = x.shape[axis]
        if size is None:
            op.refuse(f"the size of dimension {axis}, which it goes through backwards, is not known")
        first, last = (
            None if masks[key] >> place & 1 else int(values[place]) for key, values in (("begin", begin), ("end", end))
        )
        indices = list(range(*slice(first, last, int(strides[place])).indices(size)))
        x = tf.gather(x, tf.constant(indices, tf.int32), axis=axis)
        forwards[place] = 1
        masks["begin"] |= 1 << place
        masks["end"] |= 1 << place
    given = {f"{key}_mask": value for key, value in masks.items()}
    return tf.raw_ops.StridedSlice(input=x, begin=begin, end=end, strides=forwards, **given)


def _axes(op: Op, count: int, masks: dict[str, int]) -> list[tuple[int, int]]:
    """Which dimension each entry is about; new ones, and the dots, are about none."""
    rank = op.inputs[0].shape.rank
    if rank is None:
        op.refuse("the number of its input's dimensions is not known")
    about = [place for place in range(count) if not (masks["new_axis"] | masks["ellipsis"]) >> place & 1]
    dots = next((place for place in range(count) if masks["ellipsis"] >> place & 1), count)
    before = [place for place in about if place < dots]
    after = [place for place in about if place > dots]
    return [*zip(before, range(rank), strict=False), *zip(after, range(rank - len(after), rank), strict=True)]
