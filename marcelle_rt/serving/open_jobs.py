"""What a server knows of the jobs that have not ended: those that wait, those that somebody has, those it gave away.

Pure: changes come in, and what there is to do is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..client.view import Change
from .documents import JobState
from .executors.seam import Order
from .leases import Leases
from .waiting import Waiting

Document = dict[str, Any]


class OpenJobs:
    """The open jobs of a server's tasks.

    Args:
        lease: Seconds without a sign of life after which a job is taken from its worker.
        clock: A monotonic clock, in seconds.

    Attributes:
        held: Those that a worker has, by `_id`.
        given: The orders that this server's executor has, by the job's `_id`.
    """

    def __init__(self, lease: float, clock: Callable[[], float]) -> None:
        self.held: dict[str, Document] = {}
        self.given: dict[str, Order] = {}
        self._waiting = Waiting()
        self._leases = Leases(lease, clock)

    def start_over(self) -> None:
        """Forgets what is there, because all of it comes again."""
        self._waiting = Waiting()
        self.held.clear()
        self._leases.start_over()

    def everybody_lives(self) -> None:
        """Counts leases from now: the backend was away, and nobody could give a sign of life."""
        self._leases.start_over()

    def take_in(self, change: Change) -> None:
        """Takes in what became of a job."""
        document = change.document
        key = document["_id"]
        self._waiting.discard(key)
        if change.kind != "removed" and document.get("state") != JobState.QUEUED.value:
            self.held[key] = document
            self._leases.seen(key, (document.get("worker"), document.get("beat")))
            return
        self.held.pop(key, None)
        self._leases.forget(key)
        if change.kind != "removed" and key not in self.given:
            self._waiting.put(document)

    def wait(self, document: Document) -> None:
        """Takes in that a job waits, which no change has told."""
        self._waiting.put(document)

    def waiting(self, key: str) -> bool:
        """Whether a job waits that was given to nobody."""
        return key in self._waiting

    def take(self) -> Document | None:
        """Takes out the job that has waited longest, or `None`."""
        return self._waiting.take()

    def overdue(self) -> list[Document]:
        """The jobs of workers that give no sign of life, until they are `taken_over`."""
        return [self.held[key] for key in self._leases.overdue() if key in self.held]

    def taken_over(self, key: str) -> None:
        """Takes in that a job was taken from its worker; what becomes of it comes as a change."""
        self._leases.forget(key)
