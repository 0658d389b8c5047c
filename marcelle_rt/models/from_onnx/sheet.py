"""The nodes of a TF.js graph-model as they are written down: a GraphDef of TensorFlow's in JSON, weights beside."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLOAT, INT, BOOL = "DT_FLOAT", "DT_INT32", "DT_BOOL"


@dataclass(frozen=True)
class Type:
    """The name of a type, as an attribute."""

    name: str


class Sheet:
    """Takes nodes, one after the other.

    Attributes:
        nodes: What was written down.
        weights: The arrays of its constants, by their nodes' names.
    """

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.weights: dict[str, NDArray[Any]] = {}
        self._small: dict[Any, str] = {}

    def placeholder(self, name: str, shape: list[int]) -> str:
        """A model's input, of 32-bit floats."""
        dimensions = {"dim": [{"size": str(size)} for size in shape]}
        attributes = {"dtype": {"type": FLOAT}, "shape": {"shape": dimensions}}
        self.nodes.append({"name": name, "op": "Placeholder", "attr": attributes})
        return name

    def const(self, value: Any) -> str:
        """A constant: numbers, or an array of them."""
        import numpy as np

        array = np.asarray(value)
        kind = {"b": BOOL, "i": INT, "u": INT}.get(array.dtype.kind, FLOAT)
        array = array.astype({BOOL: "bool", INT: "int32"}.get(kind, "float32"))
        key = (kind, array.shape, array.tobytes()) if array.size <= _SMALL else None
        if key in self._small:
            return self._small[key]
        name = f"const_{len(self.nodes)}"
        self.nodes.append({"name": name, "op": "Const", "attr": {"dtype": {"type": kind}}})
        self.weights[name] = array
        if key is not None:
            self._small[key] = name
        return name

    def add(self, op: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """Adds a node.

        Args:
            op: TensorFlow's name of what it does.
            inputs: The nodes whose answers it takes; `"split:1"` is a second answer.
            name: Its name; one is made if none is given.
            attributes: Its attributes as Python's values.

        Returns:
            Its name.
        """
        name = name or f"{op.lower()}_{len(self.nodes)}"
        node = {"name": name, "op": op, "input": list(inputs)}
        self.nodes.append({**node, "attr": {key: _attribute(value) for key, value in attributes.items()}})
        return name


_SMALL = 64


def _attribute(value: Any) -> dict[str, Any]:
    if isinstance(value, Type):
        return {"type": value.name}
    if isinstance(value, bool):
        return {"b": value}
    if isinstance(value, int):
        return {"i": str(value)}
    if isinstance(value, float):
        return {"f": value}
    if isinstance(value, str):
        return {"s": base64.b64encode(value.encode()).decode()}
    return {"list": {"i": [str(item) for item in value]}}
