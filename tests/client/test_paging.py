"""Reading everything that a query finds, while others write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from marcelle_rt import DataStore, Service
from marcelle_rt.client.paging import Pages
from tests.support.mongodb.running import OnMongoDB
from tests.support.services import fresh_name, key, url_of

COUNT = 1250  # a page of 100, one of 1,000, and a third

QUERIES: list[dict[str, Any]] = [
    {},
    {"$sort": {"n": -1}},
    {"$sort": {"group": 1}},
    {"$limit": 1150},
    {"$limit": 100},
    {"$limit": 7, "$sort": {"n": 1}},
    {"$limit": 0},
    {"$skip": 1111},
    {"$skip": 17, "$limit": 1190, "$sort": {"n": 1}},
    {"$skip": 5000},
    {"group": 3},
    {"n": {"$gte": 100, "$lt": 1220}, "$sort": {"group": -1, "n": 1}},
    {"$select": ["n"]},
    {"$select": ["n", "_id"], "$sort": {"n": 1}},
    {"$or": [{"n": {"$lt": 700}}, {"n": {"$gt": 750}}]},
]


def expected(query: dict[str, Any], documents: list[dict[str, Any]]) -> list[int]:
    """The `n` of what a query finds, in order where it sorts."""
    found = [d["n"] for d in documents if matches(query, d)]
    for field, direction in reversed(list(query.get("$sort", {}).items())):
        found.sort(key=lambda n: documents[n][field], reverse=direction < 0)
    return found


def matches(query: dict[str, Any], document: dict[str, Any]) -> bool:
    if "group" in query:
        return document["group"] == query["group"]
    if "n" in query:
        return bool(100 <= document["n"] < 1220)
    if "$or" in query:
        return document["n"] < 700 or document["n"] > 750
    return True


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_all_that_a_query_finds_comes_once_in_its_order(filled: Service, query: dict[str, Any]) -> None:
    given = [d["n"] for d in filled.items(query)]
    everything = expected(query, [{"n": n, "group": n % 7} for n in range(COUNT)])
    skip, limit = query.get("$skip", 0), query.get("$limit", COUNT)
    assert len(given) == len(set(given)) == len(everything[skip:][:limit])
    assert set(given) <= set(everything)
    if "n" in query.get("$sort", {}):
        assert given == everything[skip:][:limit]


def test_select_gives_just_what_was_selected(filled: Service) -> None:
    assert set(next(filled.items({"$select": ["n"]}))) == {"n"}
    assert set(next(filled.items({"$select": ["n", "_id"]}))) == {"n", "_id"}


@pytest.mark.parametrize("sort", [{}, {"$sort": {"n": 1}}], ids=["by key", "by place"])
def test_what_others_remove_and_add_meanwhile_makes_nothing_else_double_or_lost(
    service: Service, many: int, sort: dict[str, Any]
) -> None:
    stay = {made["n"] for made in service.create([{"n": n} for n in range(0, many, 2)])}
    gone = service.create([{"n": n} for n in range(1, many, 2)])
    few = many // 30
    given: list[int] = []
    for document in service.items(sort):
        given.append(document["n"])
        if len(given) in (many // 20, many // 3, many * 4 // 7):
            # What goes was partly given out already, so that places move under the reader.
            for removed in [gone.pop() for _ in range(few)] + [gone.pop(0) for _ in range(few)]:
                service.remove(key(removed))
            service.create([{"n": -len(given) - n} for n in range(few // 2)])
    assert len(given) == len(set(given))
    assert stay <= set(given)


def test_the_next_page_is_asked_for_while_this_one_is_used() -> None:
    server = Server([{"_id": f"{n:04}"} for n in range(250)])
    items = iter(Pages(server, "things", {}))
    next(items)
    assert len(server.asked) == 2
    items.close()
    assert server.calls[-1].cancelled


def test_pages_shrink_for_large_documents_and_grow_for_small_ones() -> None:
    small = Server([{"_id": f"{n:04}"} for n in range(3000)])
    assert len(list(Pages(small, "things", {}))) == 3000
    assert [query["$limit"] for query in small.asked] == [100, 1000, 1000, 1000]
    large = Server([{"_id": f"{n:04}"} for n in range(150)], weight=1_000_000)
    assert len(list(Pages(large, "things", {}))) == 150
    assert {query["$limit"] for query in large.asked[1:]} == {4}


def test_a_server_s_smaller_limit_is_what_counts() -> None:
    for most in (1, 2, 10):
        for sort in ({}, {"$sort": {"n": 1}}):
            server = Server([{"_id": f"{n:04}", "n": n} for n in range(45)], most=most)
            assert [d["n"] for d in Pages(server, "things", sort)] == list(range(45))


@pytest.mark.parametrize("texts", [0, 50, 130])
def test_where_a_text_finds_no_object_id_it_goes_on_by_place(mongodb: OnMongoDB, texts: int) -> None:
    """Ids are those that the database gives, but for the first few, which their writer has chosen."""
    with DataStore(mongodb.url) as store:
        things = store.service(fresh_name())
        things.create([{"n": n, **({"_id": f"{n:04}"} if n < texts else {})} for n in range(220)])

        ids = [document["_id"] for document in things.items()]
        assert len(ids) == len(set(ids)) == 220
        assert ids == [document["_id"] for document in things.items({"$sort": {"_id": 1}})]
        assert [document["_id"] for document in things.items({"$skip": 20, "$limit": 150})] == ids[20:170]
        assert things.items({"_id": {"$in": ids[-3:]}, "$select": ["n"]}).__next__().keys() == {"n"}


def test_a_server_that_finds_the_same_again_is_read_by_place() -> None:
    server = Server([{"_id": f"{n:04}", "n": n} for n in range(500)], keys=False)
    assert [d["n"] for d in Pages(server, "things", {})] == list(range(500))


def test_a_service_that_does_not_page_or_has_no_ids_is_read_too() -> None:
    server = Server([{"n": n} for n in range(250)])
    assert [d["n"] for d in Pages(server, "things", {})] == list(range(250))
    server.paginate = False
    assert [d["n"] for d in Pages(server, "things", {"$limit": 30})] == list(range(30))


@pytest.fixture(scope="module", params=["backend", "feathers5"])
def filled(request: pytest.FixtureRequest, node: None) -> Iterator[Service]:
    """A service of three pages on each kind of server."""
    with DataStore(url_of(request)) as store:
        service = store.service(fresh_name())
        service.create([{"n": n, "group": n % 7} for n in range(COUNT)])
        yield service


class Answer:
    """A call that was answered."""

    def __init__(self, answer: Callable[[], Any], size: int) -> None:
        self._answer = answer
        self.size = size
        self.cancelled = False

    def page(self) -> Any:
        return self._answer()

    def cancel(self) -> None:
        self.cancelled = True


class Server:
    """A `find` that notes what it is asked, of a server that pages as it is told to.

    Args:
        documents: In the order of their ids.
        most: The largest page.
        weight: A document's characters.
        keys: Whether an id can be compared with others.
    """

    def __init__(self, documents: list[dict[str, Any]], most: int = 1000, weight: int = 100, keys: bool = True) -> None:
        self.documents = documents
        self.most = most
        self.weight = weight
        self.keys = keys
        self.paginate = True
        self.asked: list[dict[str, Any]] = []
        self.calls: list[Any] = []

    def call_async(self, method: str, service: str, query: dict[str, Any]) -> Any:
        assert (method, service) == ("find", "things")
        self.asked.append(query)
        found = self.documents
        if "_id" in query and self.keys:
            found = [d for d in found if d["_id"] > query["_id"]["$gt"]]
        limit, skip = min(self.most, query["$limit"]), query.get("$skip", 0)
        page = found[skip : skip + limit]
        answer = {"total": len(found), "limit": limit, "skip": skip, "data": page} if self.paginate else page
        self.calls.append(Answer(lambda: answer, self.weight * len(page)))
        return self.calls[-1]
