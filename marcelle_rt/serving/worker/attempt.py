"""One attempt of a job, from its claim to its end; the same in a process of ours and in a cluster's worker."""

from __future__ import annotations

import sys
import traceback
from types import TracebackType
from typing import Any

from ...errors import InvalidData
from ...runs.remote.remote import Remote
from ...runs.training.exits import describe, short
from ...values import utf8
from ..claims import after_loss, claim
from ..definition import Definition
from ..documents import JOBS, JobState
from ..executors.seam import Order
from .job import Job
from .report import Report

_LONGEST = 20_000  # characters of a traceback; its end is what people read


class ServerGone(SystemExit):
    """Ends a process whose server was killed: its job is handed back."""


def carry_out(order: Order, definition: Definition) -> bool:
    """Makes an attempt of a job, unless somebody else does.

    Args:
        order: Which.
        definition: The server's, as this process has imported it.

    Returns:
        Whether it was this worker's.

    Raises:
        MarcelleError: The claim could not be made: the backend is away.
        BaseException: What ends the process: `SystemExit`, `KeyboardInterrupt`. The job's document says so then.
    """
    jobs = definition.store.service(JOBS)
    worker = order.worker()
    document = claim(jobs, order.job, order.attempt, worker)
    if document is None:
        return False
    with Remote(definition.store) as remote:
        _Attempt(definition, remote, document, worker).make()
    return True


class _Attempt:
    def __init__(self, definition: Definition, remote: Remote, document: dict[str, Any], worker: str) -> None:
        self._definition = definition
        self._remote = remote
        self._document = document
        self._job: Job | None = None
        jobs = definition.store.service(JOBS)
        self._report = Report(jobs, document["_id"], worker, definition.lease, self._taken_away)

    def _taken_away(self) -> None:
        if self._job is not None:
            self._job.give_up()

    def make(self) -> None:
        task = self._definition.tasks.get(self._document["task"])
        if task is None:  # a worker of a cluster has an older file than its server
            self._end(JobState.REFUSED, f"this worker has no task {self._document['task']!r}")
            return
        try:
            values = task.values(self._document["params"])
        except InvalidData as error:
            self._end(JobState.REFUSED, str(error))
            return
        job = self._job = Job(self._definition, self._remote, self._document, values, self._report)
        self._report.say(state=JobState.RUNNING.value)
        try:
            task.function(job, **values)
        except ServerGone:
            reason = "the server was killed"
            job.close(reason)
            self._report.finish(**after_loss(job.attempt, task.retries, reason))
            raise
        except BaseException as error:  # also what ends the process: the page is to know of it
            reason = short(describe(error))
            self._tell(error)
            job.close(reason)
            self._end(JobState.ERROR, reason, traceback=_text(error))
            if not isinstance(error, Exception):
                raise
        else:
            job.close(None)
            self._end(JobState.SUCCESS, "stopped" if job.stopped else "")

    def _end(self, state: JobState, message: str, **more: Any) -> None:
        self._report.finish(state=state.value, message=message, **more)

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
