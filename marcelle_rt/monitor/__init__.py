"""Live runs in a notebook and in a terminal; DataFrames."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .frames import history_frame, runs_frame
    from .live import LiveRuns

__all__ = ["LiveRuns", "history_frame", "runs_frame"]

_HOMES = {"LiveRuns": "live", "history_frame": "frames", "runs_frame": "frames"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
