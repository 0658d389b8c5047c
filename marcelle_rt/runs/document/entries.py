"""How a run's files are named and listed: in the backend's own documents, and in the run's. Pure."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .run import Event


def mime_of(path: Path) -> str:
    """A file's media type, by its name."""
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def entry_of(document: Mapping[str, Any], service: str) -> dict[str, Any]:
    """The entry in a run's `checkpoints` or `assets` that stands for a stored document."""
    if service == "assets":
        return {k: document[k] for k in ("_id", "url", "filename", "mime", "epoch", "local_path") if k in document}
    metadata = {k: v for k, v in document.get("metadata", {}).items() if k not in ("runId", "key")}
    return {"id": document["_id"], "name": document.get("name", ""), "service": service, "metadata": metadata}


def asset_metadata(event: Event, run_id: str) -> dict[str, Any]:
    """What an asset's document says of its run."""
    return {
        **event.get("metadata", {}),
        "runId": run_id,
        "key": event["key"],
        "epoch": event["epoch"],
        "local_path": event["path"],
        "filename": event["filename"],
    }
