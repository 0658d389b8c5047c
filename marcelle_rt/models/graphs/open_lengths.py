"""Layers that Keras traces to something else than it computes, where sizes of their inputs are open."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def traced_as_called(model: Any) -> Iterator[None]:
    """Has the `TimeDistributed` layers of a model take every step of an input of any length while it is traced.

    Keras (3.15) maps over as many steps as there are samples then: of two samples with five steps each, it leaves out
    three. Called with numbers, which have a length, it is right.

    Args:
        model: A Keras model.
    """
    keras: Any = sys.modules.get("keras")
    flatten = getattr(model, "_flatten_layers", None)
    changed = []
    try:
        for layer in flatten() if keras and flatten else ():
            # One that somebody has written anew is not known to be wrong, and Keras 2 has a class of its own.
            if getattr(type(layer), "call", None) is keras.layers.TimeDistributed.call and "call" not in vars(layer):
                layer.call = functools.partial(_each_step, layer)
                changed.append(layer)
        yield
    finally:
        for layer in changed:
            del layer.call


def _each_step(layer: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
    """What `TimeDistributed.call` gives: the steps of all samples are samples to the layer within."""
    import tensorflow as tf

    if inputs.shape[1] is not None or not tf.is_tensor(inputs):
        return type(layer).call(layer, inputs, training=training, mask=mask)
    options: dict[str, Any] = {}
    if layer.layer._call_has_mask_arg and mask is not None:
        options["mask"] = _without_steps(mask)
    if layer.layer._call_has_training_arg:
        options["training"] = training
    outputs = layer.layer.call(_without_steps(inputs), **options)
    steps = tf.reshape(outputs, tf.concat([tf.shape(inputs)[:2], tf.shape(outputs)[1:]], 0))
    return tf.ensure_shape(steps, [*inputs.shape[:2], *outputs.shape[1:]])


def _without_steps(tensor: Any) -> Any:
    import tensorflow as tf

    flat = tf.reshape(tensor, tf.concat([[-1], tf.shape(tensor)[2:]], 0))
    return tf.ensure_shape(flat, [None, *tensor.shape[2:]])
