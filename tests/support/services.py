"""Services that no other test uses, on either kind of server, or that are emptied for the next one."""

from __future__ import annotations

from uuid import uuid4

import pytest

from marcelle_rt import DataStore
from marcelle_rt.runs.document.commands import COMMANDS
from marcelle_rt.runs.document.events import HEARTBEATS, SERVICES
from marcelle_rt.runs.remote.run_documents import ASSETS, MODEL_SERVICES
from marcelle_rt.serving.documents import JOBS, REQUESTS, TASKS


def url_of(request: pytest.FixtureRequest) -> str:
    """The URL of the server that a fixture's parameter names."""
    running = request.getfixturevalue(request.param)
    return running if isinstance(running, str) else str(running.url)


def fresh_name(kind: str = "things") -> str:
    """The name of a service that no other test uses."""
    return f"{kind}-{uuid4().hex[:12]}"


def key(document: dict) -> object:
    """A document's id, in whichever field that server keeps it."""
    return document["_id"] if "_id" in document else document["id"]


def empty(url: str) -> None:
    """Removes all runs, what lies beside them, models, and what pages and servers say to each other on a backend."""
    with DataStore(url) as store:
        for service in ("runs", *SERVICES, HEARTBEATS, COMMANDS, ASSETS, *MODEL_SERVICES, JOBS, REQUESTS, TASKS):
            store.service(service).remove(None)
