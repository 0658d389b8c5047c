"""Requests to a backend: kept connections, tokens that the server refuses, redirects, answers without end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.client.rest.http import Http
from marcelle_rt.errors import BackendUnreachable, CallTimeout, FeathersError, InvalidAnswer, NotAuthenticated
from tests.helpers import eventually
from tests.support.accounts import ADA
from tests.support.proxy import Proxy

PICTURE = bytes(range(256)) * 100


class Recorder(BaseHTTPRequestHandler):
    """Keeps the headers of each request, and answers as it is told."""

    protocol_version = "HTTP/1.1"
    seen: list[dict[str, str]]
    status, headers_out, body = 200, {}, b"{}"  # type: ignore[var-annotated]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append({"path": self.path, **self.headers})
        self.send_response(self.status)
        for name, value in {"Content-Length": str(len(self.body)), **self.headers_out}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *args: object) -> None:
        """Says nothing."""


class Endless(Recorder):
    """Answers with more than anybody wants."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        with_more = b" " * (1 << 20)
        try:
            while True:
                self.wfile.write(with_more)
        except OSError:
            self.seen.append({"ended": "yes"})
            self.close_connection = True


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[str, type[Recorder]]]]:
    """Starts servers that record what they get; their URL and their handler, whose attributes they answer with."""
    servers = []

    def start(kind: type[Recorder] = Recorder, **answers: object) -> tuple[str, type[Recorder]]:
        mine = type("Mine", (kind,), {"seen": [], **answers})
        server = ThreadingHTTPServer(("127.0.0.1", 0), mine)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}", mine

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "picture.png"
    file.write_bytes(PICTURE)
    return file


def nobody(refused: str | None = None) -> str | None:
    return None


def with_token(refused: str | None = None) -> str | None:
    return "the-token"


def test_a_connection_is_kept_for_the_next_request(backend: Backend) -> None:
    with Proxy(backend.url) as proxy:
        http = Http(proxy.url, nobody)
        for _ in range(5):
            assert "data" in http.request("GET", "things?$limit=0")
        assert proxy.accepted == 1
        http.close()


def test_a_forked_child_makes_a_connection_of_its_own(serve: Callable[..., tuple[str, type[Recorder]]]) -> None:
    url, _ = serve(body=b"[1]")
    http = Http(url, nobody)
    http.request("GET", "a")
    session = http._session
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        answer = http.request("GET", "a")
        os.write(write, b"own" if http._session is not session and answer == [1] else b"shared")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"own"
    os.close(read)
    os.close(write)


def test_after_the_server_refuses_a_token_the_upload_signs_in_again_once(forgetful: str, picture: Path) -> None:
    files = [("file.png", "file.png", picture, "image/png")]
    with DataStore(forgetful, **ADA) as ada:
        ada.connect()
        connection = ada.connection
        first = connection._grant
        assert first is not None
        with connection._changed:  # as after a night's sleep of this machine: the token ended unnoticed
            connection._grant = replace(first, due=None)
            connection._changed.notify_all()
        eventually(lambda: is_refused(Http(forgetful, lambda refused=None: first.token)), interval=0.2)
        assert "file.png" in ada.uploads.post_files("assets/upload", files)
        assert connection._grant is not None
        assert connection._grant.token != first.token
    with DataStore(forgetful, **ADA) as ada, DataStore(forgetful, token=token_of(ada)) as by_token:
        assert "file.png" in by_token.uploads.post_files("assets/upload", files)


def is_refused(http: Http) -> bool:
    try:
        http.request("GET", "things")
    except NotAuthenticated:
        return True
    return False


def token_of(store: DataStore) -> str:
    return store.connection.token(time.monotonic() + 10) or ""


