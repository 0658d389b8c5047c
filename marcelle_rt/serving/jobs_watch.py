"""Follows the open jobs of some tasks, on a thread of its own, across everything that happens to the line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from ..client.service import Service
from ..client.view import Change
from ..errors import MarcelleError
from ..notices import THREADS, logger
from .documents import JOBS, OPEN

_RETRY = 2.0  # seconds until a backend that was away is asked again


class JobsWatch:
    """Hands on what becomes of open jobs.

    Args:
        jobs: The service.
        tasks: The names of the tasks.
        changed: Gets each change; one of kind `"removed"` for a job that has ended.
        begun: Called when everything is about to be given from the start, because changes were missed.
    """

    def __init__(
        self, jobs: Service, tasks: Iterable[str], changed: Callable[[Change], Any], begun: Callable[[], Any]
    ) -> None:
        self._jobs = jobs
        self._query = {"task": {"$in": list(tasks)}, "state": {"$in": [state.value for state in OPEN]}}
        self._changed = changed
        self._begun = begun
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{THREADS}{JOBS}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it; a change may be given still."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._begun()
                with self._jobs.watch(self._query, timeout=1.0) as watch:
                    while not self._closed.is_set():
                        for change in watch:
                            self._changed(change)
            except MarcelleError as error:
                logger.info("jobs can't be followed now: %s", error)
                self._closed.wait(_RETRY)
