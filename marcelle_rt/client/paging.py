"""Reads all documents that a query finds, page by page, each once, though others write meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from .call import Call

Document = dict[str, Any]

_FIRST_PAGE = 100  # documents, until we know how large they are
_LARGEST_PAGE = 1000  # documents; a server that allows less gives less, and says so
_PAGE_SIZE = 4_000_000  # characters that a page should have, so that neither side holds much at a time


def identity(document: Mapping[str, Any]) -> Any:
    """A document's id: `_id`, or `id` as Feathers' memory service has it; `None` if it has neither."""
    return document["_id"] if "_id" in document else document.get("id")


class Asks(Protocol):
    """Sends a call and gives the handle of its answer (`Session`)."""

    def call_async(self, method: str, service: str, *args: Any) -> Call:
        """Calls a service's method."""
        ...


class Pages:
    """An iterable over all documents that a query finds; for one pass.

    The next page is asked for before this one is given out. There are two ways to go on from a page:

    - *By key*: sorted by `_id`, those greater than the last. Nothing that others write moves anything.
    - *By place*: by `$skip`, where the user sorts, or where by key there are fewer than the server counts
      (MongoDB finds no ObjectId greater than a string, and says nothing). The last document is asked for
      again; if something else is in its place, documents went away before it, and we step back.

    Args:
        backend: Whom to ask.
        service: The service's name.
        query: Feathers' query. Its `$sort`, `$limit`, `$skip` and `$select` hold for the whole.
    """

    def __init__(self, backend: Asks, service: str, query: Mapping[str, Any]) -> None:
        self._backend = backend
        self._service = service
        self._query = dict(query)
        self._left: float = self._query.pop("$limit", math.inf)
        self._first: int = self._query.pop("$skip", 0)
        sort = self._query.get("$sort") or {}
        self._by_key_works = not sort and "_id" not in self._query
        self._query["$sort"] = sort if "_id" in sort else {**sort, "_id": 1}
        select = self._query.get("$select")
        self._hide_id = select is not None and "_id" not in select
        if select is not None and self._hide_id:
            self._query["$select"] = [*select, "_id"]
        self._seen: set[Any] = set()
        self._size = _FIRST_PAGE
        self._asked: Call | None = None

    def __iter__(self) -> Iterator[Document]:
        try:
            yield from self._read()
        finally:
            if self._asked is not None:
                self._asked.cancel()

    def _read(self) -> Iterator[Document]:
        if self._left <= 0:
            return
        self._ask({"$skip": self._first}, self._left)
        page = self._answer()
        if isinstance(page, list):  # a service that doesn't page
            yield from self._give(page)
            return
        place = self._first
        if self._by_key_works and page["data"] and "_id" in page["data"][0]:
            found = page["total"] - self._first
            yield from self._by_key(page)
            if self._left <= 0 or len(self._seen) >= found:
                return
            place += len(self._seen) - 1
            self._ask({"$skip": place}, self._left + 1)
            page = self._answer()
        yield from self._by_place(place, page)

    def _by_key(self, page: Document) -> Iterator[Document]:
        before = self._first  # a total counts what was skipped, and then what was already seen no more
        while (documents := page["data"]) and not self._known(documents):
            left = self._left - len(documents)
            more = page["total"] - before > len(documents) and left > 0
            if more:
                self._ask({"_id": {"$gt": documents[-1]["_id"]}}, left)
            yield from self._give(documents)
            if not more:
                return
            page, before = self._answer(), 0

    def _by_place(self, place: int, page: Document) -> Iterator[Document]:
        while True:
            documents = page["data"]
            left = self._left - sum(identity(document) not in self._seen for document in documents)
            if place > self._first and page.get("limit", 2) > 1 and not self._known(documents):
                documents, left = [], self._left
                more, following = True, max(self._first, place - self._size)
            else:
                overlap = len(documents) > 1 and identity(documents[0]) is not None
                following = place + len(documents) - overlap
                more = page["total"] > place + len(documents) > place and left > 0
            if more:
                self._ask({"$skip": following}, left + 1)
            yield from self._give(documents)
            if not more:
                return
            place, page = following, self._answer()

    def _ask(self, addition: Document, most: float) -> None:
        query = {**self._query, **addition, "$limit": int(min(self._size, most))}
        self._asked = self._backend.call_async("find", self._service, query)

    def _answer(self) -> Any:
        assert self._asked is not None
        answer = self._asked.page()
        size, self._asked = self._asked.size, None
        if isinstance(answer, dict) and answer["data"]:
            fitting = _PAGE_SIZE * len(answer["data"]) // max(1, size)
            self._size = max(2, min(_LARGEST_PAGE, fitting))
        return answer

    def _known(self, documents: list[Document]) -> bool:
        return bool(documents) and (identity(documents[0]) is None or identity(documents[0]) in self._seen)

    def _give(self, documents: list[Document]) -> Iterator[Document]:
        for document in documents:
            key = identity(document)
            if key is not None and key in self._seen:
                continue
            if self._left <= 0:
                return
            self._left -= 1
            self._seen.add(key)
            if self._hide_id:
                document.pop("_id", None)
            yield document
