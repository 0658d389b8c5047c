"""The documents that pages and Python write for each other, by service. Pure.

Whoever creates a job, a command or a request gives it an `_id` of its own (a UUID), so that the same click twice is
one document. Times are never compared: who writes a document regularly counts its `beat`, and who reads it goes by a
clock of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal, TypedDict

from ..runs.document.commands import State

TASKS = "training-tasks"
"""Which tasks a server has now; its documents are removed when it ends."""

JOBS = "training-jobs"
"""What is to be done, is being done, and was done."""

REQUESTS = "predict-requests"
"""What a page asks a model; removed by who asked."""


class JobState(str, Enum):
    """What became of a job. Its one writer is whoever the job's `worker` names, and before that, who created it."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    RUNNING = "running"
    STOPPING = "stopping"
    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"
    REFUSED = "refused"


HELD = (JobState.CLAIMED, JobState.RUNNING, JobState.STOPPING)
"""The states of a job that a worker has."""

OPEN = (JobState.QUEUED, *HELD)
"""The states of a job that has not ended."""

ENDED = (JobState.SUCCESS, JobState.ERROR, JobState.CANCELLED, JobState.REFUSED)


class RequestState(str, Enum):
    """What became of a request for a prediction."""

    ASKED = "asked"
    ANSWERED = "answered"
    ERROR = "error"


Kind = Literal["integer", "number", "boolean", "string", "choice", "integer array", "number array"]


class _Parameter(TypedDict):
    name: str
    type: Kind


class ParameterDocument(_Parameter, total=False):
    """One parameter of a task; without a `default` it must be given."""

    default: Any
    options: list[Any]
    min: float
    max: float


class _Public(TypedDict, total=False):
    public: bool
    """Other users see it, where users sign in."""


class TaskDocument(_Public):
    """A task that a server has; its `_id` is `<server>:<task>`, and its beat is counted every so many seconds.

    `problem` says what keeps its jobs from being begun; empty where nothing does.
    """

    _id: str
    task: str
    server: str
    host: str
    params: list[ParameterDocument]
    trains: bool
    predicts: bool
    version: str
    beat: int
    every: float
    problem: str


class Progress(TypedDict):
    """How far a job is: a fraction from 0 to 1 where that is known, and a text for people."""

    fraction: float | None
    text: str


class JobDocument(_Public):
    """A job; its `losses` are the attempts that have lost their own worker."""

    _id: str
    task: str
    params: dict[str, Any]
    dataset: str | None
    state: str
    worker: str | None
    attempt: int
    losses: int
    beat: int
    progress: Progress
    runId: str | None
    modelId: str | None
    message: str
    traceback: str
    submitted: str


class JobCommandDocument(_Public):
    """A command to a job that has no run yet, or that is to end whatever its run does.

    `runs/document/commands.py` has the service, its states, and the commands to runs.
    """

    _id: str
    runId: None
    jobId: str
    command: Literal["stop", "cancel", "checkpoint", "set"]
    params: dict[str, Any]
    state: str
    message: str


def new_job(
    task: str,
    params: Mapping[str, Any],
    dataset: str | None,
    submitted: Literal["page", "python", "command"],
    public: bool = False,
) -> JobDocument:
    """A job that waits for a server.

    Args:
        task: The task's name.
        params: Its parameters, by name.
        dataset: The name of the dataset that it works on.
        submitted: Who creates it.
        public: Let users see it who sign in as somebody else.
    """
    job = JobDocument(
        _id=str(uuid.uuid4()),
        task=task,
        params=dict(params),
        dataset=dataset,
        state=JobState.QUEUED.value,
        worker=None,
        attempt=0,
        losses=0,
        beat=0,
        progress={"fraction": None, "text": ""},
        runId=None,
        modelId=None,
        message="",
        traceback="",
        submitted=submitted,
    )
    if public:
        job["public"] = True
    return job


def is_job(document: Mapping[str, Any]) -> bool:
    """Whether a document is a job: anybody can write others there. One that waits may lack its attempt."""
    attempt = document.get("attempt")
    counted = isinstance(attempt, int) and not isinstance(attempt, bool)
    texts = all(isinstance(document.get(name), str) for name in ("_id", "task", "state"))
    return texts and (counted or document.get("state") == JobState.QUEUED.value)


def losses_of(job: Mapping[str, Any]) -> int:
    """How many attempts of a job have lost their own worker; who created it may have left that out."""
    losses = job.get("losses")
    return losses if isinstance(losses, int) else 0


def is_job_command(document: Mapping[str, Any]) -> bool:
    """Whether a document is a command to a job, and not to a run."""
    texts = all(isinstance(document.get(name), str) for name in ("_id", "jobId", "command", "state"))
    return texts and document.get("runId") is None


def is_request(document: Mapping[str, Any]) -> bool:
    """Whether a document is a request for a prediction."""
    return isinstance(document.get("_id"), str)


def new_command(job: Mapping[str, Any], command: Literal["stop", "cancel"]) -> JobCommandDocument:
    """A command to a job.

    Args:
        job: The job's document: a command is for the eyes of those who may see the job.
        command: What is asked.
    """
    document = JobCommandDocument(
        _id=str(uuid.uuid4()),
        runId=None,
        jobId=job["_id"],
        command=command,
        params={},
        state=State.SENT.value,
        message="",
    )
    if job.get("public") is True:
        document["public"] = True
    return document
