"""ONNX models to disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def write(model: Any, directory: Path, name: str) -> Path:
    """Writes a model as `<name>.onnx`, whole or not at all.

    Args:
        model: An `onnx.ModelProto`.
        directory: An existing folder.
        name: The file's name without its ending.

    Raises:
        OSError: If the disk can't be written.
    """
    path, part = directory / f"{name}.onnx", directory / f".{name}.part.onnx"
    try:
        part.write_bytes(model.SerializeToString())
        os.replace(part, path)
    except OSError:  # a disk that is full; a part of a file is worth nothing
        part.unlink(missing_ok=True)
        raise
    return path
