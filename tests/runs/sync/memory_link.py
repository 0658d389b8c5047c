"""A backend in memory, for tests of how runs are brought level: no server, no line, no clock of its own."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from marcelle_rt.config import Login
from marcelle_rt.errors import Conflict, NotFound
from marcelle_rt.runs.remote.link import Link

Document = dict[str, Any]


class MemoryLink(Link):
    """A `Link` to documents in memory, which fails when it is told to.

    Attributes:
        services: The documents of each service, by their `_id`.
        calls: What was called: method and service.
        faults: Raised by the next calls of a method and a service, the first one first. What stands behind `after:` is
            raised when the call was carried out, as where an answer is lost.
        key: The backend, and who signs in there, as a store has it.
        meanwhile: Called once, after the next patch was carried out.
    """

    def __init__(self, *, limit: int = 900_000, places: bool = True, drops: tuple[str, ...] = ()) -> None:
        self.save_format = "tfjs"
        self.store = self  # type: ignore[assignment]
        self.session = self
        self.status = "connected"
        self.lacks_socket = False
        self.key = ("memory", Login())
        self.timeout = 1.0
        self.services: dict[str, dict[str, Document]] = {}
        self.calls: list[tuple[str, str]] = []
        self.faults: dict[str, list[Exception]] = {}
        self.meanwhile: Callable[[], None] | None = None
        self.listening: dict[str, Callable[[Any], None]] = {}
        self.uploaded: list[str] = []
        self.is_closed = False
        self._limit = limit
        self._places = places
        self._drops = drops

    # As a link.

    @property
    def location(self) -> str:
        return "memory"

    @property
    def way(self) -> Any:
        return self

    @property
    def message_limit(self) -> int:
        return self._limit

    def service(self, name: str) -> Any:
        return MemoryService(self, name)

    def call(self, method: str, service: str, *args: Any) -> Any:
        if method == "patch":
            run_id, data, query = args
            return self.service(service).patch(run_id, data, {"query": query})
        return getattr(self.service(service), method)(*args)

    def close(self) -> None:
        self.is_closed = True

    # As a session.

    def connect(self) -> None:
        self.happen("connect", "")

    def on(self, event: str, function: Callable[[Any], None], *, background: bool) -> None:
        assert background is True  # else a flood could not take the socket away
        self.listening[event] = function

    def off(self, event: str, function: Callable[[Any], None]) -> None:
        assert self.listening.pop(event, function) == function  # without one all handlers of the session would go

    def call_async(self, method: str, service: str, *args: Any) -> None:
        self.service(service).remove(args[0])

    # For tests.

    def happen(self, method: str, service: str, *, after: bool = False) -> None:
        if not after:
            self.calls.append((method, service))
        waiting = self.faults.get(f"{'after:' if after else ''}{method} {service}".strip())
        if waiting:
            raise waiting.pop(0)

    def run(self) -> Document:
        """The only run."""
        (run,) = self.services["runs"].values()
        return run

    def patches(self) -> int:
        """How many patches of runs came."""
        return self.calls.count(("patch", "runs"))


class MemoryService:
    """One service of it."""

    def __init__(self, link: MemoryLink, name: str) -> None:
        self.name = name
        self.location = link.location
        self._link = link
        self._documents = link.services.setdefault(name, {})

    def get(self, id: str, params: Mapping[str, Any] = {}) -> Document:
        self._link.happen("get", self.name)
        return copy.deepcopy(self._found(id))

    def first(self, query: Mapping[str, Any], most: int) -> list[Document]:
        self._link.happen("find", self.name)
        filters = {k: v for k, v in query.items() if not k.startswith("$")}
        return [copy.deepcopy(d) for d in self._documents.values() if matches(d, filters)][:most]

    def items(self, query: Mapping[str, Any] = {}) -> list[Document]:
        return self.first(query, 1_000_000)

    def create(self, data: Mapping[str, Any]) -> Document:
        self._link.happen("create", self.name)
        if data["_id"] in self._documents:
            raise Conflict("it is there")
        self._documents[data["_id"]] = self._kept(data)
        self._link.happen("create", self.name, after=True)
        return copy.deepcopy(self._documents[data["_id"]])

    def patch(self, id: str, data: Mapping[str, Any], params: Mapping[str, Any] = {}) -> Document:
        self._link.happen("patch", self.name)
        document = self._found(id)
        if not matches(document, params.get("query", {})):
            raise NotFound("no such document")
        for key, value in self._kept(data).items():
            self._set(document, key, value)
        if self._link.meanwhile is not None:
            meanwhile, self._link.meanwhile = self._link.meanwhile, None
            meanwhile()
        self._link.happen("patch", self.name, after=True)
        return copy.deepcopy(document)

    def update(self, id: str, data: Mapping[str, Any]) -> Document:
        self._link.happen("update", self.name)
        self._found(id)
        self._documents[id] = {**self._kept(data), "_id": id}
        return copy.deepcopy(self._documents[id])

    def remove(self, id: str) -> Document:
        self._link.happen("remove", self.name)
        self._found(id)
        return self._documents.pop(id)

    def _found(self, id: str) -> Document:
        if id not in self._documents:
            raise NotFound("no such document")
        return self._documents[id]

    def _kept(self, data: Mapping[str, Any]) -> Document:
        return {k: copy.deepcopy(v) for k, v in data.items() if k not in self._link._drops}

    def _set(self, document: Document, key: str, value: Any) -> None:
        if not self._link._places or "." not in key:
            document[key] = value
            return
        *path, last = key.split(".")
        target: Any = document
        for name in path:
            target = target[name] if isinstance(target, list) else target.setdefault(name, {})
        if isinstance(target, list):
            assert int(last) <= len(target), f"{key} is past the end"
            target[int(last) : int(last) + 1] = [value]
        else:
            target[last] = value


def matches(document: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    """Whether a document is one that a query finds."""
    for name, wanted in query.items():
        value = document.get(name)
        if name == "$or":
            if not any(matches(document, part) for part in wanted):
                return False
            continue
        if isinstance(wanted, Mapping):
            if "$lte" in wanted and not (isinstance(value, str) and value <= wanted["$lte"]):
                return False
            if "$in" in wanted and value not in wanted["$in"]:
                return False
        elif value != wanted:
            return False
    return True
