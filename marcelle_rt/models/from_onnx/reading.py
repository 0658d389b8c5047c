"""An ONNX graph of one instance as it is carried over: what each tensor is, and what of it is known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import ConversionError
from .sheet import Sheet

if TYPE_CHECKING:
    from numpy.typing import NDArray

TARGET = "graph-model"


@dataclass(frozen=True)
class Node:
    """A node of an ONNX graph.

    Attributes:
        op: What it does.
        name: Its name.
        inputs: The names of the tensors that it takes; an empty one stands for what was left out.
        outputs: The names of those that it gives.
        given: Its attributes.
    """

    op: str
    name: str
    inputs: list[str]
    outputs: list[str]
    given: Mapping[str, Any]

    def input(self, place: int) -> str:
        """The name of an input, empty if it has none there."""
        return self.inputs[place] if place < len(self.inputs) else ""

    def refuse(self, reason: str) -> ConversionError:
        """The error for a node that can't be carried over."""
        return ConversionError(TARGET, f"op {self.op} ({self.name})", f"{reason}. {_WAY_OUT}")


_WAY_OUT = 'Use other layers, or ONNX: Writer(..., remote_save_format="onnx")'


class Reader:
    """Carries a graph over, node by node.

    All shapes are known, because a page predicts one instance at a time: the graph was run once, and `values` has
    what each of its tensors was. What does not depend on the input is a constant, however it was computed.

    Attributes:
        sheet: Where the nodes of the graph-model are written down.
        values: Each tensor of the graph as it was when it was run: an array, or a list of arrays for a sequence.
    """

    def __init__(self, sheet: Sheet, values: Mapping[str, Any]) -> None:
        self.sheet = sheet
        self.values = values
        self._names: dict[str, str] = {}
        self._lists: dict[str, list[str]] = {}

    def place(self, tensor: str, name: str) -> None:
        """Notes which node gives a tensor."""
        self._names[tensor] = name

    def place_list(self, tensor: str, names: list[str]) -> None:
        """Notes which nodes give a sequence's tensors."""
        self._lists[tensor] = names

    def depends(self, tensor: str) -> bool:
        """Whether a tensor depends on what a page feeds."""
        return tensor in self._names or tensor in self._lists

    def tensor(self, tensor: str) -> str:
        """The node that gives a tensor; a constant is written down when it is first needed."""
        if tensor not in self._names:
            return self.sheet.const(self.values[tensor])
        return self._names[tensor]

    def listed(self, tensor: str) -> list[str]:
        """The nodes that give a sequence's tensors."""
        return self._lists[tensor]

    def known(self, node: Node, place: int) -> NDArray[Any]:
        """An input that must not depend on what a page feeds.

        Raises:
            ConversionError: It does.
        """
        tensor = node.input(place)
        if self.depends(tensor):
            raise node.refuse(f"its input {tensor!r} depends on what the page feeds, and TF.js must know it beforehand")
        array: NDArray[Any] = self.values[tensor]
        return array

    def shape(self, tensor: str) -> list[int]:
        """A tensor's dimensions."""
        return list(self.values[tensor].shape)

    def kind(self, tensor: str) -> str:
        """NumPy's letter for the kind of a tensor's type."""
        return str(self.values[tensor].dtype.kind)

    # What many need.

    def reshape(self, name: str, shape: list[int]) -> str:
        """Gives a tensor another shape."""
        import numpy as np

        return self.sheet.add("Reshape", name, self.sheet.const(np.asarray(shape, "int32")))

    def transpose(self, name: str, order: list[int]) -> str:
        """Gives a tensor's dimensions another order."""
        return self.sheet.add("Transpose", name, self.sheet.const(order))


Rule = Callable[[Reader, Node], "str | list[str]"]
"""Writes down what stands for a node, and gives the names of the nodes that answer, one for each of its outputs."""
