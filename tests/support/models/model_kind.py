"""A kind of Keras model: how to make one, and samples that it predicts differently for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

SAMPLES = 3

Model = Any


@dataclass(frozen=True)
class Kind:
    """A kind of model.

    Attributes:
        title: What the table in the docs calls it.
        build: Makes a model of it.
        tokens: How many words there are, where the input is words.
        pixels: Whether the input is an image with values up to 255; else it is numbers around 0.
        webgl: Whether the page that predicts with it has WebGL. Where no graphics card is, as in tests, each op of each
            size takes a moment to be compiled; a deep model of ops that others have too runs without.
    """

    title: str
    build: Callable[[], Model]
    tokens: int | None = None
    pixels: bool = False
    webgl: bool = True

    def samples(self, model: Model, count: int = SAMPLES) -> np.ndarray:
        known = model.inputs[0].shape if getattr(model, "inputs", None) else model.get_build_config()["input_shape"]
        shape = (count, *[5 if size is None else size for size in known[1:]])
        generator = np.random.default_rng(7)
        if self.tokens:
            return generator.integers(0, self.tokens, shape).astype("float32")
        if self.pixels:
            return generator.uniform(0, 255, shape).astype("float32")
        return generator.normal(size=shape).astype("float32")

    def trained(self) -> Model:
        """A model of this kind that predicts differently for different samples, as a trained one does."""
        model = self.build()
        make_matter(model, self.samples(model, 16))
        return model


def sequential(shape: tuple[int | None, ...], *stack: Any) -> Model:
    return keras.Sequential([keras.Input(shape), *stack])


def functional(shape: tuple[int | None, ...], call: Callable[[Any], Any]) -> Model:
    inputs = keras.Input(shape)
    return keras.Model(inputs, call(inputs))


class Doubling(layers.Layer):
    """A layer of the user's own."""

    def call(self, inputs: Any) -> Any:
        return inputs * 2.0


class Subclassed(keras.Model):
    """A model whose layers are called by Python code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.hidden = layers.Dense(6, activation="tanh")
        self.last = layers.Dense(3)

    def call(self, inputs: Any) -> Any:
        hidden = self.hidden(inputs)
        return self.last(hidden) + keras.ops.mean(hidden, axis=-1, keepdims=True)


def make_matter(model: Model, samples: np.ndarray) -> None:
    """Gives a model weights that matter.

    Freshly made deep networks answer nearly the same to everything, so that comparing what they predict would
    prove nothing.
    """
    generator = np.random.default_rng(11)
    for variable in model.weights:
        if not variable.dtype.startswith(("float", "bfloat")):
            continue
        shape = variable.shape
        if "gamma" in variable.name or "variance" in variable.name:
            variable.assign(generator.uniform(0.5, 1.5, shape))
        elif len(shape) > 1:
            variable.assign(generator.normal(0.0, 1.0 / np.sqrt(np.prod(shape[:-1])), shape))
        else:
            variable.assign(generator.normal(0.0, 0.3, shape))
    normalizations = [layer for layer in model._flatten_layers() if isinstance(layer, layers.BatchNormalization)]
    for layer in normalizations:
        layer.momentum = 0.0  # so that one batch gives it real statistics
    if normalizations:
        model(samples, training=True)
    last = [layer for layer in model._flatten_layers() if isinstance(layer, layers.Dense | layers.Conv2D)][-1:]
    spread = spread_of(np.asarray(model(samples, training=False)))
    if last and spread < 0.05:
        last[0].kernel.assign(last[0].kernel * min(0.2 / spread, 30.0))


def spread_of(outputs: np.ndarray) -> float:
    """How much outputs differ between samples."""
    return float(np.max(np.std(np.asarray(outputs, "float64"), axis=0)))
