"""`marcelle-rt jobs submit`, `cancel` and `retry`."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from ...client.data_store import DataStore
from ...datasets.listing import check_not_empty
from ...errors import InvalidData
from ...runs.document.commands import COMMANDS
from ...serving.claims import cancel_waiting
from ...serving.commands import GRACE
from ...serving.documents import ENDED, JOBS, JobState, new_command, new_job
from ...serving.parameters import checked
from ...serving.tasks import UnknownTask
from ..output import cell, console, line, messages, print_json
from .finding import find_job, params_of, tasks_of
from .looking import state

_PATIENCE = GRACE + 20.0  # seconds that a cancelled job has to end
_PAUSE = 0.2  # seconds between two looks
_ENDED = [each.value for each in ENDED]

Document = dict[str, Any]


def submit_job(store: DataStore, task: str, words: Sequence[str], dataset: str | None, as_json: bool) -> None:
    """Creates a job, and prints its `_id`.

    Args:
        store: The backend.
        task: The name of a task that a server has now.
        words: The parameters, as they were typed.
        dataset: The dataset's name.
        as_json: The document, for scripts.

    Raises:
        UnknownTask: No server has it; the message says which there are.
        InvalidData: A parameter does not fit.
        DatasetError: The dataset has no instances.
        MarcelleError: What the backend or the line raised.
    """
    known = tasks_of(store)
    if task not in known:
        raise UnknownTask(task, list(known))
    params = _fitting(known[task], params_of(words))
    if dataset is not None:
        check_not_empty(store, dataset)
    public = any(document.get("public") is True for document in known[task])
    _print_created([store.service(JOBS).create(new_job(task, params, dataset, "command", public))], as_json)


def retry_jobs(store: DataStore, words: Sequence[str], as_json: bool) -> None:
    """Creates jobs anew, and prints their `_id`s.

    Args:
        store: The backend.
        words: Which. All of them are looked for first: if one is unknown, none is created.
        as_json: An array of the documents.

    Raises:
        NoSuchJob: A word stands for none, or for several.
        DatasetError: A dataset has no instances any more.
        MarcelleError: What the backend or the line raised.
    """
    old = [find_job(store, word) for word in words]
    for dataset in {job["dataset"] for job in old if job.get("dataset") is not None}:
        check_not_empty(store, dataset)
    jobs = store.service(JOBS)
    made = [
        new_job(job["task"], job.get("params") or {}, job.get("dataset"), "command", job.get("public") is True)
        for job in old
    ]
    _print_created([jobs.create(job) for job in made], as_json)


def cancel_jobs(store: DataStore, words: Sequence[str], as_json: bool) -> bool:
    """Ends jobs, and waits until they have ended.

    Args:
        store: The backend.
        words: Which. All of them are looked for first: if one is unknown, none is cancelled.
        as_json: An array of the documents.

    Returns:
        Whether all are cancelled.

    Raises:
        NoSuchJob: A word stands for none, or for several.
        MarcelleError: What the backend or the line raised.
    """
    jobs = [find_job(store, word) for word in words]
    for job in jobs:
        _cancel(store, job)
    ended = [_end_of(store, job["_id"]) for job in jobs]
    if as_json:
        print_json(ended)
    else:
        out = console()
        for job in ended:
            line(out, cell(job["_id"]), "  ", state(job), "  ", cell(job.get("message") or ""))
    going_on = [str(job["_id"]) for job in ended if job.get("state") not in _ENDED]
    if going_on:
        messages().print(Text(f"not ended yet: {', '.join(going_on)}; no server that is listening has them"))
    return all(job.get("state") == JobState.CANCELLED.value for job in ended)


def _cancel(store: DataStore, job: Document) -> None:
    if job.get("state") in _ENDED:
        return
    if not cancel_waiting(store.service(JOBS), job["_id"], f"command:{uuid.uuid4()}"):
        store.service(COMMANDS).create(new_command(job, "cancel"))


def _end_of(store: DataStore, job: str) -> Document:
    """The job's document when it has ended, or when nobody ends it."""
    over = time.monotonic() + _PATIENCE
    while True:
        document = store.service(JOBS).get(job)
        if document.get("state") in _ENDED or time.monotonic() > over:
            return document
        time.sleep(_PAUSE)


def _fitting(documents: Sequence[Document], params: Document) -> Document:
    """The parameters, if one of the servers takes them."""
    refusals = []
    for document in documents:
        try:
            return checked(document["params"], params)
        except InvalidData as refusal:
            refusals.append(refusal)
    raise refusals[0]


def _print_created(jobs: Sequence[Document], as_json: bool) -> None:
    if as_json:
        print_json(jobs)
        return
    for job in jobs:
        print(job["_id"])
