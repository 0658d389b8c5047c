"""One attempt of a job, from its claim to its end; the same in a process of ours and in a cluster's worker."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ...errors import AWAY, InvalidData
from ...runs.remote.remote import Remote
from ...runs.training.exits import describe, short
from ...values import utf8
from ..claims import after_loss, claim
from ..definition import Definition
from ..documents import JOBS, JobState
from ..executors.seam import Order
from ..tasks import Task
from .commands import JobCommands
from .job import Job
from .report import Report

_RETRY = 1.0  # seconds until a backend that was away is asked again
_LONGEST = 20_000  # characters of a traceback; its end is what people read


class Interrupted(SystemExit):
    """Ends the process of a job that is not to go on here.

    Attributes:
        reason: Why, for people.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(1)


def carry_out(order: Order, definition: Definition, taken_away: Callable[[], None] = lambda: None) -> bool:
    """Makes an attempt of a job, unless somebody else does.

    Args:
        order: Which.
        definition: The server's, as this process has imported it.
        taken_away: Called, on another thread, when the job is another's; where the process is the job's own it has
            `Interrupted` raised.

    Returns:
        Whether it was this worker's.

    Raises:
        MarcelleError: The backend refuses the claim.
        BaseException: What ends the process: `SystemExit`, `KeyboardInterrupt`. The job's document says so then.
    """
    worker = order.worker()
    jobs = definition.store.service(JOBS)
    while True:
        try:
            document = claim(jobs, order.job, order.attempt, worker)
            break
        except AWAY:  # also where a claim was made and its answer lost; it can be made twice
            time.sleep(_RETRY)
    if document is None:
        return False
    with Remote(definition.store, public=definition.public) as remote:
        _Attempt(definition, remote, document, worker, taken_away).make()
    return True


class _Attempt:
    def __init__(
        self,
        definition: Definition,
        remote: Remote,
        document: dict[str, Any],
        worker: str,
        taken_away: Callable[[], None],
    ) -> None:
        self._definition = definition
        self._remote = remote
        self._document = document
        self._taken_away = taken_away
        self._job: Job | None = None
        jobs = definition.store.service(JOBS)
        self._report = Report(jobs, document["_id"], worker, definition.lease, self._on_lost)

    def _on_lost(self) -> None:
        if self._job is not None:
            self._job.give_up()
        self._taken_away()

    def make(self) -> None:
        task = self._definition.tasks.get(self._document["task"])
        if task is None:  # a worker of a cluster has an older file than its server
            self._end(JobState.REFUSED, f"this worker has no task {self._document['task']!r}")
            return
        try:
            values = task.values(self._document.get("params") or {})
        except InvalidData as error:
            self._end(JobState.REFUSED, str(error))
            return
        self._report.say(state=JobState.RUNNING.value)
        job = self._job = Job(self._definition, self._remote, self._document, values, self._report)
        commands = JobCommands(self._definition, job)
        try:
            self._run(task, job, values)
        finally:
            commands.close(self._document["state"])

    def _run(self, task: Task, job: Job, values: dict[str, Any]) -> None:
        try:
            task.function(job, **values)
        except Interrupted as interrupted:
            job.close(interrupted.reason)
            self._finish(**after_loss(job.attempt, task.retries, interrupted.reason))
            raise
        except BaseException as error:  # also what ends the process: the page is to know of it
            reason = short(describe(error))
            if job.cancelled:
                self._cancelled(job)
            else:
                self._tell(error)
                job.close(reason)
                self._end(JobState.ERROR, reason, traceback=_text(error))
            if not isinstance(error, Exception):
                raise
        else:
            if job.cancelled:
                self._cancelled(job)
            else:
                job.close(None)
                self._end(JobState.SUCCESS, job.notices.last or ("stopped" if job.stopped else ""))

    def _cancelled(self, job: Job) -> None:
        job.close("the job was cancelled")
        self._end(JobState.CANCELLED, "cancelled")

    def _end(self, state: JobState, message: str, **more: Any) -> None:
        self._finish(state=state.value, message=message, **more)

    def _finish(self, **changes: Any) -> None:
        self._report.finish(**changes)
        self._document = {**self._document, **changes}

    def _tell(self, error: BaseException) -> None:
        """Shows it in the server's terminal too."""
        traceback.print_exception(type(error), error, _users(error), file=sys.stderr)


def _users(error: BaseException) -> TracebackType | None:
    """The traceback from the user's own line on."""
    trace = error.__traceback__
    return trace.tb_next if trace is not None and trace.tb_next is not None else trace


def _text(error: BaseException) -> str:
    text = utf8("".join(traceback.format_exception(type(error), error, _users(error))))
    return text if len(text) <= _LONGEST else f"...{text[-_LONGEST:]}"
