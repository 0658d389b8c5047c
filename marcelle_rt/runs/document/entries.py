"""What an event's file is called in documents: in the run's lists, and in the document of the model or asset itself.

Pure: no I/O, no clock, no thread.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from .events import Event


def local_entry(event: Event) -> dict[str, Any]:
    """A checkpoint's or an asset's entry in the run before it is on a backend."""
    if event["type"] == "checkpoint":
        return {"metadata": checkpoint_metadata(event)}
    return {
        **event.get("metadata", {}),
        "filename": event["filename"],
        "mime": event["mime"],
        "epoch": event["epoch"],
        "local_path": event["path"],
    }


def stored_entry(document: Mapping[str, Any], service: str) -> dict[str, Any]:
    """The entry in a run's `checkpoints` or `assets` that stands for a document of a backend.

    Args:
        document: The model's or the asset's document.
        service: The service that holds it.
    """
    if service == "assets":
        return {k: document[k] for k in ("_id", "url", "filename", "mime", "epoch", "local_path") if k in document}
    metadata = {k: v for k, v in document.get("metadata", {}).items() if k not in ("runId", "key")}
    return {"id": document["_id"], "name": document.get("name", ""), "service": service, "metadata": metadata}


def checkpoint_metadata(event: Event) -> dict[str, Any]:
    """What a checkpoint's entry tells of where it came from."""
    return {
        "epoch": event["epoch"],
        "local_path": event["path"],
        "local_format": event["format"],
        **event.get("metadata", {}),
    }


def model_document(event: Event, run_id: str, run_name: str) -> dict[str, Any]:
    """What a checkpoint's document on a backend says of its run."""
    return {"name": f"{run_name}@{event['epoch']}", **checkpoint_metadata(event), "runId": run_id, "key": event["key"]}


def asset_document(event: Event, run_id: str) -> dict[str, Any]:
    """What an asset's document on a backend says of its run."""
    return {
        **event.get("metadata", {}),
        "runId": run_id,
        "key": event["key"],
        "epoch": event["epoch"],
        "local_path": event["path"],
        "filename": event["filename"],
    }


def mime_of(path: PurePath) -> str:
    """A file's media type, by its name."""
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
