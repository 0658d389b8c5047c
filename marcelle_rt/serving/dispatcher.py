"""The server's loop: one thread decides everything, and what happens elsewhere comes to it as messages.

| attribute | written by | read by |
|---|---|---|
| `_inbox` | any thread, and signal handlers | the loop |
| all else | the loop | the loop |
"""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from ..client.view import Change
from ..errors import AWAY, InvalidData, MarcelleError, NotFound
from ..notices import Notices
from .answers.answering import Answering
from .claims import after_loss, again, take
from .definition import Definition, Reference
from .documents import HELD, JOBS, OPEN, JobState
from .executors.seam import Ended, Executor, Order
from .following import Following
from .leases import Leases
from .presence import Presence
from .sweeping import PAUSE, Sweep
from .waiting import Waiting

_TICK = 0.5  # seconds between two looks at what is overdue
_MOST_STARTS = 3  # processes that end before they have begun a job


class _Lost(NamedTuple):
    """An order whose worker has ended; the reason if it did not end by itself."""

    order: Order
    reason: str | None


class Dispatcher:
    """Gives waiting jobs to an executor, and looks after those whose workers are lost.

    Args:
        definition: The server's.
        reference: Where workers find it.
        executor: Makes the executor, of this server's id and the function that it tells what has ended.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        definition: Definition,
        reference: Reference,
        executor: Callable[[str, Ended], Executor],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = str(uuid.uuid4())
        self._definition = definition
        self._reference = reference
        self._clock = clock
        self._jobs = definition.store.service(JOBS)
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._notices = Notices()
        self._waiting = Waiting()
        self._leases = Leases(definition.lease, clock)
        self._held: dict[str, dict[str, Any]] = {}
        self._given: dict[str, Order] = {}
        self._starts: dict[str, int] = {}
        self._lost: list[_Lost] = []
        self._presence = Presence(definition, self.id)
        self._next_beat = 0.0
        self._sweep = Sweep(definition, self.id)
        self._next_sweep = 0.0
        self._executor = executor(self.id, self._ended)

    def stop(self) -> None:
        """Has `run` return; a signal handler may call it."""
        self._inbox.put(None)

    def run(self) -> None:
        """Serves until `stop`.

        Raises:
            MarcelleError: The backend refuses what the server needs.
        """
        query = {"task": {"$in": list(self._definition.tasks)}, "state": {"$in": [state.value for state in OPEN]}}
        following = Following(self._jobs, query, self._on_change, lambda: self._inbox.put(self._start_over))
        answering = Answering(self._definition, self.id)
        try:
            self._presence.show()
            self._next_beat = self._clock() + self._presence.every
            while True:
                try:
                    message = self._inbox.get(timeout=_TICK)
                except queue.Empty:
                    pass
                else:
                    if message is None:
                        break
                    message()
                self._advance()
        finally:
            answering.close()
            following.close()
            self._leave()

    # Messages

    def _on_change(self, change: Change) -> None:
        self._inbox.put(lambda: self._take_in(change))

    def _ended(self, order: Order, reason: str | None) -> None:
        self._inbox.put(lambda: self._lost.append(_Lost(order, reason)))

    def _start_over(self) -> None:
        self._waiting = Waiting()
        self._held.clear()
        self._leases.start_over()

    def _take_in(self, change: Change) -> None:
        document = change.document
        key = document["_id"]
        state = document.get("state")
        self._waiting.discard(key)
        if change.kind != "removed" and state == JobState.QUEUED.value:
            self._held.pop(key, None)
            self._leases.forget(key)
            if key not in self._given:
                self._waiting.put(document)
        elif change.kind != "removed":
            self._held[key] = document
            self._leases.seen(key, (document.get("worker"), document.get("beat")))
        else:
            self._held.pop(key, None)
            self._leases.forget(key)

    # What there is to do

    def _advance(self) -> None:
        try:
            self._beat()
            lost, self._lost = self._lost, []
            while lost:
                try:
                    self._settle(*lost[-1])
                except AWAY:
                    self._lost += lost
                    raise
                lost.pop()
            for key in self._leases.overdue():
                self._take_over(key)
            self._hand_out()
            if self._clock() >= self._next_sweep:
                self._next_sweep = self._clock() + PAUSE
                self._sweep.sweep()
            self._notices.forget("away")
        except AWAY as error:
            self._notices.warn("away", f"{error} Jobs wait until it is back.")
            self._leases.start_over()

    def _beat(self) -> None:
        if self._clock() >= self._next_beat:
            self._presence.beat()
            self._next_beat = self._clock() + self._presence.every

    def _hand_out(self) -> None:
        while self._executor.free > 0 and (document := self._waiting.take()) is not None:
            key, attempt = document["_id"], document.get("attempt")
            if not isinstance(attempt, int):  # whoever created it left that out; it comes again with its event
                self._jobs.patch(key, {"attempt": 0})
                continue
            try:
                self._definition.tasks[document["task"]].values(document.get("params") or {})
            except InvalidData as error:
                must_be = {"state": JobState.QUEUED.value}
                take(self._jobs, key, must_be, self.id, state=JobState.REFUSED.value, message=str(error))
                continue
            location = self._definition.store.location
            order = Order(self._reference, location, key, attempt + 1, uuid.uuid4().hex)
            self._given[key] = order
            self._executor.start(order)

    def _settle(self, order: Order, reason: str | None) -> None:
        """Sees what became of a job whose worker has ended."""
        self._given.pop(order.job, None)
        try:
            document = self._jobs.get(order.job)
        except NotFound:
            return
        state = document.get("state")
        if state == JobState.QUEUED.value:
            self._starts[order.job] = starts = self._starts.get(order.job, 0) + (reason is not None)
            if starts >= _MOST_STARTS:
                message = f"it could not be started: {reason}"
                must_be = {"state": JobState.QUEUED.value}
                take(self._jobs, order.job, must_be, self.id, state=JobState.ERROR.value, message=message)
            else:
                self._waiting.put(document)
            return
        self._starts.pop(order.job, None)
        if reason is not None and state in [held.value for held in HELD] and order.is_of(document.get("worker")):
            self._give_back(document, reason)

    def _take_over(self, key: str) -> None:
        document = self._held.get(key)
        self._leases.forget(key)
        if document is not None and key not in self._given:
            self._give_back(document, "its worker has given no sign of life")

    def _give_back(self, document: dict[str, Any], reason: str) -> None:
        must_be = {"worker": document.get("worker"), "beat": document.get("beat")}
        changes = after_loss(document["attempt"], self._definition.tasks[document["task"]].retries, reason)
        take(self._jobs, document["_id"], must_be, self.id, **changes)

    def _leave(self) -> None:
        """Gives back what is running, takes the presence away, and ends the processes."""
        try:
            for order in self._given.values():
                document = self._held.get(order.job)
                if document is not None and order.is_of(document.get("worker")):
                    must_be = {"worker": document["worker"]}
                    take(self._jobs, order.job, must_be, self.id, **again("the server was ended"))
            self._presence.remove()
        except MarcelleError as error:
            self._notices.warn("leave", f"{error} Another server will see by the lease that this one has ended.")
        finally:
            self._executor.close()
