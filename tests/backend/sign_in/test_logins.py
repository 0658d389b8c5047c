"""What a login is asked for, and that nobody gives himself rights."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.backend import Backend, users
from tests.backend.sign_in.people import User, cookie_of
from tests.backend.wire import Socket, ask, part, upload
from tests.helpers import eventually

SHARD = "group1-shard1of1.bin"


RIGHTS: list[dict[str, Any]] = [
    {"role": "superadmin"},
    {"permissions": [{"action": "manage", "subject": "all"}]},
    {"public": True},
    {"userId": "x"},
    {"_id": "x"},
    {"role": None},
]


@pytest.mark.parametrize("rights", RIGHTS, ids=lambda rights: next(iter(rights)))
def test_nobody_signs_up_with_rights(home: Backend, ada: User, rights: dict[str, Any]) -> None:
    mallory = {"email": "mallory@example.org", "password": "pw"}
    for data in ({**mallory, **rights}, [{**mallory, **rights}], [mallory, mallory]):
        for target in ("/users", "/users/", "/USERS", "//users", "/users?role=superadmin", "/x%2F..%2Fusers"):
            answer = ask(home.url, "POST", target, data)
            if answer.code == 201:  # a query says nothing of what is made
                assert (data, answer.json["role"]) == (mallory, "editor")
            else:
                assert 400 <= answer.code < 500
        error, result = ada.socket.call("create", "users", data, {})
        assert (error["code"] in (400, 403), result) == (True, None)
    assert ada.socket.call("find", "users", {"email": mallory["email"]})[1]["total"] == 0


WRONG_PATCHES: list[dict[str, Any]] = [
    *RIGHTS,
    *({"$set": rights} for rights in RIGHTS),
    *({operator: {"role": "superadmin"}} for operator in ("$unset", "$push", "$max", "$min", "$inc", "$rename")),
    {"role.x": "superadmin"},
    {"$set": {"role.x": 1}},
    {"role": ["superadmin"]},
    {"password": {"$ne": ""}},
    {"email": None},
    {"password": ""},
]


def test_nobody_patches_his_rights(ada: User) -> None:
    for patch in WRONG_PATCHES:
        for method, call in (("PATCH", "patch"), ("PUT", "update")):
            assert ada.ask(method, f"/users/{ada.id}", patch).code in (400, 403, 405), patch
            assert ada.ask(method, "/users", patch).code in (400, 403, 405), patch
            for identifier in (ada.id, None):
                error, _ = ada.socket.call(call, "users", identifier, patch, {})
                assert error["code"] in (400, 403, 405), patch
        account = ada.socket.call("get", "users", ada.id, {})[1]
        assert (account["role"], set(account)) == ("editor", {"_id", "createdAt", "email", "role"}), patch
    assert ask(ada.url, "POST", "/authentication", {"strategy": "local", **ada.login}).code == 201


def test_who_signs_up_can_not_choose_the_day_nor_change_it(home: Backend) -> None:
    dan = {"email": "dan@example.org", "password": "the password of dan"}
    day = {"createdAt": "1999-01-01T00:00:00.000Z"}
    socket = Socket(home.url)
    error, made = socket.call("create", "users", {**dan, **day}, {})
    assert error is None
    assert socket.call("create", "authentication", {"strategy": "local", **dan}, {})[0] is None
    assert socket.call("patch", "users", made["_id"], day, {})[0] is None
    socket.close()

    (created,) = [user.created for user in users.every(home.data) if user.email == dan["email"]]

    assert created is not None
    assert created.year > 2000


def test_a_user_changes_his_own_password_and_nobody_elses(ada: User, bob: User) -> None:
    error, _ = ada.socket.call("patch", "users", bob.id, {"password": "mine now"}, {})
    assert error["code"] in (403, 404)

    assert bob.socket.call("patch", "users", bob.id, {"password": "another"}, {})[0] is None
    bob.login["password"] = "another"
    assert ask(bob.url, "POST", "/authentication", {"strategy": "local", **bob.login}).code == 201


@pytest.mark.parametrize(
    "query",
    [
        {"password": {"$gt": "$2b$10$a"}},
        {"$or": [{"password": {"$lt": "x"}}]},
        {"$sort": {"password": 1}},
        {"password.0": "$"},
        {"$and": [{"$not": {"password": "x"}}]},
    ],
    ids=str,
)
def test_nobody_guesses_passwords_by_comparing_their_hashes(ada: User, query: dict[str, Any]) -> None:
    assert ada.socket.call("find", "users", query)[0]["code"] in (400, 403)
    assert ada.socket.call("get", "users", ada.id, query)[0]["code"] in (400, 403)
    assert ada.ask("GET", "/users?password[$gt]=").code == 403


def test_passwords_are_in_no_answer_and_no_event(home: Backend, ada: User, bob: User) -> None:
    ask(home.url, "POST", "/users", {"email": "eve@example.org", "password": "pw"})
    bob.socket.call("patch", "users", bob.id, {"name": "Bob"}, {})
    told = [ada.socket.call("find", "users", {"$select": ["password", "email"]}), ada.socket.events, bob.socket.events]
    told.append(ask(home.url, "POST", "/authentication", {"strategy": "local", **ada.login}).json)

    assert "eve@example.org" in str(told)
    assert "$2" not in str(told)


@pytest.mark.parametrize("field", ["email", "password", "accessToken", "strategy"])
@pytest.mark.parametrize("value", [{"$gt": ""}, ["ada@example.org"], 5, True, None], ids=str)
def test_a_login_is_made_of_texts(home: Backend, ada: User, field: str, value: Any) -> None:
    login = {"strategy": "local", **ada.login, field: value}

    assert ask(home.url, "POST", "/authentication", login).code in (400, 401)
    socket = Socket(home.url)
    assert socket.call("create", "authentication", login, {})[0]["code"] in (400, 401)
    socket.close()


def test_what_is_not_yet_there_is_not_made_for_a_stranger(home: Backend) -> None:
    socket = Socket(home.url)
    for method, *more in [("find", {}), ("get", "x", {}), ("create", {"a": 1}, {}), ("remove", None, {})]:
        assert socket.call(method, "by-a-stranger", *more)[0]["code"] == 401
    socket.close()
    for method in ("GET", "POST", "DELETE"):
        assert ask(home.url, method, "/by-a-stranger", {} if method == "POST" else None).code == 401
    assert not (home.data / "db" / "by-a-stranger.db").exists()


@pytest.fixture(scope="module")
def places(home: Backend, ada: User) -> dict[str, str]:
    """Files that Ada has uploaded, by service."""
    picture = upload(home.url, "assets", part("a.png", b"picture"), headers=ada.headers).json["a.png"]
    found = {"assets": f"/assets/{picture}"}
    for service, field in (("tfjs-models", SHARD), ("onnx-models", "m.onnx")):
        pairs = upload(home.url, service, part(field, b"weights", field), headers=ada.headers).json
        document = ada.ask("POST", f"/{service}", {"name": "m", "files": pairs}).json
        found[service] = f"/{service}/{document['_id']}/{field}"
    return found


@pytest.mark.parametrize("service", ["assets", "tfjs-models", "onnx-models"])
def test_files_ask_for_a_login(home: Backend, ada: User, bob: User, places: dict[str, str], service: str) -> None:
    place = places[service]
    content = b"picture" if service == "assets" else b"weights"
    forged = {"Authorization": ada.headers["Authorization"][:-3] + "abc"}

    for method in ("GET", "HEAD"):
        for headers in ({}, forged, {"Authorization": "Bearer x"}, {"Authorization": "Basic YTpi"}, {"Cookie": "a=b"}):
            answer = ask(home.url, method, place, headers=headers)
            assert (answer.code, content in answer.body) == (401, False)
    assert ada.ask("GET", place).body == content
    if service != "assets":  # a document says whose it is
        assert bob.ask("GET", place).code in (403, 404)
    before = sorted(path.name for path in (home.data / "uploads").rglob("*"))
    assert upload(home.url, service, part("a.png", b"x")).code == 401
    assert sorted(path.name for path in (home.data / "uploads").rglob("*")) == before


@pytest.mark.parametrize("service", ["assets", "tfjs-models", "onnx-models"])
def test_a_browser_with_a_page_that_is_logged_in_shows_files(
    home: Backend, ada: User, places: dict[str, str], service: str
) -> None:
    place = places[service]
    first = Socket(home.url)
    assert first.headers["set-cookie"].endswith("; Path=/; HttpOnly; SameSite=Strict")
    cookie = cookie_of(first)
    assert ask(home.url, "GET", place, headers=cookie).code == 401

    login = {"strategy": "local", **ada.login}
    assert first.call("create", "authentication", login, {})[0] is None
    assert ask(home.url, "GET", place, headers=cookie).code == 200
    second = Socket(home.url, cookie=cookie["Cookie"])  # another tab of that browser, in which nobody logs in yet
    second.call("find", "runs", {})  # it is open
    cookie = cookie_of(second)
    assert ask(home.url, "GET", place, headers=cookie).code == 200

    assert first.call("remove", "authentication", None, {})[0] is None
    assert ask(home.url, "GET", place, headers=cookie).code == 401
    assert second.call("create", "authentication", login, {})[0] is None
    assert ask(home.url, "GET", place, headers=cookie).code == 200
    assert first.call("create", "authentication", login, {})[0] is None
    second.close()
    third = Socket(home.url, cookie=cookie["Cookie"])  # the second is loaded again
    third.call("find", "runs", {})
    cookie = cookie_of(third)
    third.close()
    assert ask(home.url, "GET", place, headers=cookie).code == 200
    first.close()
    assert eventually(lambda: ask(home.url, "GET", place, headers=cookie).code == 401)


def test_the_ticket_of_a_browser_reads_files_and_does_nothing_else(home: Backend, ada: User) -> None:
    for method, target in [("GET", "/runs"), ("POST", "/runs"), ("GET", "/assets"), ("DELETE", "/assets/x/y.png")]:
        answer = ask(home.url, method, target, {} if method == "POST" else None, ada.cookie)
        assert answer.code in (401, 404), target
    assert upload(home.url, "assets", part("a.png", b"x"), headers=ada.cookie).code == 401


@pytest.mark.parametrize("kind", ["made up", "of a stranger", "of a user"])
def test_nobody_chooses_the_ticket_of_a_browser(
    home: Backend, ada: User, bob: User, places: dict[str, str], kind: str
) -> None:
    mallory = Socket(home.url)
    if kind == "of a user":
        assert mallory.call("create", "authentication", {"strategy": "local", **bob.login}, {})[0] is None
    planted = cookie_of(mallory)["Cookie"]
    if kind == "made up":
        planted = f"{planted.split('=')[0]}=0123456789abcdef"
    victim = Socket(home.url, cookie=planted)
    assert victim.call("create", "authentication", {"strategy": "local", **ada.login}, {})[0] is None

    assert planted not in victim.headers["set-cookie"]
    assert ask(home.url, "GET", places["assets"], headers={"Cookie": planted}).code == 401
    assert ask(home.url, "GET", places["tfjs-models"], headers=cookie_of(victim)).code == 200  # Ada's, not Mallory's
    again = Socket(home.url, cookie=planted)  # who comes back with it gets nothing of the victim's
    again.call("find", "runs", {})
    assert ask(home.url, "GET", places["assets"], headers=cookie_of(again)).code == 401
    for socket in (mallory, victim, again):
        socket.close()


@pytest.mark.parametrize("proto", ["https", "HTTPS", "https, http"])
def test_behind_tls_the_ticket_is_for_tls_and_this_host_alone(
    home: Backend, ada: User, places: dict[str, str], proto: str
) -> None:
    tls = {"X-Forwarded-Proto": proto}
    socket = Socket(home.url, header=tls)
    assert socket.call("create", "authentication", {"strategy": "local", **ada.login}, {})[0] is None
    cookie = cookie_of(socket)["Cookie"]

    assert cookie.startswith("__Host-")
    assert socket.headers["set-cookie"].endswith("; Path=/; HttpOnly; SameSite=Strict; Secure")
    assert ask(home.url, "GET", places["assets"], headers={"Cookie": cookie, **tls}).code == 200
    for plain in (ada.cookie["Cookie"], cookie.removeprefix("__Host-")):  # what a page without TLS can set
        assert ask(home.url, "GET", places["assets"], headers={"Cookie": plain, **tls}).code == 401
    socket.close()


@pytest.mark.parametrize("service", ["assets", "tfjs-models", "onnx-models"])
def test_what_one_user_has_uploaded_no_document_of_another_names(
    home: Backend, ada: User, bob: User, places: dict[str, str], service: str
) -> None:
    kind = home.data / "uploads" / service.removesuffix("-models")
    (folder,) = {path.parent.name for path in kind.rglob("*.*") if path.read_bytes() in (b"picture", b"weights")}
    for text in (f"{folder}/a.png", f"{folder}/other"):
        for fields in ({"files": [["a", text]]}, {"files": [["x", "x/y"], ["a", text]]}, {"url": text}):
            mine = bob.ask("POST", f"/{service}", {"name": "mine"}).json["_id"]
            answers = [
                bob.ask("POST", f"/{service}", fields),
                bob.ask("PATCH", f"/{service}/{mine}", fields),
                bob.ask("PATCH", f"/{service}/{mine}", {"$set": fields}),
                bob.ask("PUT", f"/{service}/{mine}", fields),
            ]
            assert {answer.code for answer in answers} == {403}
            error, _ = bob.socket.call("create", service, fields, {})
            assert error["code"] == 403
            assert ask(home.url, "POST", f"/{service}", fields).code == 401

    place = places[service]
    assert ada.ask("GET", place).code == 200
    assert ada.ask("POST", f"/{service}", {"url": f"{folder}/a.png"}).code == 201
    assert ada.ask("GET", f"/assets/{folder}/.owner").code == 400


def test_the_secret_and_the_databases_are_out_of_reach_of_a_user(home: Backend, ada: User) -> None:
    for text in ("../../secret", "../../db/users.db", "../../../secret"):
        assert ada.ask("POST", "/tfjs-models", {"files": [["a", text]]}).code == 400
    for target in (
        "/assets/..%2F..%2Fdb/users.db",
        "/assets/%2e%2e/secret",
        "/x%2F..%2Fusers",
        "/secret",
        "/db/users.db",
    ):
        answer = ada.ask("GET", target)
        assert b"$2" not in answer.body
        assert (home.data / "secret").read_bytes() not in answer.body


@pytest.mark.parametrize("header", ["a" * 15_500, "Bearer " + "a" * 8_192, "Bearer", "a\tb"], ids=len)
def test_a_header_that_is_no_login_is_refused_at_the_door(home: Backend, header: str) -> None:
    for target in ("/info", "/runs", "/socket.io/?EIO=3&transport=polling"):
        assert ask(home.url, "GET", target, headers={"Authorization": header}).code == 400


def test_a_login_that_is_not_json_is_quoted_nowhere(home: Backend) -> None:
    body = b'{"strategy": "local", "password": s3cret-piece}'

    answer = ask(home.url, "POST", "/authentication", body, {"Content-Type": "application/json"})

    assert answer.code == 400
    assert "JSON" in answer.json["message"]
    assert b"s3cret" not in answer.body
    assert "s3cret" not in (home.data / "backend.log").read_text()