def test_a_token_that_is_refused_twice_is_tried_no_more(serve: Callable[..., tuple[str, type[Recorder]]]) -> None:
    url, server = serve(status=401, body=b'{"name": "NotAuthenticated", "message": "no"}')
    with pytest.raises(NotAuthenticated):
        Http(url, lambda refused=None: "other" if refused else "first").request("GET", "things")
    assert [request["Authorization"] for request in server.seen] == ["Bearer first", "Bearer other"]
    with pytest.raises(NotAuthenticated):
        Http(url, with_token).request("GET", "things")
    assert len(server.seen) == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_error_that_names_the_other_server_which_gets_nothing(
    serve: Callable[..., tuple[str, type[Recorder]]], status: int
) -> None:
    other, thief = serve()
    url, server = serve(status=status, headers_out={"Location": f"{other}/things?secret=1"})
    for verb in ("GET", "POST"):
        with pytest.raises(BackendUnreachable, match=f"redirects all requests to {other};") as refused:
            Http(url, with_token).request(verb, "things")
        assert "secret" not in str(refused.value)
    assert thief.seen == []
    assert server.seen[0]["Authorization"] == "Bearer the-token"


def test_the_handshake_follows_no_redirect(serve: Callable[..., tuple[str, type[Recorder]]]) -> None:
    other, thief = serve()
    url, _ = serve(status=302, headers_out={"Location": f"{other}/socket.io/?secret=1"})
    with DataStore(url, token="the-token") as store:
        with pytest.raises(BackendUnreachable, match=f"redirects all requests to {other};") as refused:
            store.connect()
        assert "secret" not in str(refused.value)
    assert thief.seen == []


def test_an_answer_without_end_is_an_error_and_is_not_kept(serve: Callable[..., tuple[str, type[Recorder]]]) -> None:
    url, _ = serve(Endless)
    with pytest.raises(InvalidAnswer, match="over 100,000,000 bytes"):
        Http(url, nobody).request("GET", "things")


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ({"body": b'{"data": ['}, InvalidAnswer),
        ({"body": b"[" * 100_000}, InvalidAnswer),
        ({"body": b"\xff\xfe"}, InvalidAnswer),
        ({"body": b'{"a": NaN}'}, InvalidAnswer),
        ({"status": 500, "body": b"[1, 2]"}, FeathersError),
        ({"status": 500, "body": b'{"message": {"a": []}, "code": "x", "name": [], "className": 3}'}, FeathersError),
        ({"status": 500, "body": b'"' + b"x" * 100 + b'"'}, FeathersError),
    ],
)
def test_answers_of_other_shapes_are_errors_of_ours(
    serve: Callable[..., tuple[str, type[Recorder]]], answers: dict[str, object], kind: type[Exception]
) -> None:
    url, _ = serve(**answers)
    with pytest.raises(kind):
        Http(url, nobody).request("GET", "things")


@pytest.mark.parametrize("body", [b"7", b"[7]", b'{"_id": {"$gt": ""}}', b'[{"id": []}]'])
def test_an_answer_that_is_not_a_document_is_an_error_of_the_service_that_asked(
    serve: Callable[..., tuple[str, type[Recorder]]], body: bytes
) -> None:
    url, _ = serve(body=body)
    with DataStore(url) as store, store.by_rest() as rest:
        things = rest.service("things")
        calls: dict[str, Callable[[], object]] = {
            "get": lambda: things.get("1"),
            "create": lambda: things.create({"n": 1}),
            "find": lambda: list(things.items()),
        }
        for name, call in calls.items():
            with pytest.raises(InvalidAnswer, match=rf"things\.{name}"):
                call()


class Dripping(Recorder):
    """Sends its answer a byte at a time, each soon enough for a time-out between two of them."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            while not self.server._BaseServer__shutdown_request:  # type: ignore[attr-defined]
                self.wfile.write(b" ")
                threading.Event().wait(0.05)
        except OSError:
            self.close_connection = True


def test_a_server_that_lets_its_answer_drip_does_not_hold_its_client_up(
    serve: Callable[..., tuple[str, type[Recorder]]],
) -> None:
    url, _ = serve(Dripping)
    with pytest.raises(CallTimeout):
        Http(url, nobody).request("GET", "things", timeout=0.3)
