"""Who says nothing must leave, what breaks is logged, and the backend goes on."""

from __future__ import annotations

import json
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from marcelle_rt.backend import Backend
from tests.backend.wire import BOUNDARY, Socket, ask, form, part
from tests.helpers import eventually

SILENT = 1_000


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process may open as many sockets as the test needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, SILENT + 500)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def is_closed(line: socket.socket) -> bool:
    """Whether the other side has ended a connection; what it has said before is read away."""
    line.setblocking(False)
    try:
        while line.recv(1000):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True


def test_a_thousand_connections_that_say_nothing_are_ended_and_a_slow_upload_is_not(
    backend: Backend, many_files: None
) -> None:
    address = ("127.0.0.1", backend.port)
    body = form([part("slow.png", b"x" * 1_000)])
    head = f"POST /assets/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    head += f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nConnection: close\r\n\r\n"
    dashboard = Socket(backend.url)
    with ExitStack() as stack:
        slow = stack.enter_context(socket.create_connection(address, timeout=30))
        slow.sendall(head.encode() + body[:500])
        silent = [stack.enter_context(socket.create_connection(address)) for _ in range(SILENT)]
        halting = [stack.enter_context(socket.create_connection(address)) for _ in range(20)]
        for line in halting:
            line.sendall(b"GET /info HTTP/1.1\r\nHost: localhost\r\nX-Unfinished: ")

        assert ask(backend.url, "GET", "/info").code == 200
        assert dashboard.call("find", "things", {})[0] is None

        assert eventually(lambda: all(is_closed(line) for line in silent + halting), timeout=60, interval=0.2)
        slow.sendall(body[500:])
        assert slow.recv(100).startswith(b"HTTP/1.1 200 ")
    assert dashboard.call("find", "things", {})[0] is None
    dashboard.close()


@pytest.fixture(scope="module")
def harmed(node: None) -> Iterator[Backend]:
    """A backend whose files a test may damage, those of a service of its own."""
    with Backend() as running:
        yield running


def test_an_error_that_nobody_caught_is_logged_and_the_backend_goes_on(harmed: Backend) -> None:
    (harmed.data / "db" / "a-folder.db").mkdir()  # the database reads it later, and throws where nobody listens
    log = harmed.data / "backend.log"

    with socket.create_connection(("127.0.0.1", harmed.port)) as line:
        line.sendall(b"GET /a-folder HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert eventually(lambda: "EISDIR" in log.read_text())
    assert "Not caught" in log.read_text()
    assert ask(harmed.url, "POST", "/things", {"a": 1}).code == 201


def test_a_damaged_file_of_the_database_is_left_alone_and_said(harmed: Backend) -> None:
    damaged = harmed.data / "db" / "damaged.db"
    damaged.write_text("not what it should be\n" * 50)
    line = Socket(harmed.url)

    error, _ = line.call("create", "damaged", {"a": 1}, {})

    assert error["code"] == 500
    assert damaged.read_text().startswith("not what")
    assert eventually(lambda: "corrupt" in (harmed.data / "backend.log").read_text())
    line.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\0\1\2\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET http://evil.example/info HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 10_000 + b"\r\n",
        b"POST /runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /runs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /runs HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"GET /runs HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%2e%2e/secret HTTP/1.0\r\n\r\n",
    ],
    ids=lambda sent: sent[:25].decode("latin-1"),
)
def test_what_is_not_a_request_is_answered_with_a_plain_error(backend: Backend, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", backend.port), timeout=20) as line:
        line.sendall(sent)
        head, _, body = line.recv(5000).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 4")
    assert json.loads(body)["code"] == int(head.split()[1])
    assert ask(backend.url, "GET", "/info").code == 200


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"{", "application/json", 400),
        (b'{"a": "' + b"x" * 200_000 + b'"}', "application/json", 413),
        (b"a=" + b"x" * 200_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a%d=1" % n for n in range(2_000)), "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json; charset=nonsense", 415),
        (b'{"a.b": 1}', "application/json", 400),
        (b'{"$a": 1}', "application/json", 400),
    ],
    ids=["cut off", "large", "large form", "many fields", "charset", "dot", "dollar"],
)
def test_a_body_that_cannot_be_taken_is_a_4xx(backend: Backend, body: bytes, kind: str, code: int) -> None:
    for accepted in ("application/json", "text/html"):
        answer = ask(backend.url, "POST", "/things", body, {"Content-Type": kind, "Accept": accepted})
        assert (answer.code, answer.json["code"]) == (code, code)
        assert b"node_modules" not in answer.body
        assert "stack" not in answer.json


@pytest.mark.parametrize(
    "frame",
    [
        '42["error","x"]',
        '42["disconnect"]',
        '451-["find",{"_placeholder":true,"num":"__proto__"}]',
        '45100000000-["find"]',
        "42[",
        "zzz",
        "40/__proto__,",
        '42["__proto__","runs"]',
        '42["find"]',
        '421["create","runs",{"a":' + "[" * 200_000 + "]" * 200_000 + "},{}]",
        '450-["create",' + "[" * 200_000 + "]" * 200_000 + "]",
        '42["' + "x" * 999_000 + '"]',
    ],
    ids=lambda frame: frame[:25],
)
def test_no_frame_ends_the_backend(backend: Backend, frame: str) -> None:
    line = Socket(backend.url)
    line.send(frame)
    line.close()

    other = Socket(backend.url)
    assert other.call("find", "things", {})[0] is None
    other.close()
