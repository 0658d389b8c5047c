"""Which backends have had a run, and under which name: `backends.json` in the run's folder, for this machine alone.

    {"http://localhost:3030": {"name": "digits-4", "since": "2026-11-24T09:30:00.000Z", "removed": "..."}}

Nothing of the run depends on it. It lets people call a folder by the run's name, and tells a run that somebody removed
from a backend from one that never came there.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

from ...notices import logger
from ...values import dumps, iso, loads
from .whole_files import write_whole

BACKENDS = "backends.json"


class Copy(NamedTuple):
    """A run on a backend, as its folder knows of it."""

    name: str
    since: str
    """When it came there: ISO 8601."""
    removed: bool


def copies(directory: Path) -> dict[str, Copy]:
    """The backends that are known to have had a run, by their URLs; none where the file is missing or torn."""
    return {
        location: Copy(entry["name"], entry["since"], "removed" in entry)
        for location, entry in _entries(directory).items()
        if isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get("since"), str)
    }


def note(directory: Path, location: str, name: str, *, removed: bool = False) -> None:
    """Notes what became of a run on a backend. Where the folder can't be written, nothing is noted.

    Args:
        directory: The run's folder.
        location: The backend's URL.
        name: The run's name there.
        removed: Somebody removed it there.
    """
    entries = _entries(directory)
    before = entries.get(location)
    since = before.get("since") if isinstance(before, dict) else None
    entries[location] = {"name": name, "since": since or iso(), **({"removed": iso()} if removed else {})}
    try:
        write_whole(directory / BACKENDS, [dumps(entries)])
    except OSError as error:
        logger.info("%s can't be written: %s", directory / BACKENDS, error)


def _entries(directory: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        entries = loads((directory / BACKENDS).read_bytes())
        if isinstance(entries, dict):
            return entries
    return {}
