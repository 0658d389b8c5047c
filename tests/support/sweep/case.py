"""One model of the sweep: a line that says its inputs and what is computed of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

BATCH = 3
Arrays = list[np.ndarray]

_WAYS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal": lambda generator, shape: generator.normal(size=shape),
    "positive": lambda generator, shape: generator.uniform(0.2, 3.0, shape),
    "unit": lambda generator, shape: generator.uniform(0.05, 0.95, shape),
    "pixels": lambda generator, shape: generator.uniform(0, 255, shape),
    "int": lambda generator, shape: generator.integers(0, 4, shape),
    "signed": lambda generator, shape: generator.integers(-4, 5, shape),
    "bool": lambda generator, shape: generator.integers(0, 2, shape),
    "holes": lambda generator, shape: np.where(
        generator.uniform(size=shape) < 0.3, np.nan, generator.normal(size=shape)
    ),
}
_DTYPES = {"int": "int32", "signed": "int32", "bool": "bool"}


@dataclass(frozen=True)
class Given:
    """An input: its shape without the batch, and which numbers it takes."""

    shape: tuple[int, ...]
    way: str = "normal"

    def symbol(self) -> Any:
        return keras.Input(self.shape, dtype=_DTYPES.get(self.way, "float32"))

    def sample(self, generator: np.random.Generator) -> np.ndarray:
        return _WAYS[self.way](generator, (BATCH, *self.shape)).astype("float32")


@dataclass(frozen=True)
class Case:
    """A model to convert.

    Attributes:
        name: What a table calls it.
        build: Makes the model.
        samples: Gives what it is fed with, as 32-bit floats.
        exact: Gives what is right for a model and its samples, where that is not what Keras computes by 32-bit floats.
    """

    name: str
    build: Callable[[], Any]
    samples: Callable[[Any], Arrays]
    exact: Callable[[Any, Arrays], Arrays] | None = None


def parse(text: str, names: dict[str, Any]) -> list[Case]:
    """The cases that a text has, one a line: `4 8; 3 int | expression of a and b`.

    Before the bar stand the inputs' shapes, each with the way its numbers are drawn; in the expression they are
    called `a`, `b` and `c`. A line that only changes the inputs holds for those below it that name none.

    Args:
        text: The lines.
        names: What the expressions may use.
    """
    cases = []
    given: tuple[Given, ...] = (Given((4, 8)),)
    for line in filter(None, map(str.strip, text.splitlines())):
        before, bar, expression = line.rpartition("|")
        if bar and not expression:
            given = tuple(_givens(before))
            continue
        inputs = tuple(_givens(before)) if bar else given
        cases.append(from_expression(expression.strip(), inputs, names))
    return cases


def from_expression(expression: str, inputs: tuple[Given, ...], names: dict[str, Any]) -> Case:
    code = compile(expression, expression, "eval")

    def build() -> Any:
        symbols = [given.symbol() for given in inputs]
        model = keras.Model(symbols, eval(code, {**names, **dict(zip("abc", symbols, strict=False))}))
        give_weights(model)
        return model

    def samples(model: Any) -> Arrays:
        generator = np.random.default_rng(zlib.crc32(expression.encode()))
        return [given.sample(generator) for given in inputs]

    shapes = "; ".join(f"{given.shape} {given.way}" for given in inputs)
    return Case(f"{expression}   <- {shapes}", build, samples)


def _givens(text: str) -> Iterator[Given]:
    for part in text.split(";"):
        words = part.split()
        way = words.pop() if words and words[-1] in _WAYS else "normal"
        yield Given(tuple(int(word) for word in words), way)


def give_weights(model: Any) -> None:
    """Gives a model other weights than zeros and ones, so that each of them shows in what it predicts."""
    generator = np.random.default_rng(11)
    for variable in model.weights:
        shape = tuple(variable.shape)
        if not str(variable.dtype).startswith(("float", "bfloat")):
            continue
        if "gamma" in variable.name or "variance" in variable.name:
            variable.assign(generator.uniform(0.5, 1.5, shape))
        elif len(shape) > 1:
            variable.assign(generator.normal(0.0, 1.0 / np.sqrt(np.prod(shape[:-1])), shape))
        else:
            variable.assign(generator.normal(0.0, 0.3, shape))
