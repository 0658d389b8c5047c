"""Threads of this package's own, which a process that has as many as it may does without."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..notices import THREADS, logger


def started(work: Callable[[], object], name: str) -> threading.Thread | None:
    """A thread that has begun; `None` where the system refuses one, which does not stop a training.

    Args:
        work: What it does.
        name: What it is called, behind `THREADS`.
    """
    thread = threading.Thread(target=work, name=f"{THREADS}{name}", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # "can't start new thread"
        logger.warning("%s waits for a thread: %s", name, error)
        return None
    return thread
