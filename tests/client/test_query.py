"""Whether a document matches a query is judged here as the real databases judge it."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.client.query import by_id, check, matches
from marcelle_rt.errors import InvalidData
from tests.support.services import fresh_name

ANSWERS = Path(__file__).with_name("answers.txt")

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
    {"a": [None]},
    {"a": [0, 0]},
    {"a": [3, 1]},
    {"a": [[1, 2], [3]]},
    {"a": {}},
    {"a": [{}]},
    {"a": {"b": None}},
    {"a": {"b": True}},
    {"a": [{"b": [1, 2]}]},
    {"a": [{"b": 5}, {"c": 1}]},
    {"a": {"b": {"c": 3}, "1": 2}},
    {"a": ""},
    {"b": 1},
    {"a": 1, "b": None},
]

PATHS = ["a", "b", "a.b", "a.1", "a.b.c", "a.length"]
VALUES: list[Any] = [0, 1, 2.5, "1", "b", "", None, True, False, [], [1, 2], {"b": 1}]
QUERIES: list[dict[str, Any]] = [
    {},
    *({path: value} for path in PATHS for value in VALUES),
    *({path: {"$ne": value}} for path in PATHS for value in VALUES),
    *({path: {name: [value, 3]}} for path in PATHS for value in VALUES for name in ("$in", "$nin")),
    *({path: {name: []}} for path in PATHS for name in ("$in", "$nin")),
    *({path: {f"${name}": value}} for path in PATHS for name in ("lt", "lte", "gt", "gte") for value in (1, "b", "")),
    *({path: {"$gt": 1, "$lt": 3}} for path in PATHS),
    *({path: {"$gte": 0, "$ne": 1}} for path in PATHS),
    {"a.b.1.c": 3},
    {"a": {"$ne": 1}, "b": {"$ne": 1}},
    {"$or": [{"a": 1}, {"b": 1}]},
    {"$or": [{"a": {"$gt": 1}}], "a": {"$ne": 2.5}},
    {"$or": [{"a": {"$ne": 1}}, {"b": None}]},
    {"$and": [{"a": {"$gte": 0}}, {"a": {"$lt": 1}}]},
    {"$and": [{"$or": [{"a": 1}, {"a": "b"}]}, {"b": {"$ne": 1}}]},
]
# Those that only some servers know.
NEDB_QUERIES: list[dict[str, Any]] = [
    {"$not": {"a": 1}},
    {"$not": {"a": None}},
    {"$not": {"a": {"$nin": [1, "b"]}}},
    {"$or": []},
    {"$and": []},
]


def judge_as(url: str, queries: list[dict[str, Any]], documents: list[dict[str, Any]] = DOCUMENTS) -> None:
    with DataStore(url) as store:
        service = store.service(fresh_name())
        service.create([{**document, "number": number} for number, document in enumerate(documents)])
        for query in queries:
            check(query)
            found = {document["number"] for document in service.find({"query": query})["data"]}
            for number, document in enumerate(documents):
                assert matches(document, query) in (number in found, None), (query, document)


def test_it_judges_as_every_database_does_or_says_that_it_is_in_doubt(
    server: str, request: pytest.FixtureRequest
) -> None:
    documents = DOCUMENTS
    if request.node.callspec.params["server"] == "mongodb":
        # MongoDB finds nothing in an empty array (its own jstests/core/null2.js); mongoeco finds a missing "a.b" there.
        documents = [document for document in DOCUMENTS if document != {"a": []}]
    judge_as(server, QUERIES, documents)


def test_an_id_that_is_not_the_databases_own_is_asked_for_between_two_bounds() -> None:
    own = "64b5f0c2a1d3e4f5a6b7c8D9"
    assert [by_id(identity) for identity in (own, 7)] == [{"_id": own}, {"_id": 7}]
    for chosen in (f"{own}0", own[1:], "x" * 24, ""):
        assert by_id(chosen) == {"_id": {"$gte": chosen, "$lte": chosen}}


def test_a_document_is_found_by_its_id_whoever_has_chosen_it(server: str) -> None:
    with DataStore(server) as store:
        service = store.service(fresh_name())
        made = [service.create({"n": 0}), service.create({"_id": str(uuid.uuid4()), "n": 1}), service.create({"n": 2})]
        for document in made:
            query = by_id(document["_id"])
            check(query)
            assert list(service.items(query)) == [document]
            with service.watch(query, timeout=5) as view:
                assert next(view).document == document
            assert [matches(other, query) for other in made] == [other is document for other in made]


def test_it_judges_as_a_marcelle_backend_does_where_others_refuse(backend: Backend) -> None:
    judge_as(backend.url, NEDB_QUERIES)


def test_the_answers_are_still_those_that_the_databases_confirmed() -> None:
    """`answers.txt` has a line for each query, and in it a letter for each document: yes, no, or `?` for doubt."""
    letters = {True: "y", False: "n", None: "?"}
    lines = [
        f"{''.join(letters[matches(document, query)] for document in DOCUMENTS)} {query}"
        for query in QUERIES + NEDB_QUERIES
    ]
    if os.environ.get("MARCELLE_RT_WRITE_DOCS"):
        ANSWERS.write_text("\n".join(lines) + "\n")
    assert lines == ANSWERS.read_text().splitlines()


def test_it_is_in_doubt_only_about_what_is_not_there_and_arrays_and_parts_of_texts() -> None:
    simple = [document for document in DOCUMENTS if "[" not in str(document)]
    for query in QUERIES + NEDB_QUERIES:
        if "None" not in str(query) and "a.1" not in query and "a.length" not in query:
            assert None not in [matches(document, query) for document in simple], query
    for number, query in enumerate(({"a": 1}, {"a": {"$in": [3, "b"]}}, {"a": {"$gt": 2}}, {"a": {"$ne": 4}})):
        assert matches({"a": [3, 1]}, query) is True, number
    assert matches({"a": [3, 1]}, {"a": 2}) is False
    assert matches({"a": [3, 1]}, {"a": {"$ne": 1}}) is None
    assert matches({"b": 1}, {"a": None}) is None


REFUSED: dict[str, dict[str, Any]] = {
    "query.a.$regex": {"a": {"$regex": "x"}},
    "query.a.b": {"a": {"$gt": 1, "b": 1}},
    "query.$or[0].$limit": {"$or": [{"$limit": 1}]},
    "query.$sort": {"$sort": {"a": 1}},
    "query.$or": {"$or": 5},
    "query.$and[1]": {"$and": [{}, "a"]},
    "query.$not": {"$not": 1},
    "query.a.$in": {"a": {"$in": "b"}},
    "query.a.$lt": {"a": {"$lt": None}},
    "query.a.$gte": {"a": {"$gte": True}},
    "query.a.$nin": {"$or": [{"b": 1}], "a": {"$nin": 5}},
    "query": [],
}


@pytest.mark.parametrize("place", REFUSED)
def test_what_only_a_server_can_judge_by_or_would_refuse_is_refused_with_its_place(place: str) -> None:
    with pytest.raises(InvalidData) as refusal:
        check(REFUSED[place])
    assert refusal.value.path == place
    with pytest.raises(InvalidData) as refusal:
        check(REFUSED[place], "watch")
    assert refusal.value.path == place.replace("query", "watch", 1)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (5, "query: 5 must be a mapping of fields to conditions"),
        ({"$or": {}}, "query.$or: {} must be a list of queries"),
        ({"$limit": 5}, "query.$limit: 5 can't be followed as documents change; use filters only"),
        (
            {"a": {"$regex": "x"}},
            "query.a.$regex: 'x' is not an operator known here; there are $in $nin $ne $lt $lte $gt $gte",
        ),
        ({"a": {"$in": 5}}, "query.a.$in: 5 must be a list"),
        ({"a": {"$gt": []}}, "query.a.$gt: [] must be a number or a string; databases differ on the order of others"),
    ],
)
def test_the_rule_is_said_with_the_value(query: Any, said: str) -> None:
    with pytest.raises(InvalidData) as refusal:
        check(query)
    assert str(refusal.value) == said


def test_every_query_of_these_tests_passes_the_check() -> None:
    for query in QUERIES + NEDB_QUERIES:
        check(query)
    check({"a": {"$in": (1, 2)}, "$and": ({"b": 1},), "c": {"plain": {"$ne": 1}}})
    check({"a": {"$lt": "b", "$gt": 2.5}})
