"""Servers that send nonsense: an error of ours, no thread that dies, and the connection comes back."""

from __future__ import annotations

import json
import logging
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from marcelle_rt import DataStore
from marcelle_rt.errors import BackendUnreachable, FeathersError, InvalidAnswer, MarcelleError
from tests.helpers import eventually
from tests.support.hostile_server import BINARY, CONTINUE, OPENING, Frames, Hostile, ack, frame, good


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    """A server that is good until it is told otherwise."""
    with Hostile() as server:
        yield server


def frames(*made: bytes | str) -> Frames:
    """Answers each call with those frames; in texts `@` stands for the ack's number."""
    return lambda server, number, call: [
        piece if isinstance(piece, bytes) else frame(piece.replace("@", str(number))) for piece in made
    ]


def result(value: Any) -> Frames:
    """Answers each call with an ack that has this result."""
    return lambda server, number, call: ack(number, None, value)


DEEP = "[" * 5000
BROKEN: dict[str, Frames] = {
    "a frame that says it is huge": frames(frame(b"43", length=1 << 62)),
    "a frame of 200 MB": frames(frame(b"43", length=200_000_000)),
    "a frame with reserved bits": frames(b"\xf1\x01x"),
    "an unknown opcode": frames(b"\x83\x01x"),
    "a continuation of nothing": frames(frame(b"x", CONTINUE)),
    "text that is no UTF-8": frames(frame(b"43\xff\xfe")),
    "an empty message": frames(frame(b"")),
    "a type that is none": frames("x"),
    "a packet type that is none": frames("49"),
    "an ack's number without end": frames("43" + "9" * 5000 + "[null]"),
    "an event without a name": frames("42[]"),
    "an event whose name is a list": frames('42[["a"], {}]'),
    "an event that is no list": frames('42{"a": 1}'),
    "an event's name without an end": frames('42["things created'),
    "more attachments than there can be": frames("459999999999-"),
    "an attachment that never comes": frames('461-@[null,{"_placeholder":true,"num":0}]', "43@[null,{}]"),
    "an attachment that nobody announced": frames(frame(b"\x04x", BINARY)),
    "a placeholder for no attachment": frames('461-@[null,{"_placeholder":true,"num":7}]', frame(b"\x04abc", BINARY)),
    "a placeholder whose number is a text": frames(
        '461-@[null,{"_placeholder":true,"num":"x"}]', frame(b"\x04abc", BINARY)
    ),
    "a binary ack that is nested too deep": frames("461-@" + DEEP, frame(b"\x04abc", BINARY)),
    "a message that is nested too deep": frames("4" + DEEP),
    "a connect packet of another shape": frames("40[1]", "40/x,[1]", "49"),
    "an error of the connection": frames('44"no"'),
    "a closing packet": frames("1"),
    "a ping with an object": frames('2{"a":1}'),
    "a closed line": frames(b"\x88\x02\x03\xe8"),
}

