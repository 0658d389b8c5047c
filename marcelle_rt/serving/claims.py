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
from .documents import JobState

Document = dict[str, Any]

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


def after_loss(attempt: int, retries: int, reason: str) -> Document:
    """What becomes of a job whose worker was lost.

    Args:
        attempt: The attempt that was lost.
        retries: How often the job is started again.
        reason: What became of the worker, for people.

    Returns:
        The fields of its document.
    """
    if attempt <= retries:
        return again(reason)
    times = "" if attempt == 1 else f" (attempt {attempt})"
    return {"state": JobState.ERROR.value, "message": f"{reason}{times}"}
