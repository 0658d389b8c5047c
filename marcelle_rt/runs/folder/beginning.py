"""Which run a folder holds whose journal has lost its beginning, or is lost: its `run_data.json` tells."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...values import loads
from ..document import events
from ..document.event_checks import is_event

_TOLD = ("basename", "start", "source", "params", "model")
"""What a `create` event says of a run."""


def told_by(path: Path) -> events.Create | None:
    """The event that the journal began with.

    Args:
        path: The run's `run_data.json`.

    Returns:
        The event; `None` where the file is missing, torn, or of a run that has no identity of its own.
    """
    data = document_at(path)
    identity = own_identity(data)
    if identity is None:
        return None
    event = events.create(0.0, identity, {name: data[name] for name in _TOLD if name in data})
    return event if is_event(event, places=0) else None


def document_at(path: Path) -> Mapping[str, Any]:
    """What a `run_data.json` holds, unchecked; nothing where it is missing, torn, or not a document."""
    try:
        data = loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, Mapping) else {}


def own_identity(data: Mapping[str, Any]) -> str | None:
    """The `_id` that a Writer gave to a run: a UUID of 36 characters.

    The client of 2021 wrote down what its backend gave: 16 letters, or 24 hexadecimal digits.

    Args:
        data: A run's document, from its folder.
    """
    identity = data.get("_id")
    try:
        return identity if isinstance(identity, str) and str(uuid.UUID(identity)) == identity else None
    except ValueError:
        return None
