"""The way to one backend: which store, by socket or by REST, and how much a message may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ...client.data_store import DataStore
from ...client.service import NOTHING, Service
from ...client.services import Services
from ...errors import InvalidAnswer, NotFound
from ...values import REST_LIMIT, SOCKET_LIMIT
from ..document.events import FILES

_ROOM = 100_000  # bytes that are left for what the frame adds to a message
_REST_ROOM = 10_000  # and for what the request adds


class Link:
    """One backend as runs reach it.

    Attributes:
        store: The backend's store.
        save_format: The format of the models that go there.
        public: Whether what is created there is seen by users who sign in as somebody else.
    """

    def __init__(
        self, backend_root: str | DataStore | None = None, save_format: str = "tfjs", *, public: bool = False
    ) -> None:
        """Prepares a link; it connects at its first use.

        Args:
            backend_root: The backend's URL, or a store that `close` then leaves open. `$MARCELLE_BACKEND` or
                `http://localhost:3030` if `None`.
            save_format: The format of the models that go there.
            public: Let users see what is created who sign in as somebody else.

        Raises:
            InvalidData: For what is not a URL.
        """
        self.public = public
        self._owns_store = not isinstance(backend_root, DataStore)
        self.store: DataStore = backend_root if isinstance(backend_root, DataStore) else DataStore(backend_root)
        self.save_format = save_format
        self._rest_store: Services | None = None

    def __getstate__(self) -> dict[str, Any]:
        """A copy (`copy.deepcopy`, `pickle`) goes by socket, over a copy of the store."""
        return {**self.__dict__, "_rest_store": None}

    @property
    def location(self) -> str:
        """The backend's URL."""
        return self.store.location

    @property
    def way(self) -> Services:
        """The store that calls go over: by socket, or by REST."""
        return self._rest_store or self.store

    def go_by(self, rest: Services | None) -> None:
        """Lets calls go by REST, over that store, or by socket again.

        Args:
            rest: What `store.by_rest()` gives; it stays its owner's.
        """
        self._rest_store = rest

    @property
    def message_limit(self) -> int:
        """The most bytes in one message about a run; what the frame or request adds has room above it."""
        by_socket = self._rest_store is None and not self.store.session.lacks_socket
        return SOCKET_LIMIT - _ROOM if by_socket else REST_LIMIT - _REST_ROOM

    @property
    def is_ready(self) -> bool:
        """Whether a call would go out at once."""
        return self.way.status == "connected" or self.way.session.lacks_socket

    def service(self, name: str) -> Service:
        """A service of the backend, by the way that calls go now."""
        known = self.way.service(name)
        return _Public(known.location, session=self.way.session) if self.public else known

    def call(self, method: str, service: str, *args: Any) -> Any:
        """Calls a service's method with what is clean already, and gives the answer as it came.

        A `Service` would clean it again for each epoch, and check an answer that `checked_document` checks.
        """
        return self.way.session.call(method, service, *args)

    def has(self, service: str, identity: str | int) -> bool:
        """Whether a service of the backend has a document of that `_id`."""
        try:
            self.service(service).get(identity, {"query": {"$select": ["_id"]}})
        except NotFound:
            return False
        return True

    def close(self) -> None:
        """Lets go of the connection."""
        if self._owns_store:
            self.store.close()


class _Public(Service):
    """A service whose documents are created for the eyes of all users."""

    def create(self, data: Any, params: Mapping[str, Any] = NOTHING) -> Any:
        """Creates documents, each public."""
        shown = [{**each, "public": True} for each in data] if isinstance(data, list) else {**data, "public": True}
        return super().create(shown, params)


def checked_document(document: Any, location: str) -> dict[str, Any]:
    """Returns what a backend gave as the document of a run, a model or an asset, if it can be one.

    Args:
        document: What came.
        location: Where from.

    Raises:
        InvalidAnswer: It lacks an `_id`, or one of its parts is of another kind than in every such document.
    """
    if not _is_document(document):
        raise InvalidAnswer(location, "a call about runs", "holds a document of another shape")
    if not isinstance(document.get("rev"), str | None):
        document["rev"] = None  # somebody's own; a copy that is brought level gets ours
    return cast("dict[str, Any]", document)


def _is_document(document: Any) -> bool:
    # Plain loops: this is asked of each answer, and generators take twice as long.
    if not isinstance(document, dict) or not isinstance(document.get("_id"), str | int):
        return False
    for name in ("name", "basename", "key", "origin"):
        if not isinstance(document.get(name), str | None):
            return False
    for name in FILES.values():
        if (entries := document.get(name)) and not _are_entries(entries):
            return False
    return isinstance(document.get("metadata", {}), Mapping)


def _are_entries(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(entry, Mapping) and isinstance(entry.get("metadata", {}), Mapping) for entry in value
    )
