"""What a user does to what another has: its files stay, and it stays whose it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.backend import Backend
from tests.backend.sign_in.people import User
from tests.backend.wire import ask, part, upload

SERVICES = ["assets", "tfjs-models", "onnx-models"]
FILES = {"assets": "a.png", "tfjs-models": "model.json", "onnx-models": "m.onnx"}


class Thing:
    """A document with an uploaded file.

    Args:
        home: The backend.
        service: Where.
        headers: Whose.
        more: Other fields.
    """

    def __init__(self, home: Backend, service: str, headers: dict[str, str], **more: Any) -> None:
        name = FILES[service]
        answer = upload(home.url, service, part(name, b"content", name), headers=headers).json
        pair = [name, answer[name]] if service == "assets" else answer[0]
        self.fields = {"files": [pair], "url": pair[1]}
        self.file: Path = home.data / "uploads" / service.removesuffix("-models") / pair[1]
        self.id = ask(home.url, "POST", f"/{service}", {**self.fields, **more}, headers).json["_id"]
        self.place = f"/{service}/{self.id}"


def uses(user: User, service: str, thing: Thing) -> dict[str, Callable[[], object]]:
    """Every way to remove or to replace a document's files."""
    call, place = user.socket.call, thing.place
    other = {"files": [], "url": "https://example.org/a.png"}
    return {
        "DELETE": lambda: user.ask("DELETE", place),
        "DELETE with a query": lambda: user.ask("DELETE", f"{place}?public=true&userId={user.id}"),
        "DELETE with a choice": lambda: user.ask("DELETE", f"{place}?$select[]=_id"),
        "DELETE of all": lambda: user.ask("DELETE", f"/{service}?_id={thing.id}"),
        "PATCH": lambda: user.ask("PATCH", place, other),
        "PATCH with a query": lambda: user.ask("PATCH", f"{place}?public[$ne]=5", {"$set": other}),
        "PATCH of all": lambda: user.ask("PATCH", f"/{service}?_id={thing.id}", other),
        "PUT": lambda: user.ask("PUT", place, other),
        "remove": lambda: call("remove", service, thing.id, {}),
        "remove with a query": lambda: call("remove", service, thing.id, {"$or": [{"public": True}, {"a": None}]}),
        "remove of all": lambda: call("remove", service, None, {"_id": thing.id}),
        "patch": lambda: call("patch", service, thing.id, other, {}),
        "patch of all": lambda: call("patch", service, None, other, {"_id": thing.id}),
        "update": lambda: call("update", service, thing.id, other, {}),
    }


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_removes_the_files_of_another(home: Backend, ada: User, bob: User, service: str) -> None:
    thing = Thing(home, service, ada.headers)
    stored = ada.ask("GET", thing.place).json

    for way, use in uses(bob, service, thing).items():
        use()
        assert thing.file.read_bytes() == b"content", way
        assert ada.ask("GET", thing.place).json == stored, way
    for method in ("DELETE", "PATCH", "PUT"):
        assert ask(home.url, method, thing.place, None if method == "DELETE" else {"files": []}).code == 401
    assert thing.file.exists()


@pytest.mark.parametrize("service", SERVICES)
def test_the_files_of_ones_own_go_with_the_document(home: Backend, ada: User, bob: User, service: str) -> None:
    ways = uses(ada, service, Thing(home, service, ada.headers))
    for way in ways.keys() - {"DELETE with a query", "remove with a query"}:  # which ask for something public
        thing = Thing(home, service, ada.headers)
        uses(ada, service, thing)[way]()
        assert not thing.file.parent.exists(), way


def test_what_is_public_is_everybodys_and_takes_its_files_along(home: Backend, ada: User, bob: User) -> None:
    thing = Thing(home, "assets", ada.headers, public=True)

    assert bob.ask("DELETE", thing.place).code == 200

    assert not thing.file.exists()


@pytest.mark.parametrize("service", SERVICES)
def test_files_that_a_document_still_names_stay(home: Backend, ada: User, service: str) -> None:
    thing = Thing(home, service, ada.headers)

    assert ada.ask("PATCH", thing.place, {**thing.fields, "name": "a"}).code == 200
    assert ada.ask("PUT", thing.place, thing.fields).code == 200
    assert ada.ask("PATCH", thing.place, {"name": "b"}).code == 200
    assert thing.file.exists()
    replaced = Thing(home, service, ada.headers)
    assert ada.ask("PATCH", thing.place, replaced.fields).code == 200
    assert (thing.file.exists(), replaced.file.exists()) == (False, True)


@pytest.mark.parametrize("service", ["runs", "assets", "tfjs-models"])
def test_a_document_belongs_to_whoever_writes_it_whatever_it_says(ada: User, bob: User, service: str) -> None:
    forged = {"userId": ada.id, "public": True, "name": "x", "url": "https://example.org/x", "files": []}
    made = [
        bob.ask("POST", f"/{service}", forged).json,
        *bob.ask("POST", f"/{service}", [forged, forged]).json,
        bob.socket.call("create", service, forged, {})[1],
        *bob.socket.call("create", service, [forged, {"name": "y"}], {})[1],
    ]
    assert [document["userId"] for document in made] == [bob.id] * 6

    target = f"/{service}/{made[0]['_id']}"
    for method in ("PATCH", "PUT"):
        answer = bob.ask(method, target, forged)
        assert (answer.code, answer.json["userId"]) == (200, bob.id)
    assert bob.ask("PATCH", f"/{service}?name=x", {"userId": ada.id}).json[0]["userId"] == bob.id
    for write in (
        {"$set": {"userId": ada.id}},
        {"$unset": {"userId": 1}},
        {"userId.x": 1},
        {"$min": {"userId.a": "0"}},
    ):
        for method in ("PATCH", "PUT"):
            assert bob.ask(method, target, write).code in (400, 403)
        assert bob.socket.call("patch", service, made[0]["_id"], write, {})[0]["code"] in (400, 403)
    assert bob.ask("GET", target).json["userId"] == bob.id


@pytest.mark.parametrize("service", ["runs", "assets", "users"])
@pytest.mark.parametrize("key", ["__caslSubjectType__", "__caslSubjectType__.a"])
def test_no_document_says_what_kind_it_is(ada: User, service: str, key: str) -> None:
    mine = ada.id if service == "users" else ada.ask("POST", f"/{service}", {"name": "mine"}).json["_id"]

    for write in ({key: "users"}, {"$set": {key: "users"}}):
        assert ada.ask("PATCH", f"/{service}/{mine}", write).code == 403
        assert ada.ask("POST", f"/{service}", write).code in (400, 403)
        assert ada.ask("POST", f"/{service}", [{"a": 1}, write]).code in (400, 403)
        assert ada.ask("PUT", f"/{service}/{mine}", write).code in (400, 403, 405)
    assert ada.socket.call("patch", service, mine, {"name": "still mine"}, {})[0] is None
