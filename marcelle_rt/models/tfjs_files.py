"""The files of a TensorFlow.js model: `model.json`, and the weights beside it."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import ConversionError


def files_of(folder: Path) -> tuple[list[Path], str]:
    """The files of a model, and what kind of model it is.

    Args:
        folder: The folder with `model.json`.

    Returns:
        `model.json`, then the weights; and `"layers-model"` or `"graph-model"`.

    Raises:
        ConversionError: When there is no `model.json` that can be read, or a file that it names is missing.
    """
    try:
        model = json.loads((folder / "model.json").read_bytes())
        names = [name for group in model["weightsManifest"] for name in group["paths"]]
        kind = model["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConversionError("tfjs", str(folder), f"has no model.json that can be read ({error})") from error
    files = [folder / "model.json"]
    for name in names:
        if "/" in name or "\\" in name:
            raise ConversionError("tfjs", name, "is a path; weights must lie beside model.json")
        files.append(folder / name)
    for path in files:
        if not path.is_file() or path.stat().st_size == 0:
            raise ConversionError("tfjs", str(path), "is missing or empty; save the model again")
    return files, kind
