"""Keeps a model that is in a file of the user's own, for pages to load it as it is."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import ConversionError, InvalidData
from ...notices import Notices, sentence
from ..document import events
from ..folder.files import free_checkpoint_name


def keep_checkpoint(
    file: Any, directory: Path, epoch: int | str, metadata: Mapping[str, Any], notices: Notices
) -> events.Checkpoint | None:
    """Checks a model's file, mends what can be mended, and writes it into the run's folder.

    Args:
        file: An `.onnx` file; or TF.js' `model.json`, or its folder.
        directory: The run's folder.
        epoch: The epoch, or a word for the state.
        metadata: What to keep with it, with `labels` if the user has given any.
        notices: What the user is told; nothing is raised into the training.

    Returns:
        The `checkpoint` event; `None` when nothing was kept.
    """
    try:
        path = Path(file)
        name = free_checkpoint_name(directory, epoch)
        if path.suffix.lower() == ".onnx":
            return _keep_onnx(path, directory, name, epoch, metadata, notices)
        if path.name == "model.json" or (path / "model.json").is_file():
            return _keep_tfjs(path if path.is_dir() else path.parent, directory, name, epoch, metadata)
        reason = "is neither an .onnx file nor TF.js' model.json; give for example file='model.onnx'"
        raise InvalidData("file", str(file), reason)
    except (ConversionError, InvalidData, OSError, TypeError) as error:
        text = f"The checkpoint of epoch {epoch} was not saved: {sentence(error)} The training goes on."
        notices.warn(("checkpoint", type(error)), text)
        return None


def _keep_onnx(
    path: Path, directory: Path, name: str, epoch: int | str, metadata: Mapping[str, Any], notices: Notices
) -> events.Checkpoint:
    from ...models.onnx_files.fitting import fit_file
    from ...models.onnx_files.writing import write

    fitted = fit_file(path, metadata.get("labels"))
    for remark in fitted.remarks:
        notices.warn(("onnx", remark), f"{path.name}: {remark}.")
    kept = write(fitted.model, directory, name)
    labels = {name: value for name, value in fitted.metadata.items() if name == "labels"}
    every = {**fitted.metadata, **metadata, **labels}
    return events.checkpoint(time.time(), epoch, kept.name, "onnx", metadata=every)


def _keep_tfjs(
    folder: Path, directory: Path, name: str, epoch: int | str, metadata: Mapping[str, Any]
) -> events.Checkpoint:
    from ...models.tfjs_files import files_of

    part, kept = directory / f".{name}.part.tfjs", directory / f"{name}.tfjs"
    files, _ = files_of(folder)
    try:
        part.mkdir(exist_ok=True)
        for file in files:
            shutil.copyfile(file, part / file.name)
        os.replace(part, kept)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return events.checkpoint(time.time(), epoch, kept.name, "tfjs", metadata=metadata)
