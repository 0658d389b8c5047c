"""Dotted keys lead into documents and near the ends of their lists, and no deeper than a document may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from marcelle_rt.backend import Backend
from tests.backend.wire import Socket, ask

DEEP = "b." * 3_000 + "b"


@pytest.fixture
def socket(backend: Backend) -> Iterator[Socket]:
    opened = Socket(backend.url)
    yield opened
    opened.close()


@pytest.fixture
def place(backend: Backend) -> str:
    """A document with lists and texts."""
    document = {
        "list": [1, 2],
        "text": "abc",
        "number": 5,
        "nothing": None,
        "logs": {"loss": [1]},
        "far": [{"length": 2**32 - 1}],
    }
    return "/things/" + str(ask(backend.url, "POST", "/things", document).json["_id"])


@pytest.mark.parametrize("key", [DEEP, "a." * 100_000 + "a", "b." * 100 + "b", "x" * 1_001], ids=len)
def test_a_key_that_is_too_long_or_too_deep_is_refused_in_writes_and_queries(
    backend: Backend, socket: Socket, place: str, key: str
) -> None:
    identifier = place.rpartition("/")[2]
    for patch in [{key: 1}, *({operator: {key: 1}} for operator in ("$set", "$inc", "$push", "$unset", "$max"))]:
        assert socket.call("patch", "things", identifier, patch, {})[0]["code"] == 400
    for query in [{key: 1}, {"$sort": {key: 1}}, {"$select": [key]}, {"$distinct": key}, {"$or": [{key: {"$gt": 1}}]}]:
        assert socket.call("find", "things", query)[0]["code"] == 400
    assert ask(backend.url, "GET", "/info").code == 200


def test_the_parts_of_a_key_and_what_is_below_them_are_one_depth(socket: Socket, place: str) -> None:
    below: Any = 1
    for _ in range(60):
        below = {"a": below}

    identifier = place.rpartition("/")[2]
    assert socket.call("patch", "things", identifier, {"b." * 39 + "b": below}, {})[0] is None
    assert socket.call("patch", "things", identifier, {"c." * 41 + "c": below}, {})[0]["code"] == 400


def test_lists_in_lists_in_lists_are_refused_however_they_grow(backend: Backend, socket: Socket, place: str) -> None:
    deep: Any = []
    for _ in range(40):
        deep = [deep]
    for patch in [
        {"list": deep},
        {"list": [[[[[[[]]]]]]]},
        {"list": [{"a": [[{"a": [[[[]]]]}]]}]},
        {"list.0": [[[[[[]]]]]]},
        {"list.0.0.0.0.0.0": []},
        {"list.0.0.0.0.0.0.0": 1},
        {"$push": {"list": [[[[[[]]]]]]}},
        {"$addToSet": {"list.0": [[[[[]]]]]}},
    ]:
        assert ask(backend.url, "PATCH", place, patch).code == 400, patch
        assert ask(backend.url, "POST", "/things", patch).code == 400, patch
    assert ask(backend.url, "PATCH", place, {"list": [[[[[[1, 2]]]]]]}).code == 200


def test_a_backend_starts_again_with_the_deepest_documents(own_backend: Callable[..., Backend]) -> None:
    backend = own_backend()
    below: Any = [[[[[[1]]]]]]
    for _ in range(93):
        below = {"a": below}
    deep = ask(backend.url, "POST", "/things", {"a": below}).json["_id"]
    dotted = ask(backend.url, "POST", "/things", {}).json["_id"]
    key = "b." * 97 + "b"
    assert ask(backend.url, "PATCH", f"/things/{dotted}", {key: {}}).code == 200
    assert ask(backend.url, "PATCH", f"/things/{dotted}", {"$push": {f"{key}.b": 1}}).code == 200
    backend.stop()
    backend.start()

    assert ask(backend.url, "GET", f"/things/{deep}").json["a"] == below
    assert ask(backend.url, "GET", f"/things/{dotted}").code == 200


@pytest.mark.parametrize(
    "patch",
    [
        {"list.length": 2**32 - 1},
        {"list.length": [2**32 - 1]},
        {"$inc": {"list.length": 2**31}},
        {"$max": {"list.length": 2**32 - 1}},
        {"list.4294967290": 1},
        {"list.103": 1},
        {"list.2.length": 1, "list": []},
        {"$push": {"new": 1}, "$set": {"new.4294967290": 1}},
        {"new": [], "new.4294967290": 1},
        {"new.a": [], "new.a.4294967290": 1},
        {"list.500000.x": 1},
        {"list.push": 1},
        {"list.push.x": 1},
        {"list.1e3": 1},
        {"list.-1": 1},
        {"toString.call": 1},
        {"new.toString.call": 1},
        {"text.replace.call": 1},
        {"number.toFixed.call": 1},
        {"nothing.a": 1},
    ],
    ids=str,
)
def test_a_key_leads_neither_far_past_the_end_of_a_list_nor_into_the_program(
    backend: Backend, socket: Socket, place: str, patch: dict[str, Any]
) -> None:
    before = ask(backend.url, "GET", place).json

    assert ask(backend.url, "PATCH", place, patch).code == 400
    assert socket.call("patch", "things", place.rpartition("/")[2], patch, {})[0]["code"] == 400
    now = ask(backend.url, "GET", place).json
    assert {**now, "updatedAt": None} == {**before, "updatedAt": None}


def test_what_is_selected_is_not_changed_by_what_else_is(backend: Backend, socket: Socket, place: str) -> None:
    assert socket.call("find", "things", {"$select": ["far", "far.length"]})[0]["code"] == 400
    assert socket.call("find", "things", {"$select": ["far", "far.4294967290"]})[0] is None
    assert ask(backend.url, "GET", place).json["far"] == [{"length": 2**32 - 1}]


def test_metrics_of_any_name_grow_at_the_end_of_their_lists(backend: Backend, place: str) -> None:
    assert ask(backend.url, "PATCH", place, {"logs.length": [7], "logs.20261126": [1]}).code == 200
    grown = {f"logs.{name}.{n}": n for n in range(1, 300) for name in ("loss", "length")}
    assert ask(backend.url, "PATCH", place, grown).code == 200

    now = ask(backend.url, "GET", place).json["logs"]
    assert now["length"] == [7, *range(1, 300)]
    assert now["loss"] == [1, *range(1, 300)]


def test_bytes_are_refused_but_for_the_few_of_a_recording(backend: Backend, socket: Socket) -> None:
    here = {"_placeholder": True, "num": 0}
    attachment = b"x" * 900_000

    for call in [
        ("create", "things", {"a": [here] * 10_000}, {}),
        ("create", "things", here, {}),
        ("find", "things", here),
        ("find", "things", {"a": here}),
        ("create", "authentication", here, {}),
    ]:
        error, result = socket.call_with(attachment, *call)
        assert error["code"] in (400, 404)
        assert result is None
    assert socket.call("find", "things", {"$limit": 0})[0] is None
    error, result = socket.call_with(b"RIFF", "create", "things", {"x": here}, {})
    assert error is None
    assert result["x"] == {"0": 82, "1": 73, "2": 70, "3": 70}
