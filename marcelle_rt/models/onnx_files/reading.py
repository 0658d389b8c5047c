"""Reads an ONNX file whole, or says why it can't be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import ConversionError
from ..reasons import first_line
from .graphs import all_tensors

TARGET = "onnx"
LIMIT = 2**31 - 1
"""Bytes that one ONNX file can have: protobuf's limit, and onnxruntime-web's."""

_ONE_FILE = "export it again in one file (PyTorch: `torch.onnx.export(..., external_data=False)`)"


def read(path: Path) -> tuple[Any, list[str]]:
    """Reads an ONNX file with its weights, those included that lie in a file beside it.

    Args:
        path: The file.

    Returns:
        The `ModelProto`, and a sentence for what was changed.

    Raises:
        ConversionError: When it is missing, is not ONNX, is not valid or too large, or when its weights are missing.
    """
    onnx = package()
    size = path.stat().st_size if path.is_file() else 0
    if not size:
        raise ConversionError(TARGET, path.name, f"{path} is missing or empty; check the path")
    refuse_size(path.name, size)
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except Exception as error:
        # Each implementation of protobuf has a `DecodeError` of its own.
        raise ConversionError(TARGET, path.name, f"it is not an ONNX file ({first_line(error)})") from error
    if not model.opset_import or not model.graph.output:
        raise ConversionError(TARGET, path.name, "it is not an ONNX file")
    remarks = _take_in(model, path)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ConversionError(TARGET, path.name, f"it is not valid. {first_line(error)}") from error
    return model, remarks


def package() -> Any:
    """The package `onnx`.

    Raises:
        ConversionError: It is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        reason = "this needs the package `onnx`; install it with `pip install onnx`"
        raise ConversionError(TARGET, "onnx", reason) from error
    return onnx


def _take_in(model: Any, path: Path) -> list[str]:
    """Takes weights in that lie in files beside this one: a backend keeps, and a page loads, one file alone."""
    from onnx import TensorProto, external_data_helper

    outside = [tensor for tensor in all_tensors(model.graph) if tensor.data_location == TensorProto.EXTERNAL]
    if not outside:
        return []
    names = {entry.value for tensor in outside for entry in tensor.external_data if entry.key == "location"}
    here = path.resolve().parent
    files = [(here / name).resolve() for name in sorted(names)]
    missing = [file.name for file in files if here not in file.parents or not file.is_file()]
    if missing:
        where = f"its weights are in {', '.join(missing)}, which is not beside it"
        raise ConversionError(TARGET, path.name, f"{where}; {_ONE_FILE}")
    refuse_size(path.name, path.stat().st_size + sum(file.stat().st_size for file in files))
    try:
        external_data_helper.load_external_data_for_model(model, str(here))
    except Exception as error:
        # What is cut off, a link, or of another length: the package raises errors of several kinds.
        reason = f"its weights in {', '.join(sorted(names))} can't be read. {first_line(error)}; {_ONE_FILE}"
        raise ConversionError(TARGET, path.name, reason) from error
    return [f"its weights, which were in {', '.join(sorted(names))}, are in the file now"]


def refuse_size(name: str, size: int) -> None:
    """Raises a ConversionError if a model is larger than pages load.

    Args:
        name: What it is called, for the message.
        size: In bytes.
    """
    if size > LIMIT:
        reason = (
            f"it has {size / 1e9:.1f} GB, and pages load at most 2 GB; save a smaller model, or one in half precision"
        )
        raise ConversionError(TARGET, name, reason)
