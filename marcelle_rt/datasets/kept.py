"""What datasets and predictions have in common: a name, and the service of a backend that they are kept in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ..cards import card
from ..client.data_store import DataStore
from ..errors import Forbidden, MethodNotAllowed, NotFound
from . import naming

if TYPE_CHECKING:
    from ..client.service import Service

K = TypeVar("K", bound="Kept")


class Kept:
    """What is kept under a name; `Dataset` and `Predictions` say what the arguments are.

    Args:
        kind: `naming.INSTANCES` or `naming.PREDICTIONS`.
        store: A store of the user's, which stays open, or what one is made of.
        name: The name that a page gives it.
    """

    def __init__(self, kind: str, store: DataStore | str | None, name: str) -> None:
        service = naming.service_name(kind, name)
        self.name = name
        self._owns_store = not isinstance(store, DataStore)
        self._store = store if isinstance(store, DataStore) else DataStore(store)
        self._service: Service = self._store.service(service)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._store.location!r}, {self.name!r})"

    def _repr_html_(self) -> str:
        return card(f"{type(self).__name__} {self.name}", {"backend": self._store.location})

    def _remove_all(self, query: Mapping[str, Any]) -> int:
        """Removes the documents that a query finds, and returns how many there were.

        Args:
            query: Which, and in `$select` what a page needs of each to take it away.
        """
        try:
            return len(self._service.remove(None, {"query": query}))
        except (Forbidden, MethodNotAllowed):  # where users sign in, a backend may take one at a time alone
            ids = [document["_id"] for document in self._service.items({**query, "$select": ["_id"]})]
            for identity in ids:
                with suppress(NotFound):  # somebody else has just removed it
                    self._service.remove(identity)
            return len(ids)

    def close(self) -> None:
        """Lets go of the connection, where it was made here."""
        if self._owns_store:
            self._store.close()

    def __enter__(self: K) -> K:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
