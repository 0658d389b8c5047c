"""What lies beside a run, in services of its own: alerts, system metrics, heartbeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..client.data_store import DataStore
from ..errors import Forbidden, MethodNotAllowed, NotFound
from ..runs.document.events import ALERTS, HEARTBEATS, SYSTEM

__all__ = ["ALERTS", "HEARTBEATS", "SYSTEM", "newest", "of_runs"]

_IDS_AT_ONCE = 500  # in one query, far under the limit of a message


def of_runs(store: DataStore, service: str, run_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The documents of several runs, by the run's `_id`, the oldest first.

    A service that the backend does not have, or does not let in, has none.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for first in range(0, len(run_ids), _IDS_AT_ONCE):
        query = {"runId": {"$in": list(run_ids[first : first + _IDS_AT_ONCE])}}
        try:
            for document in store.service(service).items({**query, "$sort": {"time": 1}}):
                found.setdefault(document["runId"], []).append(document)
        except (NotFound, Forbidden, MethodNotAllowed):
            return {}
    return found


def newest(store: DataStore, service: str, run_id: str) -> dict[str, Any] | None:
    """The newest document of one run; `None` if there is none."""
    try:
        return next(iter(store.service(service).first({"runId": run_id, "$sort": {"time": -1}}, 1)), None)
    except (NotFound, Forbidden, MethodNotAllowed):
        return None
