"""What becomes of jobs whose workers have ended: they go back to the queue, or end as an error that says so."""

from __future__ import annotations

import contextlib
from typing import Any

from ..client.service import Service
from ..errors import NotFound
from ..notices import tell
from .claims import after_loss, again, cancel_waiting, take
from .documents import HELD, JobState
from .executors.seam import Order, is_of_server
from .open_jobs import OpenJobs
from .tasks import Task

SILENT = "its worker has given no sign of life"
"""What is said of a worker whose lease has run out."""

_MOST_STARTS = 3  # processes that end before they have begun a job

_HELD = [state.value for state in HELD]


class Losses:
    """Settles jobs in place of workers that can't.

    Args:
        jobs: The service.
        tasks: The server's tasks.
        me: The server's own id, which becomes the owner of what it settles.
        known: What the server knows of open jobs.
    """

    def __init__(self, jobs: Service, tasks: dict[str, Task], me: str, known: OpenJobs) -> None:
        self._jobs = jobs
        self._tasks = tasks
        self._me = me
        self._known = known
        self._starts: dict[str, int] = {}

    def settle(self, order: Order, reason: str | None, cancelled: bool) -> None:
        """Sees what became of a job whose order has come back.

        Args:
            order: The order.
            reason: Why its worker has ended, if that was not by itself.
            cancelled: The job was to be ended.
        """
        if self._known.given.get(order.job, order) != order:  # it was given to a worker that was not heard of any more
            return
        self._known.given.pop(order.job, None)
        try:
            document = self._jobs.get(order.job)
        except NotFound:
            return
        state = document.get("state")
        if state == JobState.QUEUED.value:
            if not cancelled or not cancel_waiting(self._jobs, order.job, self._me):
                self._not_begun(order, reason, document)
            return
        self._starts.pop(order.job, None)
        if reason is None or state not in _HELD or not order.is_of(document.get("worker")):
            return
        if cancelled:
            message = "cancelled; its process did not end by itself, and was ended"
            self._settle(document, state=JobState.CANCELLED.value, message=message)
        else:
            self._give_back(document, reason, own=True)

    def take_over(self, document: dict[str, Any]) -> None:
        """Takes a job from a worker that gives no sign of life."""
        mine = is_of_server(document.get("worker"), self._me)  # of another server nobody knows whether it lives
        self._give_back(document, SILENT, "beat", own=mine)

    def cancel(self, document: dict[str, Any], message: str) -> bool:
        """Ends a job that goes on somewhere; tells whether it was still as the document says."""
        return self._settle(document, state=JobState.CANCELLED.value, message=message)

    def leave(self) -> None:
        """Gives all back that this server's workers still have, because it has ended."""
        for order in list(self._known.given.values()):
            with contextlib.suppress(NotFound):
                document = self._jobs.get(order.job)
                if document.get("state") in _HELD and order.is_of(document.get("worker")):
                    self._settle(document, **again("the server was ended"))

    def _not_begun(self, order: Order, reason: str | None, document: dict[str, Any]) -> None:
        was_begun = document.get("attempt") == order.attempt  # and handed back by its worker
        self._starts[order.job] = starts = self._starts.get(order.job, 0) + (reason is not None and not was_begun)
        if starts < _MOST_STARTS:
            self._known.wait(document)
            return
        del self._starts[order.job]
        must_be = {"state": JobState.QUEUED.value}
        message = f"it could not be started: {reason}"
        if take(self._jobs, order.job, must_be, self._me, state=JobState.ERROR.value, message=message) is not None:
            _log(document, message)

    def _give_back(self, document: dict[str, Any], reason: str, *also: str, own: bool) -> None:
        retries = self._tasks[document["task"]].retries
        changes = after_loss(document, retries, reason, own=own)
        if self._settle(document, *also, **changes):
            _log(document, changes["message"])

    def _settle(self, document: dict[str, Any], *also: str, **changes: Any) -> bool:
        must_be = {field: document.get(field) for field in ("worker", "attempt", *also)}
        return take(self._jobs, document["_id"], must_be, self._me, **changes) is not None


def _log(document: dict[str, Any], message: str) -> None:
    tell(f"Job {str(document['_id'])[:8]} ({document['task']}): {message}.")
