"""Lends the weights of a large Keras model to its trace, so that the graph is made without them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..disk import is_keras3, keras_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGE = 10_000_000
"""Models of more parameters are large."""
MOST_WITHIN = 2**16
"""A weight of more numbers is kept beside the graph; smaller ones stay in it, where what looks at values sees them."""


def lent_by(model: Any) -> list[Any]:
    """The variables whose values are kept beside a model's graph: the large ones of a large model.

    Args:
        model: A built Keras model; one of Keras 2 lends nothing.
    """
    variables = list({id(variable): variable for variable in model.weights}.values()) if is_keras3(model) else []
    if sum(map(_count, variables)) <= LARGE:
        return []
    return [variable for variable in variables if _count(variable) > MOST_WITHIN]


def lent(model: Any, variables: Sequence[Any], tensors: Sequence[Any]) -> contextlib.AbstractContextManager[Any]:
    """Has a model compute with tensors in the place of its variables.

    Args:
        model: The model.
        variables: What `lent_by` gave.
        tensors: One for each; with none, the model computes with its own.
    """
    if not tensors:
        return contextlib.nullcontext()
    scope: contextlib.AbstractContextManager[Any] = keras_of(model).StatelessScope(
        list(zip(variables, tensors, strict=True))
    )
    return scope


def values_of(variables: Sequence[Any]) -> list[NDArray[Any]]:
    """What variables hold, where they hold it: nothing is copied that is in the processor's memory."""
    import numpy as np
    import tensorflow as tf

    return [np.asarray(tf.convert_to_tensor(variable.value)) for variable in variables]


def _count(variable: Any) -> int:
    import numpy as np

    return int(np.prod(variable.shape, dtype="int64"))
