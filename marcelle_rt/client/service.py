"""`Service`: the documents of one kind on a backend, and what happens to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, TypeVar, overload

from .. import values
from ..cards import card
from ..config import backend_location
from ..errors import InvalidData
from . import answers
from .paging import Document, Pages
from .session import Session
from .watch import Watch

F = TypeVar("F", bound=Callable[..., object])

Id = str | int | None

NOTHING: Mapping[str, Any] = MappingProxyType({})

_EVENTS = ("created", "updated", "patched", "removed")


class Service:
    """The documents of one kind on a backend, with Feathers' methods.

    A method's `params` are Feathers': a mapping whose `query` filters, sorts and pages. Values are checked
    before they are sent: arrays and dates become JSON, NaN and infinities become null, and what a server
    would answer by closing the connection raises here.

    Each method that talks to the backend raises `BackendUnreachable` (nothing was sent), `ConnectionLost`
    (a write was sent and its fate is unknown; reads are repeated by themselves), `CallTimeout`,
    `InvalidData`, `PayloadTooLarge`, or the `FeathersError` that the server answered.

    Args:
        location: The service's URL, for example `http://localhost:3030/runs`.
        session: The session that it works in; `None` makes one, which `close` ends.

    Raises:
        InvalidData: The location is not a URL, or does not end in a service's name.
    """

    def __init__(self, location: str, *, session: Session | None = None) -> None:
        self.location: str = backend_location(location)
        self.name: str
        base, _, self.name = self.location.rpartition("/")
        if base.endswith("/"):
            raise InvalidData("location", location, f"names no service; use for example '{location}/runs'")
        check_name(self.name)
        self._owns_session = session is None
        self._session = Session(base) if session is None else session

    def __repr__(self) -> str:
        return f"Service({self.location!r})"

    def _repr_html_(self) -> str:
        return card(f"Service {self.name}", {"backend": self._session.location, "status": self._session.status})

    def close(self) -> None:
        """Ends the session that this service made for itself; does nothing for one from `DataStore.service`."""
        if self._owns_session:
            self._session.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # Feathers' methods

    def find(self, params: Mapping[str, Any] = NOTHING) -> Any:
        """Retrieves the documents that a query finds, or one page of them.

        Args:
            params: `{"query": {...}}`.

        Returns:
            `{"total", "limit", "skip", "data"}`, or a list from a service that doesn't page.
        """
        return self._call("find", _query(params))

    def get(self, id: Id, params: Mapping[str, Any] = NOTHING) -> Document:
        """Retrieves the document of an id.

        Raises:
            NotFound: There is none.
        """
        answer: Document = self._call("get", _id(id), _query(params))
        return answer

    def create(self, data: Any, params: Mapping[str, Any] = NOTHING) -> Any:
        """Creates a document, or one for each of a list.

        Args:
            data: The document or the list.
            params: `{"query": {...}}`.

        Returns:
            What was stored, with its `_id`; a list for a list.
        """
        return self._call("create", values.to_wire(data), _query(params))

    def update(self, id: Id, data: Mapping[str, Any], params: Mapping[str, Any] = NOTHING) -> Any:
        """Replaces a document.

        Args:
            id: Its id; `None` for all that the query finds, where the service allows it.
            data: The whole new document.
            params: `{"query": {...}}`.

        Returns:
            The new document.
        """
        return self._call("update", _id(id), values.to_wire(data), _query(params))

    def patch(self, id: Id, data: Mapping[str, Any], params: Mapping[str, Any] = NOTHING) -> Any:
        """Changes parts of a document.

        Args:
            id: Its id; `None` for all that the query finds.
            data: The parts. Dotted keys (`"logs.loss.7"`) and operators (`"$push"`) are passed on, for
                databases that know them.
            params: `{"query": {...}}`.

        Returns:
            The whole document after the change; a list for `None`.
        """
        return self._call("patch", _id(id), values.to_wire(data, operators=True), _query(params))

    def remove(self, id: Id, params: Mapping[str, Any] = NOTHING) -> Any:
        """Removes a document.

        Args:
            id: Its id; `None` for all that the query finds.
            params: `{"query": {...}}`.

        Returns:
            What was removed; a list for `None`.
        """
        return self._call("remove", _id(id), _query(params))

    # Reading many

    def items(self, query: Mapping[str, Any] = NOTHING) -> Iterator[Document]:
        """Iterates over all documents that a query finds, each once, even while others write.

        Pages are read as needed, the next one while this one is in use.

        Args:
            query: Feathers' query itself; `$sort`, `$limit`, `$skip` and `$select` apply to the whole.

        Yields:
            The documents; without `$sort` in the order of their ids.
        """
        return iter(Pages(self._session, self.name, _checked(query, "query")))

    def first(self, query: Mapping[str, Any], most: int) -> list[Document]:
        """The first documents that a query finds, in the order of its `$sort`, read at once.

        Args:
            query: Feathers' query itself.
            most: How many at most; a server may give fewer at a time.
        """
        found = answers.documents(self.find({"query": {**query, "$limit": most}}))
        return found[:most]  # a service that doesn't page gives all

    def count(self, query: Mapping[str, Any] = NOTHING) -> int:
        """The number of documents that a query finds."""
        filters = {key: value for key, value in query.items() if key not in ("$limit", "$skip", "$sort")}
        answer = answers.page(
            self.find({"query": {**filters, "$limit": 0}}), self._session.location, f"{self.name}.find"
        )
        if isinstance(answer, list):  # a service that doesn't page, and so doesn't count
            return len(self.find({"query": filters}))
        total: int = answer["total"]
        return total

    def to_pandas(self, query: Mapping[str, Any] = NOTHING) -> Any:
        """All documents that a query finds as a `pandas.DataFrame`, one row per document and one column per field.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_pandas needs pandas: pip install 'marcelle-rt[pandas]'") from error
        return pd.DataFrame.from_records(list(self.items(query)))

    def _call(self, method: str, *args: Any) -> Any:
        return self._session.documents(method, self.name, *args)

    # Events

    @overload
    def on(self, event: str, f: F) -> F: ...
    @overload
    def on(self, event: str, f: None = None) -> Callable[[F], F]: ...
    def on(self, event: str, f: F | None = None) -> Any:
        """Calls `f` with each document that is created, updated, patched or removed; also a decorator.

        It connects, so nothing that happens afterwards is missed, except while the connection is down: for that
        there is `watch`.

        Args:
            event: `"created"`, `"updated"`, `"patched"` or `"removed"`.
            f: The handler. Handlers run one after the other on their own thread and may call services.

        Returns:
            `f`, or a decorator.

        Raises:
            InvalidData: There is no such event, or `f` is an async function.
            BackendUnreachable: There is no connection; the handler is not kept.
        """
        if f is None:
            return lambda function: self.on(event, function)
        self._on(event, f, once=False)
        return f

    def once(self, event: str, f: Callable[[Document], object]) -> None:
        """As `on`, for the next event alone."""
        self._on(event, f, once=True)

    def off(self, event: str, f: Callable[..., object] | None = None) -> None:
        """Takes a handler away.

        Args:
            event: As given to `on`.
            f: The handler; `None` for all that this service's session has for the event.
        """
        self._session.off(self._event(event), f)

    def watch(self, query: Mapping[str, Any] = NOTHING, timeout: float | None = None) -> Watch:
        """A view of a query: the documents that match, then each change, without gaps.

        Unlike `on` it also gives what happened while the connection was down.

        Args:
            query: Filters; no `$sort`, `$limit`, `$skip` or `$select`.
            timeout: Seconds after which the iteration ends if nothing came; `None` waits forever.

        Returns:
            An iterator of `Change(kind, document)`, with `kind` one of `"initial"`, `"added"`, `"changed"`
            and `"removed"`. It can be closed, and be used in a `with`.

        Raises:
            InvalidData: The query has something that only the server can judge by.
        """
        return Watch(self._session, self.name, _checked(query, "query"), timeout)

    def _on(self, event: str, f: Callable[..., object], once: bool) -> None:
        name = self._event(event)
        self._session.connect()
        self._session.on(name, f, once=once)

    def _event(self, event: str) -> str:
        if event not in _EVENTS:
            raise InvalidData("event", event, f"is not one of {', '.join(_EVENTS)}")
        return f"{self.name} {event}"


def check_name(name: str) -> str:
    """Returns a service's name, without slashes around it, as Feathers takes it.

    Raises:
        InvalidData: It can't be one.
    """
    if not isinstance(name, str) or not name.strip(" /"):
        raise InvalidData("service", name, "is not the name of a service; use for example 'runs'")
    name = name.strip("/")
    if bad := next((c for c in name if c in '/\\"?#' or not c.isprintable()), None):
        raise InvalidData("service", name, f"can't be the name of a service: it contains {bad!r}")
    return name


def _query(params: Mapping[str, Any]) -> Document:
    for key in params or ():
        if key != "query":
            raise InvalidData(f"params.{key}", params[key], "can't be sent to the server; put filters in `query`")
    return _checked((params or NOTHING).get("query") or NOTHING, "params.query")


def _checked(query: Mapping[str, Any], path: str) -> Document:
    checked: Document = values.to_wire(query, path, operators=True) if query else {}
    return checked


def _id(id: Id) -> Any:
    if id is None or type(id) is str:
        return id
    plain = values.to_wire(id, "id")
    if isinstance(plain, bool) or not isinstance(plain, (str, int)):
        raise InvalidData("id", id, "is not an id; ids are strings or integers, and `None` stands for all")
    return plain
