"""Services that no other test uses, on either kind of server."""

from __future__ import annotations

from uuid import uuid4

import pytest


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
