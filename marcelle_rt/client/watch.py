"""A view of a query that has no gaps: what is there, then what changes, also across lost connections."""

from __future__ import annotations

import queue
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..errors import BackendUnreachable
from . import query as queries
from .paging import Document, identity

if TYPE_CHECKING:
    from .data_store import DataStore
    from .service import Service


class Change(NamedTuple):
    """What happened to one document of a view.

    Attributes:
        kind: `"initial"` (there when the view began), `"added"` (created, or matching since now), `"changed"`,
            or `"removed"` (or matching no more).
        document: The document as it is now, or as it was last known.
    """

    kind: Literal["initial", "added", "changed", "removed"]
    document: Document


class Watch(Iterator[Change]):
    """Gives the documents that match a query, then each change, as long as it is iterated.

    After a lost connection everything is read again and what differs is given, so that whoever applies all
    changes has the server's state. What happened twice to one document in between may come as one change.

    Args:
        service: Whose documents.
        query: Filters; no `$sort`, `$limit`, `$skip` or `$select`.
        timeout: Seconds after which the iteration ends if nothing came; iterated again, it goes on. `None`
            waits for ever.

    Raises:
        InvalidData: The query has something that can't be judged by here.
        BackendUnreachable: There is no connection.
    """

    def __init__(self, service: Service, store: DataStore, query: Mapping[str, Any], timeout: float | None) -> None:
        queries.check(query)
        self._service = service
        self._store = store
        self._query = query
        self._timeout = timeout
        self._known: dict[Any, Document] = {}
        self._ready: deque[Change] = deque()
        self._level = False
        self._begun = False
        self._closed = False
        self._news: queue.SimpleQueue[tuple[str, Document]] = queue.SimpleQueue()
        handlers = _handlers(service.name, self._news)
        store.connect()
        for event, function in handlers.items():
            store.connection.events.on(event, function, store)
        # A view that is dropped in the middle of a loop must not go on collecting news.
        self._unsubscribe = weakref.finalize(self, _unsubscribe, store, handlers)
        store.watches.add(self)

    def __next__(self) -> Change:
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        while not self._ready:
            if self._closed:
                raise StopIteration
            if not self._level and self._read_all():
                continue
            try:
                wait = None if deadline is None else max(0.0, deadline - time.monotonic())
                kind, document = self._news.get(timeout=wait)
            except queue.Empty:
                raise StopIteration from None
            if kind == "connected":
                self._level = False
            elif kind != "closed" and self._level:
                self._set(identity(document), document, self._matches(kind, document))
        return self._ready.popleft()

    def close(self) -> None:
        """Ends the iteration, also one that waits on another thread."""
        self._closed = True
        self._unsubscribe()
        self._news.put(("closed", {}))

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _read_all(self) -> bool:
        """Reads what is there and brings the view level with it; `False` if there is no connection for it."""
        try:
            found = {identity(document): document for document in self._service.items(self._query)}
        except BackendUnreachable:
            if self._store.status != "connecting":
                raise
            return False  # "connected" will be among the news
        self._level = True
        # What came while it was read may be older or newer than what was read. Only the last of each
        # document counts: if that is older after all, a newer one is still to come.
        latest: dict[Any, tuple[str, Document]] = {}
        while not self._news.empty():
            kind, document = self._news.get()
            if kind == "connected":
                self._level = False
            elif kind != "closed":
                latest[identity(document)] = kind, document
        for key, (kind, document) in latest.items():
            found.pop(key, None)
            if self._matches(kind, document):
                found[key] = document
        for key in [key for key in self._known if key not in found]:
            self._set(key, self._known[key], False)
        for key, document in found.items():
            self._set(key, document, True)
        self._begun = True
        return True

    def _matches(self, kind: str, document: Document) -> bool:
        return kind != "removed" and queries.matches(document, self._query)

    def _set(self, key: Any, document: Document, present: bool) -> None:
        before = self._known.pop(key, None)
        if present:
            self._known[key] = document
            if before is None:
                self._ready.append(Change("added" if self._begun else "initial", document))
            elif before != document:
                self._ready.append(Change("changed", document))
        elif before is not None:
            self._ready.append(Change("removed", document))


def _handlers(name: str, news: queue.SimpleQueue[tuple[str, Document]]) -> dict[str, Callable[..., object]]:
    """Handlers that know of the queue alone, so that they don't keep a view alive that nobody iterates."""

    def put(kind: str) -> Callable[..., object]:
        return lambda document=None: news.put((kind, document or {}))

    return {
        "connected": put("connected"),
        **{f"{name} {kind}": put(kind) for kind in ("created", "updated", "patched", "removed")},
    }


def _unsubscribe(store: DataStore, handlers: Mapping[str, Callable[..., object]]) -> None:
    if store.status != "closed":
        for event, function in handlers.items():
            store.connection.events.off(event, store, function)
