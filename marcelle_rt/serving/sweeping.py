"""Takes away what others have left behind: requests and commands to jobs that were answered when who asked had gone,
and the presence of servers that are dead.
"""

from __future__ import annotations

import contextlib
from typing import Any

from ..errors import NotFound
from ..runs.document.commands import COMMANDS, State
from .definition import Definition
from .documents import REQUESTS, TASKS, RequestState
from .presence import names_of

PAUSE = 60.0
"""Seconds between two sweeps: what stands still from one to the next is nobody's any more."""

_MOST = 200  # documents in one sweep


class Sweep:
    """Removes what has not changed since it was seen the last time.

    Args:
        definition: The server's.
        server: The server's own id.
    """

    def __init__(self, definition: Definition, server: str) -> None:
        self._server = server
        answered = [RequestState.ANSWERED.value, RequestState.ERROR.value]
        requests = {"task": {"$in": names_of(definition)}, "state": {"$in": answered}, "$select": ["_id", "state"]}
        over = [State.DONE.value, State.REFUSED.value]  # those of runs are their writers' to remove
        commands = {"runId": None, "state": {"$in": over}, "$select": ["_id", "state"]}
        self._places: list[tuple[str, dict[str, Any]]] = [(REQUESTS, requests), (COMMANDS, commands), (TASKS, {})]
        self._store = definition.store
        self._seen: set[tuple[str, str, Any]] = set()

    def sweep(self) -> None:
        """Looks once.

        Raises:
            MarcelleError: What the backend or the line raised.
        """
        now: set[tuple[str, str, Any]] = set()
        for name, query in self._places:
            service = self._store.service(name)
            for document in service.first(query, _MOST):
                if not isinstance(document["_id"], str):
                    continue  # nobody's of ours
                sign = (name, document["_id"], repr(document.get("beat")))
                if document.get("server") == self._server and name == TASKS:
                    continue
                if sign not in self._seen:
                    now.add(sign)
                    continue
                with contextlib.suppress(NotFound):
                    service.remove(document["_id"])
        self._seen = now
