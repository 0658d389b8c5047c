"""A thread that does what it is handed, one after the other, so that nothing else waits for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from ...processes.threads import started

Job = Callable[[], None]


class Worker:
    """Starts its thread with the first job; `stop` ends it after the last.

    `put` and `stop` belong to one thread.

    Args:
        name: What its thread does.
        done: Called on the thread after each job.
    """

    def __init__(self, name: str, done: Job) -> None:
        self._name = name
        self._done = done
        self._jobs: queue.Queue[Job | None] = queue.Queue()
        self._thread: threading.Thread | None = None

    def put(self, job: Job) -> None:
        """Hands over a job, which must not raise."""
        if self._thread is None:
            self._thread = started(self._serve, self._name)
        self._jobs.put(job)

    def stop(self) -> None:
        """Lets the thread end when it has done all that it was handed."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread = None

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            self._done()
