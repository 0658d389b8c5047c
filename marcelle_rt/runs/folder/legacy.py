"""Run folders without a journal: of the Python client of 2021 (0.0.5), or of a Writer, whose journal was lost.

All that they have is `run_data.json`, with models beside it.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from ...errors import RunFolderError
from ...values import to_run
from ..document import events
from ..document.entries import mime_of
from ..document.events import FILES
from ..document.run import ENDED, UNREPORTED, Run
from .beginning import own_identity
from .files import name_of
from .journal import DOCUMENT

_OURS = uuid.UUID("6f0d3c86-2f3b-5a53-9d0b-0f2b8d1c7a11")  # the namespace of these runs' identities


def read(directory: Path) -> Run:
    """Reads a run folder without a journal.

    A run of 2021 has no identity, so it gets one of its base name and its start: the same at each upload.

    Args:
        directory: The folder.

    Raises:
        RunFolderError: When `run_data.json` can't be read, or is not a run.
    """
    try:
        # The old client wrote NaN, which is no JSON; dashboards have null for it.
        data = json.loads((directory / DOCUMENT).read_text(encoding="utf-8"), parse_constant=lambda _: None)
    except (OSError, ValueError, RecursionError) as error:
        raise RunFolderError(directory, f"{DOCUMENT} can't be read ({error})") from error
    if not isinstance(data, dict) or "start" not in data or "basename" not in data:
        raise RunFolderError(directory, f"{DOCUMENT} is not a run: it has no basename and start")
    data, _ = to_run(data, "run_data")
    if not isinstance(data["basename"], str) or not isinstance(data["start"], str):
        raise RunFolderError(directory, f"{DOCUMENT} is not a run: its basename and start are not texts")
    if wrong := _misshapen(data):
        raise RunFolderError(directory, f"{DOCUMENT} is not a run: its {wrong}")
    checkpoints, assets = data.pop("checkpoints", None) or [], data.pop("assets", None) or []
    identity = own_identity(data) or str(uuid.uuid5(_OURS, f"{data['basename']}\n{data['start']}"))
    for name in ("name", "_id", "rev"):  # these belong to a backend
        data.pop(name, None)
    data = {"params": {}, "logs": {}, "epoch": 0, "epochs": 0, "status": "idle", "source": "keras", **data}
    if data["status"] not in ENDED:
        data.update(status="error", error=UNREPORTED)
    run = Run.of({**data, "_id": identity, "checkpoints": [], "assets": []})
    for checkpoint in checkpoints:
        run.apply(_checkpoint(checkpoint))
    for asset in assets:
        run.apply(_asset(asset))
    return run


def _misshapen(data: dict[str, Any]) -> str | None:
    for name in ("params", "logs"):
        if data.get(name) is None:
            data.pop(name, None)
        elif not isinstance(data[name], dict):
            return f"{name} are not a mapping"
    if not all(isinstance(values, list) for values in data.get("logs", {}).values()):
        return "logs are not lists of numbers"
    for name in FILES.values():
        entries = data.get(name) or []
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            return f"{name} are not a list of mappings"
        if not all(isinstance(entry.get("metadata") or {}, dict) for entry in entries):
            return f"{name} have no metadata"
        for entry in entries:
            told = (entry.get("metadata") or {}) if name == "checkpoints" else entry
            texts = [told.get(key, "") for key in ("local_path", "local_format", "filename", "mime")]
            if not all(isinstance(text, str) for text in texts) or not isinstance(told.get("epoch", 0), int | str):
                return f"{name} have no paths"
    return None


def _checkpoint(checkpoint: dict[str, Any]) -> events.Checkpoint:
    metadata = dict(checkpoint.get("metadata") or {})
    path = metadata.pop("local_path", "")
    epoch, disk_format = metadata.pop("epoch", "final"), metadata.pop("local_format", "h5")
    return events.checkpoint(0.0, epoch, path, disk_format, metadata=metadata, key=f"2021:{path}")


def _asset(asset: dict[str, Any]) -> events.Asset:
    own = {k: v for k, v in asset.items() if k not in ("_id", "url", "extension", "createdAt", "updatedAt")}
    path = own.pop("local_path", "")
    epoch, filename = own.pop("epoch", 0), own.pop("filename", name_of(path))
    mime = own.pop("mime", mime_of(Path(path)))
    return events.asset(0.0, epoch, path, filename, mime, metadata=own, key=f"2021:{path}")
