"""A backend in memory that holds commands, and tells of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from marcelle_rt.runs.document.commands import COMMANDS
from tests.runs.sync.memory_link import MemoryLink, MemoryService


class Backend(MemoryLink):
    """A backend in memory that holds commands, and tells of them."""

    is_ready = True

    def on(self, event: str, function: Callable[..., Any], *, background: bool = False) -> None:
        self.happen("on", event)
        self.listening[event] = function

    def service(self, name: str) -> Any:
        return CommandService(self, name)

    def asked(self, name: str, run_id: str = "r", **fields: Any) -> dict[str, Any]:
        """Stores a command, and returns it."""
        document = {"_id": name, "runId": run_id, "command": "stop", "params": {}, "state": "sent", **fields}
        self.services.setdefault(COMMANDS, {})[name] = document
        return dict(document)

    def states(self) -> dict[str, Any]:
        return {name: document["state"] for name, document in self.services.get(COMMANDS, {}).items()}

    def message(self, name: str) -> Any:
        return self.services[COMMANDS][name]["message"]


class CommandService(MemoryService):
    """The service of commands: it sorts, and removes many, too."""

    def first(self, query: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
        found = super().first(query, 1_000_000)
        for key, direction in query.get("$sort", {}).items():
            found.sort(key=lambda document: document.get(key, 0), reverse=direction != 1)
        return found[:most]

    def remove(self, id: Any, params: Mapping[str, Any] = {}) -> Any:
        if id is not None:
            return super().remove(id)
        self._link.happen("remove all", self.name)
        state = params["query"]["state"]["$in"]
        for name, document in list(self._documents.items()):
            if document["runId"] == params["query"]["runId"] and document["state"] in state:
                del self._documents[name]
        return []
