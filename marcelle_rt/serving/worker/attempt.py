"""One attempt of a job, from its claim to its end; the same in a process of ours and in a cluster's worker."""

from __future__ import annotations

import contextlib
import sys
import time
import traceback
from types import TracebackType
from typing import Any

from ...errors import AWAY, InvalidData
from ...foreign import utf8
from ...redaction import redacted
from ...runs.remote.remote import Remote
from ...runs.training.exits import describe, short
from ..claims import after_loss, again, claim, stopped_too_late, take
from ..definition import Definition
from ..documents import JOBS, JobState
from ..executors.seam import Order
from ..tasks import Task
from .commands import JobCommands
from .job import Job
from .report import Report
from .surroundings import Interrupted, Surroundings

_RETRY = 1.0  # seconds until a backend that was away is asked again
_LONGEST = 20_000  # characters of a traceback; its end is what people read


def carry_out(order: Order, definition: Definition, surroundings: Surroundings) -> bool:
    """Makes an attempt of a job, unless somebody else does.

    Args:
        order: Which.
        definition: The server's, as this process has imported it.
        surroundings: What the worker is in; they may have `Interrupted` raised here.

    Returns:
        Whether it was this worker's.

    Raises:
        MarcelleError: The backend refuses the claim.
        BaseException: What ends the process: `SystemExit`, `KeyboardInterrupt`. The job's document says so then.
    """
    worker = order.worker()
    document = _claimed(order, definition, worker)
    if document is None:
        return False
    with Remote(definition.store, public=definition.public) as remote:
        _Attempt(definition, remote, document, worker, surroundings).make()
    return True


def _claimed(order: Order, definition: Definition, worker: str) -> dict[str, Any] | None:
    jobs = definition.store.service(JOBS)
    try:
        while True:
            try:
                definition.learn_owner()
                return claim(jobs, order.job, order.attempt, worker)
            except AWAY:  # also where a claim was made and its answer lost; it can be made twice
                time.sleep(_RETRY)
    except Interrupted as interrupted:
        surrendered = {"worker": worker, "state": JobState.CLAIMED.value}
        with contextlib.suppress(*AWAY):  # else the lease tells
            take(jobs, order.job, surrendered, worker, **again(interrupted.reason))
        raise


class _Attempt:
    def __init__(
        self,
        definition: Definition,
        remote: Remote,
        document: dict[str, Any],
        worker: str,
        surroundings: Surroundings,
    ) -> None:
        self._definition = definition
        self._remote = remote
        self._document = document
        self._surroundings = surroundings
        self._job: Job | None = None
        self._commands: JobCommands | None = None
        jobs = definition.store.service(JOBS)
        self._report = Report(jobs, document["_id"], worker, definition.lease, self._on_lost)

    def _on_lost(self) -> None:
        if self._job is not None:
            self._job.give_up()
        self._surroundings.taken_away()

    def make(self) -> None:
        task = self._definition.tasks.get(self._document["task"])
        try:
            if task is None:  # a worker of a cluster has an older file than its server
                self._end(JobState.REFUSED, f"this worker has no task {self._document['task']!r}")
            else:
                self._begin(task)
        except Interrupted as interrupted:
            self._surroundings.finish()
            self._hand_back(interrupted, 0 if task is None else task.retries)
            raise
        finally:
            if self._commands is not None:
                self._commands.close(self._document["state"])

    def _begin(self, task: Task) -> None:
        try:
            values = task.values(self._document.get("params") or {})
        except InvalidData as error:
            self._end(JobState.REFUSED, str(error))
            return
        self._report.say(state=JobState.RUNNING.value)
        job = self._job = Job(self._definition, self._remote, self._document, values, self._report)
        self._commands = JobCommands(self._definition, job, self._document)
        self._run(task, job, values)

    def _run(self, task: Task, job: Job, values: dict[str, Any]) -> None:
        try:
            task.function(job, **values)
            self._surroundings.finish()
        except Interrupted:
            raise
        except BaseException as error:  # also what ends the process: the page is to know of it
            self._surroundings.finish()
            if self._surroundings.interruption is not None:
                raise self._surroundings.interruption from error
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

    def _hand_back(self, interrupted: Interrupted, retries: int) -> None:
        """Lets another worker go on at once; that the run ends here is told after it."""
        by_server, reason = interrupted.by_server, interrupted.reason
        if self._job is not None and self._job.stopped:
            self._end(JobState.CANCELLED, "cancelled" if self._job.cancelled else stopped_too_late(reason))
        elif by_server == "ended":
            self._finish(**again(reason))
        else:
            self._finish(**after_loss(self._document, retries, reason, own=by_server is None))
        if self._job is not None:
            self._job.close(reason)

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
    text = redacted(utf8("".join(traceback.format_exception(type(error), error, _users(error)))))
    return text if len(text) <= _LONGEST else f"...{text[-_LONGEST:]}"
