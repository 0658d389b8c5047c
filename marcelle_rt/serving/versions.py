"""Several servers may have a task of one name in different versions; a job goes to one that takes its parameters."""

from __future__ import annotations

from typing import Any

from ..client.data_store import DataStore
from .documents import TASKS
from .parameters import checked


def another_takes(store: DataStore, job: dict[str, Any], me: str) -> bool:
    """Whether another server that is there takes the parameters of a job, which this one would refuse.

    Args:
        store: The backend.
        job: The job's document.
        me: This server's own id.

    Raises:
        MarcelleError: What the backend or the line raised.
    """
    for task in store.service(TASKS).items({"task": job["task"]}):
        if task.get("server") == me or not task.get("trains"):
            continue
        try:
            checked(task.get("params") or [], job.get("params") or {})
        except Exception:  # they don't fit; or the document, which anybody can write, is not a server's
            continue
        return True
    return False
