"""The files of a TensorFlow.js model: `model.json`, and the weights beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConversionError
from .weights import write_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray


def write_files(
    directory: Path,
    kind: str,
    made_by: str,
    topology: Mapping[str, Any],
    weights: Mapping[str, NDArray[Any]],
    quantize: str | None = None,
    **more: Any,
) -> list[Path]:
    """Writes a model.

    Args:
        directory: An existing folder.
        kind: `"layers-model"` or `"graph-model"`.
        made_by: The library that the model is of.
        topology: Its layers or nodes.
        weights: Its weights by the names that TF.js looks for.
        quantize: None or `"float16"`.
        more: What else `model.json` says.

    Returns:
        `model.json`, then the files with the weights.

    Raises:
        ConversionError: If there is a weight of a type that TF.js lacks.
        OSError: If the disk can't be written.
    """
    manifest, files = write_weights(weights, directory, kind, quantize)
    document = {
        "format": kind,
        "generatedBy": made_by,
        "convertedBy": "marcelle_rt",
        **more,
        "modelTopology": topology,
        "weightsManifest": manifest,
    }
    path = directory / "model.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return [path, *files]


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
