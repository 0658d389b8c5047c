"""Commands to jobs that their own processes can't answer: to jobs that wait or have ended, and to end a process.

A command to a job that a worker has is answered by that worker (`worker/commands.py`). Where it is to end the job and
the worker does not within a grace time, its process is ended, or, where that is another machine's, the job is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..client.view import Change
from ..errors import NotFound
from ..runs.document.commands import COMMANDS, State
from .claims import cancel_waiting
from .definition import Definition
from .documents import JOBS, OPEN, JobState
from .executors.seam import Executor
from .losses import Losses
from .open_jobs import OpenJobs

GRACE = 10.0
"""Seconds that a job has to end when it is cancelled."""

QUERY = {"state": {"$in": [State.SENT.value, State.ACCEPTED.value]}}
"""The commands that are not done with. Those that name a run are its writer's."""

_MOST_LOOKS = 20  # questions in one round: beats, jobs and the server's end wait for them
_LOOK_AGAIN = 2.0  # seconds until the backend is asked again about a job that is not known here
_OPEN = [state.value for state in OPEN]

Document = dict[str, Any]


class Commands:
    """Looks after commands to jobs.

    Args:
        definition: The server's.
        me: The server's own id.
        known: What the server knows of open jobs.
        losses: Settles jobs in place of workers.
        clock: A monotonic clock, in seconds.

    Attributes:
        cancelled: The jobs that are to be ended, by `_id`, with the time when their grace is over.
    """

    def __init__(
        self, definition: Definition, me: str, known: OpenJobs, losses: Losses, clock: Callable[[], float]
    ) -> None:
        self.cancelled: dict[str, float] = {}
        self._tasks = definition.tasks
        self._may_command = definition.may_command
        self._jobs = definition.store.service(JOBS)
        self._commands = definition.store.service(COMMANDS)
        self._me = me
        self._known = known
        self._losses = losses
        self._clock = clock
        self._pending: dict[str, Document] = {}
        self._next_look: dict[str, float] = {}

    def take_in(self, change: Change) -> None:
        """Takes in what became of a command."""
        command = change.document
        if change.kind == "removed":
            self._pending.pop(command["_id"], None)
            self._next_look.pop(command["_id"], None)
        elif command.get("runId") is None and isinstance(command.get("jobId"), str):
            self._pending[command["_id"]] = command

    def advance(self, executor: Executor) -> None:
        """Does what there is to do now.

        Raises:
            MarcelleError: What the backend or the line raised.
        """
        now = self._clock()
        looks = 0
        for command in list(self._pending.values()):
            identity, key = command["_id"], command["jobId"]
            job = self._known.held.get(key)
            if command.get("command") == "cancel" and job is not None and self._may_command(command, job):
                self.cancelled.setdefault(key, now + GRACE)
            if key in self._known.held:  # a worker that ends a job answers its commands then, too
                self._next_look[identity] = now + _LOOK_AGAIN
            elif now >= self._next_look.get(identity, 0.0) and looks < _MOST_LOOKS:
                looks += 1
                self._next_look[identity] = now + _LOOK_AGAIN
                self._look(command)
        for key, over in list(self.cancelled.items()):
            if key not in self._known.held and key not in self._known.given:
                del self.cancelled[key]
            elif self._clock() >= over:
                self._end(key, executor)

    def _look(self, command: Document) -> None:
        """Answers a command to a job that no worker has."""
        try:
            job = self._jobs.get(command["jobId"])
        except NotFound:
            if self._may_command(command, {}):
                self._answer(command, State.REFUSED, "there is no such job")
            else:
                del self._pending[command["_id"]]  # another user's, whose jobs can't be seen from here
            return
        if job.get("task") not in self._tasks or not self._may_command(command, job):
            del self._pending[command["_id"]]  # another server's, or of somebody who has no say here
        elif job.get("state") not in _OPEN:
            if command.get("state") == State.ACCEPTED.value:
                self._answer(command, State.DONE, str(job.get("state")))
            else:
                self._answer(command, State.REFUSED, f"the job has ended: {job.get('state')}")
        elif job.get("state") == JobState.QUEUED.value and command["command"] in ("stop", "cancel"):
            if cancel_waiting(self._jobs, job["_id"], self._me):
                self._answer(command, State.DONE, "the job had not begun")
        elif job.get("state") == JobState.QUEUED.value:
            self._answer(command, State.REFUSED, "the job has not begun")

    def _answer(self, command: Document, state: State, message: str) -> None:
        self._pending.pop(command["_id"], None)
        try:
            self._commands.patch(command["_id"], {"state": state.value, "message": message})
        except NotFound:  # who sent it has taken it back
            return

    def _end(self, key: str, executor: Executor) -> None:
        order = self._known.given.get(key)
        if order is None:  # another server's, which ends it
            del self.cancelled[key]
        elif not executor.kill(order):
            document = self._known.held.get(key)
            message = "cancelled; its worker goes on until the task looks at job.stopped"
            if document is not None and self._losses.cancel(document, message):
                del self.cancelled[key]
        else:
            self.cancelled[key] = self._clock() + GRACE
