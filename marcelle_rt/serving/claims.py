"""Who owns a job: a document's `worker`, which changes hands in one call.

The query lets those in who find what must be, or are the owner already. So it can be repeated when its answer was lost;
the document matches still after the change, without which NeDB sends no event; and who comes late gets `NotFound`, or
on MongoDB the winner's document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..client.service import Service
from ..errors import NotFound
from .documents import JobState, losses_of

Document = dict[str, Any]

_MOST_SERVERS = 10  # attempts that end with their servers; so many, and the job is what ends them

_NO_PROGRESS = {"fraction": None, "text": ""}


def take(jobs: Service, job: str, must_be: Mapping[str, Any], me: str, **changes: Any) -> Document | None:
    """Makes a job somebody's.

    Args:
        jobs: The service.
        job: The job's `_id`.
        must_be: What its document has.
        me: The new owner.
        **changes: What else changes with it.

    Returns:
        The job's document, or `None` where it was no longer as it must be.

    Raises:
        MarcelleError: What the backend or the line raised; the same call can be made again.
    """
    query = {"$or": [dict(must_be), {"worker": me}]}
    try:
        document: Document = jobs.patch(job, {**changes, "worker": me}, {"query": query})
    except NotFound:
        return None
    return document if document.get("worker") == me else None


def claim(jobs: Service, job: str, attempt: int, me: str) -> Document | None:
    """Claims an attempt of a job; each attempt is claimed once.

    Args:
        jobs: The service.
        job: The job's `_id`.
        attempt: Which attempt, from 1.
        me: Who claims.

    Returns:
        The job's document, or `None` where the attempt was another's, or the job is not waiting.
    """
    fresh = {"progress": _NO_PROGRESS, "message": "", "traceback": "", "runId": None}
    must_be = {"state": JobState.QUEUED.value, "attempt": attempt - 1}
    return take(jobs, job, must_be, me, state=JobState.CLAIMED.value, attempt=attempt, beat=0, **fresh)


def cancel_waiting(jobs: Service, job: str, me: str) -> bool:
    """Cancels a job that nobody has begun.

    Args:
        jobs: The service.
        job: The job's `_id`.
        me: Who cancels.

    Returns:
        Whether it was still waiting.
    """
    changes = {"state": JobState.CANCELLED.value, "message": "cancelled before it began"}
    return take(jobs, job, {"state": JobState.QUEUED.value}, me, **changes) is not None


def again(reason: str) -> Document:
    """The fields of a job that waits again.

    Args:
        reason: Why it does not go on, for people.
    """
    message = f"{reason}; it is to be started again"
    return {"state": JobState.QUEUED.value, "progress": _NO_PROGRESS, "message": message}


def stopped_too_late(reason: str) -> str:
    """What is said of a job that was asked to stop, and lost its worker before it did.

    Args:
        reason: What became of the worker, for people.
    """
    return f"it was asked to stop, and {reason} before it did"


def after_loss(job: Mapping[str, Any], retries: int, reason: str, *, own: bool) -> Document:
    """What becomes of a job whose worker was lost.

    Args:
        job: Its document, as of the attempt that was lost.
        retries: How often the job is started again that has lost its own worker.
        reason: What became of the worker, for people.
        own: Whether its own worker alone was lost. Where its server was lost, too, the job may have nothing to do with
            it: then it is started again, unless that happens all the time.

    Returns:
        The fields of its document.
    """
    if job["state"] == JobState.STOPPING.value:  # nobody wants it to go on
        return {"state": JobState.CANCELLED.value, "message": stopped_too_late(reason)}
    attempt, before = job["attempt"], losses_of(job)
    losses = before + own
    if losses <= retries if own else attempt - before <= retries + _MOST_SERVERS:
        return {**again(reason), "losses": losses}
    times = "" if attempt == 1 else f" (attempt {attempt})"
    return {"state": JobState.ERROR.value, "message": f"{reason}{times}", "losses": losses}
