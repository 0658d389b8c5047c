"""What the lines of the sweep may use."""

from __future__ import annotations

import re
from typing import Any

import keras

NAMES: dict[str, Any] = {name: getattr(keras.layers, name) for name in dir(keras.layers)} | {
    "keras": keras,
    "ops": keras.ops,
    "MOVED": [[1.0, 0.1, 0.0, 0.1, 1.0, 1.0, 0.0, 0.0]] * 3,
    "CORNERS": [[[0.0, 0.0], [0.0, 7.0], [7.0, 0.0], [7.0, 7.0]]] * 3,
    "BENT": [[[1.0, 0.0], [0.0, 6.0], [7.0, 1.0], [7.0, 7.0]]] * 3,
}


def untried(room: str, text: str) -> set[str]:
    """The names of a module of Keras that stand in no line.

    Args:
        room: `"layers"` or `"ops"`.
        text: The lines.
    """
    module = getattr(keras, room)
    known = {id(getattr(module, name)) for name in dir(module) if re.search(rf"\b{name}\(", text)}
    # Some have two names.
    return {
        name
        for name in dir(module)
        if not name.startswith("_")
        and (isinstance(getattr(module, name), type) or (room == "ops" and callable(getattr(module, name))))
        and id(getattr(module, name)) not in known
    }
