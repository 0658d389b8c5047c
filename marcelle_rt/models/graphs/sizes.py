"""Shapes of which some sizes are known only when a model runs."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from typing import Any


def sizes(tensor: Any) -> list[Any]:
    """A tensor's sizes: numbers where they are known, and tensors where not."""
    return [product(tensor, [axis]) for axis in range(tensor.shape.rank)]


def product(tensor: Any, axes: Iterable[int]) -> Any:
    """How many numbers a tensor has over some dimensions."""
    import tensorflow as tf

    known = [tf.shape(tensor)[axis] if tensor.shape[axis] is None else tensor.shape[axis] for axis in axes]
    return functools.reduce(operator.mul, known, 1)


def as_shape(given: list[Any]) -> Any:
    """A shape for reshaping: with -1 where one size is not known, and as a tensor where several are."""
    import tensorflow as tf

    unknown = [place for place, size in enumerate(given) if not isinstance(size, int)]
    if len(unknown) == 1:
        return [-1 if place in unknown else size for place, size in enumerate(given)]
    return tf.stack(given) if unknown else given
