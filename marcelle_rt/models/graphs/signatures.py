"""In which order a SavedModel takes its inputs and gives its outputs: its signature knows them by names alone."""

from __future__ import annotations

import re
from typing import Any


def input_names(loaded: Any, serving: Any) -> list[str]:
    """The names of a signature's inputs in the order of the model that was saved.

    Args:
        loaded: What TensorFlow has read.
        serving: Its signature.
    """
    import tensorflow as tf

    names = list(serving.structured_input_signature[1])
    # Keras 3 exports the model as a function of its arguments, which stand in a row; so does Keras 2 with all of it.
    for function in ("serve", "__call__"):
        for concrete in getattr(getattr(loaded, function, None), "concrete_functions", ()):
            given = tf.nest.flatten(concrete.structured_input_signature)
            ordered = [str(spec.name) for spec in given if isinstance(spec, tf.TensorSpec)]
            if sorted(ordered) == sorted(names):
                return ordered
    return sorted(names, key=_with_numbers)


def output_names(serving: Any) -> list[str]:
    """The names of a signature's outputs in the order of the model that was saved.

    Args:
        serving: TensorFlow's signature.
    """
    names = list(serving.structured_outputs)
    is_numbered = all(re.fullmatch(r"output_\d+", name) for name in names)  # by Keras 3, of what has no names
    return sorted(names, key=_with_numbers if is_numbered else str)


def _with_numbers(name: str) -> list[tuple[int, str]]:
    """A key by which `x_9` comes before `x_10`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]