SHAPES: dict[str, Frames] = {
    "no JSON": frames("43@[null,"),
    "an ack that is an object": frames('43@{"a": 1}'),
    "an empty ack": frames("43@[]"),
    "JSON that is nested too deep": frames("43@" + DEEP),
    "NaN": frames("43@[null,NaN]"),
    "a text": result("documents"),
    "a number": result(7),
    "nothing": result(None),
    "a list of texts": result(["a"]),
    "a page whose data is a text": result({"total": 1, "limit": 1, "skip": 0, "data": "x"}),
    "a page whose data holds lists": result({"total": 1, "limit": 1, "skip": 0, "data": [[1]]}),
    "an id that is an object": result({"total": 1, "limit": 1, "skip": 0, "data": [{"_id": {"a": 1}}]}),
    "an id that is a list": result({"_id": [1], "total": "many"}),
    "a total that is a text": result({"total": "1", "limit": 1, "skip": 0, "data": []}),
    "a total below zero": result({"total": -1, "limit": 1, "skip": 0, "data": []}),
    "a limit that is an object": result({"total": 1, "limit": {}, "skip": 0, "data": []}),
    "no page": result({"hello": "world"}),
    "an error that is a number": lambda server, number, call: ack(number, 7),
    "an error of odd parts": lambda server, number, call: ack(
        number, {"name": [1], "message": {"a": 1}, "code": "x", "className": 3, "errors": 5}
    ),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_a_broken_message_is_an_error_and_the_connection_comes_back(
    hostile: Hostile, open_store: Callable[..., DataStore], answer: Frames
) -> None:
    store = open_store(hostile.url, timeout=3.0)
    things = store.service("things")
    things.on("created", lambda document: None)
    hostile.answer = answer
    with pytest.raises(MarcelleError):
        things.create({"n": 1})
    hostile.answer = good
    eventually(lambda: works(things.count))
    assert hostile.lines > 1


@pytest.mark.parametrize("answer", SHAPES.values(), ids=SHAPES)
def test_an_answer_of_another_shape_is_an_error_and_the_line_stays(
    hostile: Hostile, open_store: Callable[..., DataStore], answer: Frames
) -> None:
    store = open_store(hostile.url, timeout=3.0)
    things = store.service("things")
    hostile.answer = answer
    for call in (things.count, lambda: list(things.items())):
        with pytest.raises((InvalidAnswer, FeathersError)):
            call()
    for write in (things.find, lambda: things.get("1"), lambda: things.create({}), lambda: things.patch("1", {})):
        try:
            found = write()
        except MarcelleError:
            continue
        assert isinstance(found, dict)  # a document, or what a service of its own kind may find
        assert not isinstance(found.get("_id"), (dict, list))
    hostile.answer = good
    assert things.count() == 1
    assert hostile.lines == 1


def works(call: Callable[[], object]) -> bool:
    try:
        call()
    except MarcelleError:
        return False
    return True


@pytest.mark.parametrize(
    "change",
    [
        {"pingInterval": -1},
        {"pingInterval": 0},
        {"pingInterval": 1e300},
        {"pingInterval": "soon"},
        {"pingInterval": None},
        {"pingTimeout": {}},
        {"sid": None},
        {"sid": {"a": 1}},
    ],
    ids=str,
)
def test_an_absurd_handshake_is_an_unreachable_backend(
    open_store: Callable[..., DataStore], change: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with Hostile(opening={**OPENING, **change}) as server:
        store = open_store(server.url, timeout=3.0)
        with pytest.raises(BackendUnreachable, match="WebSocket can't be opened"):
            store.connect()
        assert store.status == "disconnected"
        server.opening = OPENING
        assert store.service("things").count() == 1
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("opening", ["", "0", "0[]", "0" + DEEP, "4hello", "x", '0"text"'])
def test_an_opening_that_is_none_is_an_unreachable_backend(open_store: Callable[..., DataStore], opening: str) -> None:
    with Hostile(opening=opening) as server, pytest.raises(BackendUnreachable):
        open_store(server.url, timeout=3.0).connect()


def test_memory_stays_bounded_whatever_comes(hostile: Hostile, open_store: Callable[..., DataStore]) -> None:
    part = b" " * 1_000_000

    def fragments(server: Hostile, number: int, call: list[Any]) -> list[bytes]:
        server.send(frame(f"43{number}[null,", fin=False))
        for _ in range(300):
            server.send(frame(part, CONTINUE, fin=False))
        return []

    def attachments(server: Hostile, number: int, call: list[Any]) -> list[bytes]:
        server.send(frame(f"469999-{number}[null]"))
        for _ in range(300):
            server.send(frame(b"\x04" + part, BINARY))
        return []

    things = open_store(hostile.url, timeout=60.0).service("things")
    things.count()
    for answer in (fragments, attachments):
        hostile.answer = answer
        tracemalloc.start()
        with pytest.raises(InvalidAnswer, match="is over 100,000,000 bytes"):
            things.find()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 230_000_000
        hostile.answer = good
        eventually(lambda: works(things.count))


def test_events_without_a_document_are_skipped_and_the_next_one_is_handled(
    hostile: Hostile, open_store: Callable[..., DataStore], caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(hostile.url, timeout=3.0)
    things = store.service("things")
    seen: list[dict[str, Any]] = []
    own: list[tuple[object, ...]] = []
    things.on("created", seen.append)
    for event in ("connected", "disconnected", "error"):
        store.on(event, lambda *arguments: own.append(arguments))
    for broken in ("", "," + DEEP, ",7", ',"x"', ",null", ",[1]", ',{"_id":{"a":1}}', ",{", ",NaN"):
        hostile.send(frame(f'42["things created"{broken}]'))
    for name in ("connected", "disconnected", "error"):
        hostile.send(frame(json.dumps([name, {"spoofed": True}]).join(["42", ""])))
    hostile.send(frame('42["things created",{"_id":"2"},{"more":1}]'))
    eventually(lambda: seen == [{"_id": "2"}])
    assert own == []
    assert "without a document" in caplog.text


def test_a_websocket_that_sends_on_to_another_server_gets_no_login(
    hostile: Hostile, open_store: Callable[..., DataStore]
) -> None:
    calls: list[list[Any]] = []
    with Hostile(lambda server, number, call: calls.append(call) or good(server, number, call)) as thief:
        hostile.redirect = thief.url.replace("http://", "ws://")
        store = open_store(hostile.url, email="ada@example.com", password="a secret", timeout=3.0)
        with pytest.raises(BackendUnreachable, match="redirects to ws://127"):
            store.connect()
        assert (thief.lines, calls) == (0, [])


@pytest.mark.parametrize("services", ["runs", [1], {"a": 1}, [["runs"]]])
def test_a_list_of_services_that_is_none_is_an_error(
    hostile: Hostile, open_store: Callable[..., DataStore], services: object
) -> None:
    hostile.answer = result({"services": services})
    with pytest.raises(InvalidAnswer):
        open_store(hostile.url, timeout=3.0).services()
