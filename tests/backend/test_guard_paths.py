"""Plain names: in paths, however they are encoded, and of services, by REST and by socket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from tests.backend.wire import Line, Socket, ask

OUT = ["..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "%252e.", "..%00", "%2e%2e%5c", "..\\", "..%255c"]


def files_below(folder: Path) -> set[str]:
    """All files but the log."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix != ".log"}


@pytest.fixture
def socket(backend: Backend) -> Iterator[Socket]:
    """A socket that takes any name."""
    opened = Socket(backend.url)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def home(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend in a folder with something private beside it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "canary").mkdir()
    (folder / "canary" / "key.png").write_text("PRIVATE")
    with Backend(data=folder / "data") as running:
        yield running


@pytest.mark.parametrize("up", OUT)
def test_no_path_leads_out_of_the_data(home: Backend, up: str) -> None:
    line = Line(home.url)
    before = files_below(home.data.parent)
    for slash in ("/", "%2F", "%2f", "%252F", "\\", "%5C", "%255c"):
        for target in (
            f"/{slash.join([up] * 3)}{slash}made",
            f"/x{slash}{slash.join([up] * 3)}{slash}made",
            f"/assets/{slash.join([up] * 4)}{slash}canary{slash}key.png",
            f"/assets/x/{slash.join([up] * 4)}{slash}canary{slash}key.png",
            f"/tfjs-models/x/{slash.join([up] * 4)}{slash}canary{slash}key.png",
        ):
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"):
                answer = line.ask(method, target, None if method in ("GET", "HEAD", "DELETE") else {"a": 1})
                assert 400 <= answer.code < 500, (method, target)
                assert b"PRIVATE" not in answer.body

    assert files_below(home.data.parent) == before
    assert line.ask("GET", "/info").code == 200
    line.close()


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        ".hidden",
        "a%2Fb",
        "a%5Cb",
        "a\\b",
        "a%00b",
        "a%0Ab",
        "a%7fb",
        "%ff",
        "%",
        "%zz",
        "a%252Fb",
        "x" * 10_000,
        "__proto__",
        "constructor",
        "toString",
        "hasOwnProperty",
        "$where",
        ":serviceName",
        "%3Ax",
        "*",
        "x" * 201,
        "(a%7Caa)",
        "a+",
        "(",
        "Users",
        "USERS",
        "authentication",
        "users",
        "TFJS-models",
        "a%ED%A0%80b",
        "u%C5%BFers",
        "%EF%BD%95sers",
    ],
)
def test_a_service_has_a_plain_name(backend: Backend, name: str) -> None:
    before = sorted(os.listdir(backend.data / "db"))
    for method, target in [("GET", f"/{name}"), ("POST", f"/{name}"), ("PATCH", f"/{name}/x"), ("DELETE", f"/{name}")]:
        answer = ask(backend.url, method, target, {"a": 1} if method in ("POST", "PATCH") else None)
        assert 400 <= answer.code < 500, method
        assert answer.json["code"] == answer.code
    assert sorted(os.listdir(backend.data / "db")) == before


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../x",
        "../../users",
        "a/b",
        "a\\b",
        "a\0b",
        "a\nb",
        "..%2Fx",
        ".x",
        "__proto__",
        "constructor",
        "valueOf",
        "(.*)",
        "x" * 201,
        "x" * 10_000,
        "/../x",
        "a%2Fb",
        "users",
        "authentication",
        "Users",
        ":serviceName",
        "u\u017fers",
        "TFJS-Models",
    ],
)
def test_a_service_has_a_plain_name_on_the_socket_too(backend: Backend, socket: Socket, name: str) -> None:
    before = sorted(os.listdir(backend.data / "db"))
    for method, *arguments in [("find", {}), ("get", "x", {}), ("create", {"a": 1}, {}), ("remove", None, {})]:
        error, result = socket.call(method, name, *arguments)
        assert (error["code"], result) == (404, None)
    assert sorted(os.listdir(backend.data / "db")) == before


@pytest.mark.parametrize("name", [None, 5, {}, [], True, ["things"], {"toString": "things"}])
def test_a_service_is_named_by_a_text(socket: Socket, name: object) -> None:
    error, result = socket.call("find", name, {})

    assert (error["code"], result) == (404, None)


@pytest.mark.parametrize(
    "name", ["instances-mon jeu", "données", "日本語", "a.b", "run-batches", "50%", "x" * 200, "a, b & c"]
)
def test_an_honest_name_of_a_service_is_taken(backend: Backend, store: DataStore, name: str) -> None:
    created = store.service(name).create({"a": 1})

    assert ask(backend.url, "GET", f"/{quote(name, safe='')}/{created['_id']}").json["a"] == 1
    assert (backend.data / "db" / f"{name}.db").exists()
