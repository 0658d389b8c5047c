"""Uploads one file of a run: what of it a browser can use, and the event that says where it is now."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...errors import ConversionError, RunFolderError
from ...formats import DISK_FORMATS, MODULE_FORMAT, REMOTE_FORMATS
from ..document import events
from ..document.entries import asset_document, model_document, stored_entry
from ..document.events import FILES, Event
from ..folder.files import inside, located
from ..remote.uploads import FileUploads

Converter = Callable[..., Any]
"""`models.convert`, or `models.convert_in_subprocess` where a training must not be disturbed."""


def upload(
    uploads: FileUploads, directory: Path | None, event: Event, run_id: str, run_name: str, convert: Converter
) -> Event:
    """Uploads the file that an event of the journal stands for.

    Args:
        uploads: What sends files to the backend.
        directory: The run's folder, to which the event's paths are relative.
        event: A `checkpoint` or an `asset`.
        run_id: The run's `_id`.
        run_name: The run's name on that backend.
        convert: What converts a saved model, where that was not done at the epoch's end.

    Returns:
        The `uploaded` event for the run's fold.

    Raises:
        ConversionError: When the model can't be carried over.
        RunFolderError: When the file is not there any more, or not where this run may have put it.
        MarcelleError: What the backend or the line raised.
    """
    path = located(directory, event["path"], referred=event["type"] == "asset")
    if event["type"] == "asset":
        document = uploads.asset(str(path), asset_document(event, run_id))
        service = "assets"
    else:
        metadata = model_document(event, run_id, run_name)
        document = _upload_checkpoint(uploads, directory, path, event, metadata, convert)
        if (converted := event.get("converted")) and event["format"] in DISK_FORMATS:
            _remove_converted(directory, converted["path"])  # it has served; the saved file makes another
        service = f"{document['format']}-models"
    return events.uploaded(FILES[event["type"]], event["key"], stored_entry(document, service))


def _remove_converted(directory: Path | None, path: str) -> None:
    folder = Path(path) if directory is None else inside(directory, path)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _upload_checkpoint(
    uploads: FileUploads,
    directory: Path | None,
    path: Path,
    event: Event,
    metadata: dict[str, Any],
    convert: Converter,
) -> dict[str, Any]:
    if event["format"] in REMOTE_FORMATS:
        return uploads.converted(_without_links(path), metadata, event["format"])
    ready = event.get("converted")
    if ready and (ready["format"] == uploads.link.save_format or event["format"] not in DISK_FORMATS):
        folder = Path(ready["path"]) if directory is None else inside(directory, ready["path"])
        if folder is not None and folder.is_dir():
            return uploads.converted(_without_links(folder), metadata, ready["format"])
    if event["format"] == MODULE_FORMAT:
        reason = "it holds weights without their network, which is converted when it is saved, and was not"
        raise ConversionError(uploads.link.save_format, path.name, reason)
    with tempfile.TemporaryDirectory(prefix="marcelle-") as temporary:
        convert(path, Path(temporary), uploads.link.save_format, local_format=event["format"])
        return uploads.converted(Path(temporary), metadata)


def _without_links(path: Path) -> Path:
    """What goes up as it is, if no link in it leads anywhere else."""
    if path.is_dir() and any(file.is_symlink() for file in path.iterdir()):
        raise RunFolderError(path, "has a link in it, which could lead out of the run's folder, so it is not uploaded")
    return path
