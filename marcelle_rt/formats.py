"""The formats of models, on disk and on a backend, and the names of classes that go with them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from .errors import InvalidData, UnsupportedFormat

DISK_FORMATS = ("h5", "saved_model", "keras")
"""How Keras' models are saved in a run's folder."""

MODULE_FORMAT = "pt"
"""How a module of PyTorch is saved in a run's folder: its weights, which are its `state_dict`."""

REMOTE_FORMATS = ("tfjs", "onnx")
"""What browsers run."""

_ALIASES = {"save_model": "saved_model", "hdf5": "h5"}


def disk_format(name: str, what: str = "The format of models on disk") -> str:
    """The disk format that a name stands for.

    Args:
        name: `"h5"`, `"saved_model"` (also written `"save_model"`) or `"keras"`.
        what: What was given, for the error.

    Raises:
        UnsupportedFormat: For any other name.
    """
    known = _ALIASES.get(name, name)
    if known not in DISK_FORMATS:
        raise UnsupportedFormat(what, name, DISK_FORMATS)
    return known


def checkpoint_format(name: str, what: str) -> str:
    """The format of a run's checkpoints on disk that a name stands for.

    Args:
        name: One of `DISK_FORMATS`, or `"pt"` for a module of PyTorch.
        what: What was given, for the error.

    Raises:
        UnsupportedFormat: For any other name.
    """
    known = _ALIASES.get(name, name)
    if known not in (*DISK_FORMATS, MODULE_FORMAT):
        raise UnsupportedFormat(what, name, (*DISK_FORMATS, MODULE_FORMAT))
    return known


def remote_format(name: str, what: str = "The format of models on a backend") -> str:
    """The format of models on a backend, if it is one.

    Args:
        name: `"tfjs"` or `"onnx"`.
        what: What was given, for the error.

    Raises:
        UnsupportedFormat: For any other name.
    """
    if name not in REMOTE_FORMATS:
        raise UnsupportedFormat(what, name, REMOTE_FORMATS)
    return name


def class_names(labels: Any) -> list[Any] | None:
    """The names of classes, in the order of a model's outputs; `None` where there are none.

    Raises:
        InvalidData: When they are not a list, or something like it that has an order.
    """
    if labels is None:
        return None
    if isinstance(labels, (str, bytes, Mapping, Set)) or not hasattr(labels, "__len__"):
        raise InvalidData("labels", labels, "is not a list of names; use for example ['cat', 'dog']")
    return list(labels)
