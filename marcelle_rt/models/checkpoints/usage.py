"""How a page uses a model: what it feeds, and what it reads of the answer. Only the model's author can say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from ...errors import InvalidData
from ...formats import class_names

ACTIVATIONS = ("softmax", "sigmoid")


@dataclass(frozen=True)
class ImageInput:
    """How an image of a page becomes what a network was trained on, done within the model that the page gets.

    The page's pixels, 0 to 255, are scaled to `size`, divided by 255, and become `(value - mean) / std` in the order
    `[batch, channels, height, width]`, as torchvision's usual transforms make them.

    Attributes:
        size: Height and width in pixels; one number for a square.
        mean: What is subtracted, a number for all channels or one for each.
        std: What is divided by, in the same way.
        gray: Whether the network takes one channel, the brightness, instead of red, green and blue.
    """

    size: int | tuple[int, int]
    mean: float | Sequence[float] = 0.0
    std: float | Sequence[float] = 1.0
    gray: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        sizes: Any = self.size if isinstance(self.size, tuple | list) else (self.size, self.size)
        if len(sizes) != 2 or not all(_is_size(each) for each in sizes):
            raise InvalidData("size", self.size, "is not a height and a width; use for example 224 or (120, 160)")
        for name in ("mean", "std"):
            values = self._each(name)
            if len(values) != self.channels or not all(isinstance(value, Real) for value in values):
                wanted = "a number" if self.gray else "a number, or three"
                raise InvalidData(name, getattr(self, name), f"is not {wanted}; use for example 0.5")
        if 0 in self._each("std"):
            raise InvalidData("std", self.std, "has a zero, and is divided by; use 1.0 to leave values as they are")

    @property
    def channels(self) -> int:
        """How many channels the network takes."""
        return 1 if self.gray else 3

    @property
    def height_and_width(self) -> tuple[int, int]:
        """The size in pixels."""
        height, width = self.size if isinstance(self.size, tuple | list) else (self.size, self.size)
        return int(height), int(width)

    @property
    def means(self) -> list[float]:
        """What is subtracted of each channel."""
        return [float(value) for value in self._each("mean")]

    @property
    def deviations(self) -> list[float]:
        """What each channel is divided by."""
        return [float(value) for value in self._each("std")]

    def _each(self, name: str) -> list[Any]:
        value = getattr(self, name)
        return [value] * self.channels if isinstance(value, Real) else list(value)


def _is_size(value: Any) -> bool:
    return isinstance(value, Integral) and value is not True and int(value) > 0


@dataclass(frozen=True)
class Usage:
    """What the author of a model says of its use.

    Attributes:
        example: A batch that it takes: an array or a tensor.
        preprocess: How a page's images become its input.
        activation: What makes probabilities of its outputs: `"softmax"` or `"sigmoid"`; `None` leaves them.
        labels: The names of its classes.
    """

    example: Any = None
    preprocess: ImageInput | None = None
    activation: str | None = None
    labels: Sequence[Any] | None = None

    def __post_init__(self) -> None:
        if self.activation is not None and self.activation not in ACTIVATIONS:
            reason = f"is not known; use {' or '.join(map(repr, ACTIVATIONS))}, or None for outputs as they are"
            raise InvalidData("activation", self.activation, reason)
        if self.preprocess is not None and not isinstance(self.preprocess, ImageInput):
            raise InvalidData("preprocess", self.preprocess, "is not an ImageInput; use for example ImageInput(224)")
        class_names(self.labels)

    @property
    def is_classification(self) -> bool:
        """Whether outputs are those of a classifier."""
        return self.activation is not None or self.labels is not None

    @property
    def metadata(self) -> dict[str, Any]:
        """What documents of the model's checkpoints say of it: `labels`, and the value of white `pixels` in images."""
        labels = {} if self.labels is None else {"labels": [str(label) for label in self.labels]}
        return labels if self.preprocess is None else {**labels, "pixels": 255}
