"""Documents of runs as a backend gives them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from marcelle_rt.values import iso

START = 1_800_000_000.0
"""When the runs of these tests began, in seconds since 1970."""


def at(seconds: float) -> str:
    """An ISO time, so many seconds after `START`."""
    return iso(dt.datetime.fromtimestamp(START + seconds, dt.timezone.utc))


def run(id: str, losses: int = 0, **fields: Any) -> dict[str, Any]:
    """A run that has saved so many epochs, one each 10 seconds."""
    return {
        "_id": id,
        "name": f"{id}-1",
        "basename": id,
        "start": at(0),
        "updatedAt": at(10 * losses),
        "status": "epoch" if losses else "start",
        "epoch": losses,
        "epochs": 100,
        "params": {},
        "logs": {"loss": [1 / (n + 1) for n in range(losses)]} if losses else {},
        **fields,
    }
