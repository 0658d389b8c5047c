"""Removes a run from a backend, with all that is its own there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import FeathersError, Forbidden, InvalidData, MarcelleError, MethodNotAllowed, NotFound
from ...notices import Notices, logger
from ..document.commands import COMMANDS
from ..document.events import RUNS, SERVICES
from . import heartbeat
from .link import Link
from .run_documents import ASSETS, MODEL_SERVICES, RunDocuments


def remove_run(link: Link, run_data: Mapping[str, Any]) -> bool:
    """Removes a run with its models and assets; files first, so that a failure leaves the run to try again.

    Args:
        link: The backend.
        run_data: The run; needs `_id`.

    Returns:
        Whether all of it is gone. A warning names what stayed.

    Raises:
        InvalidData: When `_id` is missing.
    """
    run_id = run_data.get("_id")
    if run_id is None:
        raise InvalidData("run_data", dict(run_data), "has no `_id`; take the run from retrieve_run()")
    documents = RunDocuments(link)
    owned = {(ASSETS, asset.get("_id")) for asset in _entries(run_data, "assets")}
    for checkpoint in _entries(run_data, "checkpoints"):
        owned.add((checkpoint.get("service", f"{link.save_format}-models"), checkpoint.get("id")))
    stayed = []
    try:
        for service in (*MODEL_SERVICES, ASSETS):
            owned.update((service, document["_id"]) for document in documents.files_of(service, str(run_id)))
        for service, identity in sorted(owned, key=str):
            if identity is not None and not _removed(link, service, identity):
                stayed.append(f"{service}/{identity}")
        for service in (*SERVICES, COMMANDS):
            stayed += _remove_beside(documents, service, str(run_id))
        status = _status(link, run_id)
        if _removed(link, RUNS, run_id):
            heartbeat.remove(link, str(run_id), status)
        else:
            stayed.append(f"{RUNS}/{run_id}")
    except MarcelleError as error:
        stayed.append(str(error))
    if stayed:
        Notices().warn("remove_run", f"Not all of the run {run_id} was removed: {', '.join(stayed)}")
    return not stayed


def _entries(run_data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A list of a run, without what is not an entry: a run that somebody wrote by hand can be removed, too."""
    entries = run_data.get(name)
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def _status(link: Link, run_id: Any) -> Any:
    """A run's status as the backend has it now; what a caller holds may be from before the run's end."""
    try:
        return link.service(RUNS).get(run_id, {"query": {"$select": ["_id", "status"]}}).get("status")
    except NotFound:
        return None


def _removed(link: Link, service: str, identity: Any) -> bool:
    try:
        link.service(service).remove(identity)
    except NotFound:
        return True
    except FeathersError as error:
        logger.warning("%s/%s could not be removed: %s", service, identity, error)
        return False
    return True


def _remove_beside(documents: RunDocuments, service: str, run_id: str) -> list[str]:
    """Removes a run's documents in a service, in one call where the backend allows that; returns what stayed."""
    try:
        identities = documents.beside(service, run_id)
    except (NotFound, Forbidden, MethodNotAllowed):  # a backend without that service, which took none either
        return []
    if not identities:
        return []
    link = documents.link
    try:
        link.service(service).remove(None, {"query": {"runId": run_id, "$select": ["_id", "runId"]}})
        return []
    except FeathersError:
        return [f"{service}/{identity}" for identity in sorted(identities) if not _removed(link, service, identity)]
