"""Saves a model at an epoch's end, on the training thread: live weights read from another thread are torn."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from ...errors import ConversionError, pass_interrupt
from ...notices import Notices, logger
from ..document import events
from ..folder.files import free_checkpoint_name


def save_checkpoint(
    model: Any,
    directory: Path | None,
    epoch: int | str,
    disk_format: str,
    remote_format: str | None,
    notices: Notices,
) -> tuple[events.Checkpoint, bool] | None:
    """Writes a checkpoint into the run's folder, and what a browser can run beside it.

    Models that take long to convert are left to the uploads' thread, which does it in a process of its own.

    Args:
        model: The model.
        directory: The run's folder, or `None` where there is none.
        epoch: The epoch, or a word for the state.
        disk_format: One of `formats.DISK_FORMATS`.
        remote_format: What to convert to now, or `None`.
        notices: What the user is told; nothing is raised into the training.

    Returns:
        The `checkpoint` event, and whether a browser may yet get the model; `None` when nothing was saved.
    """
    from ... import models
    from ...models import disk

    if directory is None:
        notices.warn("no folder", "No checkpoint is saved: the run has no folder.")
        return None
    try:
        name = free_checkpoint_name(directory, epoch)
        path = disk.save(model, directory, name, disk_format)
    except BaseException as error:
        pass_interrupt(error)
        # Keras raises whatever a layer's own code raises; a full disk is an OSError or h5py's RuntimeError.
        logger.exception("a checkpoint could not be saved")
        notices.warn(
            ("checkpoint", repr(error)),
            f"The checkpoint of epoch {epoch} was not saved: {error!r}. The training goes on; others that fail for "
            "the same reason are not told.",
        )
        return None
    event = events.checkpoint(time.time(), epoch, path.name, disk_format)
    if remote_format is None:
        return event, True
    folder = directory / f"{name}.{remote_format}"
    try:
        if not models.is_quick(model, remote_format):
            return event, True
        models.convert(model, folder, remote_format)
        event["converted"] = {"format": remote_format, "path": folder.name}
        return event, True
    except ConversionError as error:
        shutil.rmtree(folder, ignore_errors=True)
        notices.warn("conversion", f"{error} The checkpoints are kept in {directory} alone, and the training goes on.")
    except BaseException as error:
        pass_interrupt(error)
        # The same as above: a converter walks through layers of other people's.
        logger.exception("a checkpoint could not be converted")
        shutil.rmtree(folder, ignore_errors=True)
        notices.warn(
            "conversion",
            f"The model can't be converted to {remote_format}: {error!r}. The checkpoints are kept in {directory} "
            "alone, and the training goes on.",
        )
    return event, False
