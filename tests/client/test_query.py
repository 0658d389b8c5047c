"""Whether a document matches a query is judged here as the real database judges it."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt import DataStore
from marcelle_rt.client.query import check, matches
from marcelle_rt.errors import InvalidData

from .conftest import fresh_name

DOCUMENTS: list[dict[str, Any]] = [
    {},
    {"a": None},
    {"a": 0},
    {"a": 1},
    {"a": 2.5},
    {"a": "1"},
    {"a": "b"},
    {"a": True},
    {"a": False},
    {"a": []},
    {"a": [1, 2]},
    {"a": ["b", None]},
    {"a": {"b": 1}},
    {"a": {"b": [1, {"c": 3}], "d": "x"}},
    {"a": [{"b": 1}, {"b": 5}]},
]

QUERIES: list[dict[str, Any]] = [
    {},
    {"a": 1},
    {"a": "1"},
    {"a": None},
    {"a": True},
    {"a": {"b": 1}},
    {"a": {"$ne": 1}},
    {"a": {"$in": [1, "b"]}},
    {"a": {"$nin": [1, "b", None]}},
    {"a": {"$lt": 2}},
    {"a": {"$lte": 1}},
    {"a": {"$gt": 0, "$lt": 2}},
    {"a": {"$gte": "b"}},
    {"a": {"$gt": ""}},
    {"a.b": 1},
    {"a.b": {"$gt": 3}},
    {"a.1": 2},
    {"a.b.1.c": 3},
    {"a.d": {"$ne": "x"}},
    {"$or": [{"a": 1}, {"a": "b"}]},
    {"$or": [{"a": {"$gt": 1}}], "a": {"$ne": 2.5}},
    {"$and": [{"a": {"$gte": 0}}, {"a": {"$lt": 1}}]},
    {"$not": {"a": 1}},
]


@pytest.fixture(scope="module")
def found(backend: Any) -> Any:
    """What the database finds for a query, by each document's number."""
    with DataStore(backend.url) as store:
        service = store.service(fresh_name())
        service.create([{**document, "number": number} for number, document in enumerate(DOCUMENTS)])
        yield lambda query: {document["number"] for document in service.find({"query": query})["data"]}


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_it_judges_as_the_database_does(found: Any, query: dict[str, Any]) -> None:
    check(query)
    assert {n for n, document in enumerate(DOCUMENTS) if matches(document, query)} == found(query)


REFUSED: dict[str, dict[str, Any]] = {
    "query.a.$regex": {"a": {"$regex": "x"}},
    "query.a.b": {"a": {"$gt": 1, "b": 1}},
    "query.$or[0].$limit": {"$or": [{"$limit": 1}]},
    "query.$sort": {"$sort": {"a": 1}},
    "query.$or": {"$or": 5},
    "query.$and[1]": {"$and": [{}, "a"]},
    "query.$not": {"$not": 1},
    "query.a.$in": {"a": {"$in": "b"}},
    "query.a.$nin": {"$or": [{"b": 1}], "a": {"$nin": 5}},
}


@pytest.mark.parametrize("place", REFUSED)
def test_what_only_a_server_can_judge_by_or_would_refuse_is_refused_with_its_place(place: str) -> None:
    with pytest.raises(InvalidData) as refusal:
        check(REFUSED[place])
    assert refusal.value.path == place
