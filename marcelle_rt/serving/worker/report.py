"""What a worker tells about its job, on a thread of its own: signs of life, and what changes.

| attribute | written by | read by |
|---|---|---|
| `_changes` | any thread, under `_changed` | the report's thread, under `_changed` |
| `_ending` | whoever calls `finish`, under `_changed` | the report's thread, under `_changed` |
| `_lost` | the report's thread and the dispatcher's, under `_changed` | the report's thread, under `_changed` |
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ...client.service import Service
from ...errors import AWAY, FeathersError, MarcelleError, NotFound
from ...notices import THREADS, Notices, logger

_PAUSE = 0.2  # seconds between two patches: each goes whole to every page
_RETRY = 1.0  # seconds until a backend that was away is asked again


class Report:
    """Keeps a job's document level, as long as the job is this worker's.

    Args:
        jobs: The service.
        job: The job's `_id`.
        worker: Who has it.
        lease: Seconds without a sign of life after which another takes it.
        on_lost: Called once, on a thread of its own or the dispatcher's, when the job was taken away or removed.
    """

    def __init__(self, jobs: Service, job: str, worker: str, lease: float, on_lost: Callable[[], None]) -> None:
        self._lost = False
        self._jobs = jobs
        self._job = job
        self._worker = worker
        self._lease = lease
        self._on_lost = on_lost
        self._notices = Notices()
        self._changed = threading.Condition()
        self._changes: dict[str, Any] = {}
        self._beat = 0
        self._ending = False
        self._handlers = {"patched": self._on_patched, "removed": self._on_removed}
        for event, handler in self._handlers.items():
            jobs.on(event, handler)
        self._thread = threading.Thread(target=self._run, name=f"{THREADS}job", daemon=True)
        self._thread.start()

    def say(self, **changes: Any) -> None:
        """Has fields of the document changed soon; of what comes fast the newest. Waits for nothing."""
        with self._changed:
            self._changes.update(changes)
            self._changed.notify_all()

    def finish(self, **changes: Any) -> None:
        """Tells the end, and waits until the backend has it, or the job is another's."""
        with self._changed:
            self._changes.update(changes)
            self._ending = True
            self._changed.notify_all()
        self._thread.join()
        for event, handler in self._handlers.items():
            self._jobs.off(event, handler)

    def _on_patched(self, document: dict[str, Any]) -> None:
        if document.get("_id") == self._job and document.get("worker") != self._worker:
            self._lose()

    def _on_removed(self, document: dict[str, Any]) -> None:
        if document.get("_id") == self._job:
            self._lose()

    def _lose(self) -> None:
        with self._changed:
            if self._lost:
                return
            self._lost = True
            ending = self._ending
            self._changed.notify_all()
        if not ending:  # who has ended removes its document, or lets it be removed
            self._on_lost()

    def _run(self) -> None:
        due = time.monotonic() + self._lease / 3
        while True:
            with self._changed:
                self._changed.wait_for(self._is_due, max(0.0, due - time.monotonic()))
                if self._lost:
                    return
                changes, self._changes = self._changes, {}
                ending = self._ending
            if not self._send(changes):
                with self._changed:
                    self._changes = {**changes, **self._changes}
            elif ending:
                return
            due = time.monotonic() + self._lease / 3
            with self._changed:
                self._changed.wait_for(lambda: self._ending or self._lost, _PAUSE)

    def _is_due(self) -> bool:
        return bool(self._changes) or self._ending or self._lost

    def _send(self, changes: dict[str, Any]) -> bool:
        """Sends one patch; whether it is done with."""
        self._beat += 1
        try:
            self._jobs.patch(self._job, {**changes, "beat": self._beat}, {"query": {"worker": self._worker}})
        except NotFound:
            self._lose()
        except AWAY:
            time.sleep(_RETRY)
            return False
        except FeathersError as error:
            if error.code == 429 or error.code >= 500:  # these pass
                time.sleep(_RETRY)
                return False
            self._tell(error)
        except MarcelleError as error:  # a value that can't be sent; the next one may be
            self._tell(error)
        return True

    def _tell(self, error: MarcelleError) -> None:
        logger.info("job %s: a change was not sent", self._job, exc_info=error)
        self._notices.warn("refused", f"A change of the job's document could not be sent: {error}")
