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
from functools import partial
from typing import Any, NamedTuple

from ..client.view import Change
from ..errors import (
    AWAY,
    FeathersError,
    InvalidAnswer,
    InvalidData,
    MarcelleError,
    NotFound,
    PayloadTooLarge,
)
from ..notices import Notices, sentence
from ..runs.document.commands import COMMANDS
from .answers.answering import Answering
from .claims import take
from .commands import QUERY, Commands
from .definition import Definition, Reference
from .documents import JOBS, OPEN, JobState, is_job, is_job_command
from .executors.seam import Ended, Executor, Order, new_token
from .following import Following
from .losses import SILENT, Losses
from .open_jobs import OpenJobs
from .presence import Presence
from .sweeping import PAUSE, Sweep
from .versions import another_takes

_OF_ONE = (FeathersError, InvalidAnswer, InvalidData, PayloadTooLarge)
"""What one document can cause, or a database that is in trouble: the server goes on."""

_TICK = 0.5  # seconds between two looks at what is overdue


class _Returned(NamedTuple):
    """An order that has come back; the reason if its worker did not end by itself."""

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
        self.id: str = str(uuid.uuid4())
        self._definition = definition
        self._reference = reference
        self._clock = clock
        self._service = definition.store.service(JOBS)
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._notices = Notices()
        self._jobs = OpenJobs(definition.lease, clock)
        self._losses = Losses(self._service, definition.tasks, self.id, self._jobs)
        self._commands = Commands(definition, self.id, self._jobs, self._losses, clock)
        self._returned: list[_Returned] = []
        self._aside: list[dict[str, Any]] = []
        self._presence = Presence(definition, self.id)
        self._next_beat = 0.0
        self._looked = clock()
        self._silent: set[str] = set()
        self._is_away = False
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
        store = self._definition.store
        query = {"task": {"$in": list(self._definition.tasks)}, "state": {"$in": [state.value for state in OPEN]}}
        serves = self._definition.serves
        followings = [
            Following(self._service, query, serves(is_job), self._then(self._jobs.take_in), self._start_over),
            Following(store.service(COMMANDS), QUERY, serves(is_job_command), self._then(self._commands.take_in)),
        ]
        answering = Answering(self._definition, self.id)
        try:
            self._show()
            while self._serve_once():
                self._advance()
        finally:
            self._leave([answering, *followings])

    # Messages

    def _serve_once(self) -> bool:
        """Takes in what has happened, or waits for something; whether to go on."""
        try:
            message = self._inbox.get(timeout=_TICK)
            while message is not None:
                message()
                message = self._inbox.get_nowait()
        except queue.Empty:
            return True
        return False

    def _then(self, take_in: Callable[[Change], None]) -> Callable[[Change], None]:
        return lambda change: self._inbox.put(lambda: take_in(change))

    def _start_over(self) -> None:
        self._inbox.put(self._jobs.start_over)

    def _ended(self, order: Order, reason: str | None) -> None:
        self._inbox.put(lambda: self._returned.append(_Returned(order, reason)))

    # What there is to do

    def _advance(self) -> None:
        try:
            for step in (self._beat, self._settle, self._take_over, self._answer, self._hand_out, self._clear):
                self._going_on(step)
            self._notices.forget("away")
            self._is_away = False
        except AWAY as error:
            self._is_away = True
            self._notices.warn("away", f"{sentence(error)} Jobs wait until it is back.")
            self._jobs.everybody_lives()

    def _going_on(self, step: Callable[[], None]) -> None:
        try:
            step()
        except AWAY:
            raise
        except _OF_ONE as error:
            self._notices.warn("refused", f"The backend refused what the server wanted to write: {error}")

    def _show(self) -> None:
        try:
            self._presence.show()
        except AWAY:  # the first beat shows it when the backend is back
            return
        self._next_beat = self._clock() + self._presence.every

    def _beat(self) -> None:
        problem = self._executor.problem
        if problem:
            self._notices.warn("problem", f"Jobs wait: {sentence(problem)}")
        else:
            self._notices.forget("problem")
        if self._clock() >= self._next_beat or problem != self._presence.problem:
            self._presence.beat(problem)
            self._next_beat = self._clock() + self._presence.every

    def _settle(self) -> None:
        while self._returned:
            order, reason = self._returned[0]
            if order.token in self._silent:
                reason = f"{SILENT} and was ended"
            self._losses.settle(order, reason, order.job in self._commands.cancelled)
            self._returned.pop(0)
            self._silent.discard(order.token)

    def _take_over(self) -> None:
        now, before = self._clock(), self._looked
        self._looked = now
        if now - before > self._definition.lease / 2:  # it stood still itself, and has heard of nobody meanwhile
            self._jobs.everybody_lives()
        for document in self._jobs.overdue():
            self._going_on(partial(self._end_silent, document))
            self._jobs.taken_over(document["_id"])

    def _end_silent(self, document: dict[str, Any]) -> None:
        """Takes a job from a worker that gives no sign of life, and ends its process where that is ours."""
        order = self._jobs.given.get(document["_id"])
        if order is None or not order.is_of(document.get("worker")):
            self._losses.take_over(document)
        elif self._executor.kill(order):
            self._silent.add(order.token)  # what becomes of the job comes with the end of its process
        else:
            del self._jobs.given[order.job]
            self._losses.take_over(document)

    def _answer(self) -> None:
        self._commands.advance(self._executor)

    def _clear(self) -> None:
        if self._clock() >= self._next_sweep:
            self._next_sweep = self._clock() + PAUSE
            self._sweep.sweep()
            self._look_again()

    def _hand_out(self) -> None:
        while self._executor.free > 0 and (document := self._jobs.take()) is not None:
            try:
                self._give(document)
            except AWAY:  # nothing will tell that it waits
                self._jobs.wait(document)
                raise

    def _give(self, document: dict[str, Any]) -> None:
        key, attempt = document["_id"], document.get("attempt")
        if not isinstance(attempt, int):  # whoever created it left that out; it comes again with its event
            self._service.patch(key, {"attempt": 0})
            return
        try:
            self._definition.tasks[document["task"]].values(document.get("params") or {})
        except InvalidData as error:
            self._refuse(document, str(error))
            return
        location = self._definition.store.location
        order = Order(self._reference, location, key, attempt + 1, new_token(self.id))
        self._executor.start(order)
        self._jobs.given[key] = order

    def _look_again(self) -> None:
        """Has jobs come up again that were left to another server, which may have gone."""
        aside, self._aside = self._aside, []
        for document in aside:
            try:
                now = self._service.get(document["_id"])
            except NotFound:
                continue
            if now.get("state") == JobState.QUEUED.value:
                self._jobs.wait(now)

    def _refuse(self, document: dict[str, Any], reason: str) -> None:
        """Refuses a job, unless a server with another version of the task takes it."""
        if another_takes(self._definition.store, document, self.id):
            self._aside.append(document)
            return
        must_be = {"state": JobState.QUEUED.value}
        take(self._service, document["_id"], must_be, self.id, state=JobState.REFUSED.value, message=reason)

    def _leave(self, followers: list[Answering | Following]) -> None:
        """Takes the presence away, ends the processes, and gives back what was not handed back by them."""
        for follower in followers:
            follower.end()
        is_there = not self._is_away and self._presence.remove()
        self._executor.close()
        try:
            if is_there:
                self._losses.leave()
        except MarcelleError as error:
            is_there = False
            self._notices.warn("leave", f"{error}")
        if not is_there:
            self._notices.warn("lease", "Another server will see by the lease that this one has ended.")
        for follower in followers:
            follower.close()
