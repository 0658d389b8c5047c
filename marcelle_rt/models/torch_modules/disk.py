"""A module's weights as a file on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ...formats import MODULE_FORMAT
from .modes import initialized


def save(module: Any, directory: Path, name: str) -> Path:
    """Writes a module's `state_dict`, for `torch.load(path, weights_only=True)`.

    Args:
        module: The module; what wraps it for training is left out.
        directory: An existing folder.
        name: The file's name without its extension.

    Returns:
        The file: the whole of it, or, when this raises, what was there before.

    Raises:
        ConversionError: For a module whose weights are spread over several processes, or are not there yet.
        OSError: If the disk can't be written; PyTorch raises a RuntimeError for some of that.
    """
    import torch

    path, part = directory / f"{name}.{MODULE_FORMAT}", directory / f".{name}.part.{MODULE_FORMAT}"
    state = initialized(module).state_dict()
    try:
        torch.save(state, part)
        os.replace(part, path)
    except BaseException:  # a full disk, Ctrl-C
        part.unlink(missing_ok=True)
        raise
    return path
