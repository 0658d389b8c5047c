"""Fits that end by an exception: Keras calls no hook for them, so that the next fit on the thread ends their runs."""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import Any
from weakref import WeakSet

_fits: dict[int, WeakSet[Any]] = {}
"""For each thread the callbacks whose runs may be open there."""


def begun(callback: Any) -> None:
    """Notes that a fit begins, with a run of its own."""
    _fits.setdefault(threading.get_ident(), WeakSet()).add(callback)


def end_what_was_left(callback: Any) -> None:
    """Ends the runs of the thread's fits that are over, because another one begins: unless it does so within them.

    Args:
        callback: That of the one that begins.
    """
    mine = _fits.get(threading.get_ident(), WeakSet())
    for other in list(mine):
        if not other.has_open_run:
            mine.discard(other)
        elif other is callback or not _is_under_way(other):
            other.interrupted()


def _is_under_way(callback: Any) -> bool:
    """Whether a fit that has this callback is on the stack: then another one that begins is a part of it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        for value in list(frame.f_locals.values()):
            if type(value).__name__ == "CallbackList":
                value = vars(value)
            callbacks = value.get("callbacks") if isinstance(value, dict) else value
            if isinstance(callbacks, (list, tuple)) and any(each is callback for each in callbacks):
                return True
        frame = frame.f_back
    return False
