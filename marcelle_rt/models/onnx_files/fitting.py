"""Anybody's ONNX file as pages load and read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ConversionError
from ..reasons import first_line
from .classes import name_outputs
from .inputs import take_floats
from .reading import TARGET, package, read
from .versions import lower, mend


@dataclass(frozen=True)
class Fitted:
    """A model that a page can run.

    Attributes:
        model: The `ModelProto`.
        metadata: What its document must say: `labels`, where it is a classifier whose classes have names, and the
            `inputShape` that `onnxModel` is given, where all of it is known.
        remarks: A sentence for each thing that was changed, or that a page can't do with it.
    """

    model: Any
    metadata: dict[str, Any]
    remarks: list[str]


def fit_file(path: Path, labels: Sequence[Any] | None = None) -> Fitted:
    """Reads an ONNX file, and makes it one that pages load.

    Args:
        path: The file; it is not changed.
        labels: The names of the classes, which take the place of those that the file has.

    Raises:
        ConversionError: It is not ONNX, is not valid, is too large, lacks its weights, or takes no numbers.
    """
    model, remarks = read(path)
    fitted = fit(model, path.name, labels)
    return Fitted(fitted.model, fitted.metadata, [*remarks, *fitted.remarks])


def fit(model: Any, name: str, labels: Sequence[Any] | None = None) -> Fitted:
    """Makes an ONNX model one that pages load.

    Args:
        model: A valid `ModelProto`; it is changed.
        name: What it is called, for messages.
        labels: The names of the classes, which take the place of those that the model has.

    Raises:
        ConversionError: It takes no numbers.
    """
    onnx = package()
    remarks = lower(model) + mend(model)
    shape, about_input = take_floats(model, name)
    names, about_outputs = name_outputs(model, labels)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ConversionError(TARGET, name, f"it can't be made fit for pages. {first_line(error)}") from error
    metadata: dict[str, Any] = {}
    if names is not None:
        metadata["labels"] = names
    if shape is not None:
        metadata["inputShape"] = shape
    return Fitted(model, metadata, [*remarks, *about_input, *about_outputs])
