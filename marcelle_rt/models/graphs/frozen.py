"""A TensorFlow graph with its weights, and its trial in TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class End:
    """An input or output of a graph.

    Attributes:
        name: How a signature calls it.
        tensor: The graph's tensor, such as `"x:0"`.
        dtype: TensorFlow's number for its type.
        shape: Its dimensions; -1 where they are open. None if not even their number is known.
    """

    name: str
    tensor: str
    dtype: int
    shape: list[int] | None


def dimensions(shape: Any) -> list[int] | None:
    """TensorFlow's shape as an `End` has it."""
    return None if shape.rank is None else [-1 if size is None else size for size in shape.as_list()]


@dataclass(frozen=True)
class Trial:
    """What a model has predicted before it was rewritten.

    Attributes:
        samples: One array per input.
        outputs: One array per output.
    """

    samples: list[NDArray[Any]]
    outputs: list[NDArray[Any]]


@dataclass(frozen=True)
class Graph:
    """A graph with its weights inside; the large ones of a large model are beside it.

    Attributes:
        definition: TensorFlow's `GraphDef`.
        inputs: In the model's order.
        outputs: In the model's order.
        trial: What it has to predict; None where running it would take long.
        weights: What lies beside it, by the names of the placeholders that stand for it.
    """

    definition: Any
    inputs: list[End]
    outputs: list[End]
    trial: Trial | None = None
    weights: dict[str, NDArray[Any]] = field(default_factory=dict)
