"""Uploads: what their parts may be called, how many there may be, and that large ones pass."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from marcelle_rt.backend import Backend
from tests.backend.wire import BOUNDARY, ask, part, upload
from tests.helpers import eventually

FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
ROUTES = [("assets", ".png"), ("onnx-models", ".onnx"), ("tfjs-models", "shard.bin")]


def stored(backend: Backend) -> set[str]:
    """All that is in the folder of uploads, folders included."""
    uploads = backend.data / "uploads"
    return {os.path.join(folder, name) for folder, below, files in os.walk(uploads) for name in below + files}


def is_cut(line: socket.socket) -> bool:
    """Whether the other side has had enough: sends one more piece of a body."""
    try:
        line.sendall(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize(("service", "end"), ROUTES)
@pytest.mark.parametrize(
    "field",
    [
        *("../../../../canary{end}", "../{end}", "../a{end}", "a/../../b{end}", "..\\..\\a{end}", "%2e%2e%2fa{end}"),
        *("/tmp/a{end}", "a/b{end}", "a\0{end}", "a\n{end}", "..%5ca{end}", ".hidden{end}", "%252e%252e%252fa{end}"),
        *("x" * 10_000 + "{end}", "x" * 201 + "{end}", "a\x7f{end}", "a/{end}", "./a{end}", "%00{end}"),
    ],
)
def test_a_field_is_called_as_a_file_would_be(backend: Backend, service: str, end: str, field: str) -> None:
    before = stored(backend)

    answer = upload(backend.url, service, part(field.format(end=end), b"EVIL"))

    assert 400 <= answer.code < 500
    assert answer.json["code"] == answer.code
    assert eventually(lambda: stored(backend) == before)


def test_no_file_of_the_user_is_overwritten(backend: Backend, tmp_path: Path) -> None:
    picture = tmp_path / "me.png"
    picture.write_text("old")

    for up in range(1, 14):
        assert upload(backend.url, "assets", part("../" * up + str(picture)[1:], b"EVIL")).code == 400
    assert picture.read_text() == "old"


@pytest.mark.parametrize("filename", ["a\0b.png", "__proto__", "constructor", "x" * 10_000, "..", "a%2fb"])
def test_a_file_has_a_plain_name(backend: Backend, filename: str) -> None:
    assert upload(backend.url, "assets", part("a.png", b"x", filename)).code == 400


def test_a_path_before_a_files_name_is_left_away(backend: Backend) -> None:
    answer = upload(backend.url, "assets", part("a.png", b"x", "../../etc/b.png"))

    assert list(answer.json) == ["b.png"]


@pytest.mark.parametrize("service", [service for service, _ in ROUTES])
@pytest.mark.parametrize(
    "body",
    [
        b'------guard\r\n Content-Disposition: form-data; name="x"\r\n\r\n\r\n------guard--',  # CVE-2022-24434
        b"------guard\r\n" + b"A: " + b"x" * 200_000 + b"\r\n\r\n------guard--",
        b"------guard\r\n\r\n\r\n------guard--",
        b"------guard\r\nContent-Disposition\r\n\r\nx\r\n------guard--",
        b"------guard\r\nContent-Disposition: form-data\r\n\r\nx\r\n------guard--",
        b'------guard\r\nContent-Disposition: form-data; name="a.png"; filename="a"\r\n\r\ncut off',
        b"------guard",
        b"",
        b"\r\n" * 10_000,
        b"------guard\r\n" + b"A: b\r\n" * 5_000 + b"\r\nx\r\n------guard--",
        b'------guard\r\nContent-Disposition: form-data; name="__proto__[x]"\r\n\r\n1\r\n------guard--\r\n',
    ],
    ids=["blank", "long", "no header", "no colon", "no name", "cut off", "start", "nothing", "lines", "many", "proto"],
)
def test_a_malformed_form_is_refused_and_leaves_nothing(backend: Backend, service: str, body: bytes) -> None:
    before = stored(backend)

    answer = ask(backend.url, "POST", f"/{service}/upload", body, FORM)

    assert answer.code < 500
    assert answer.json is not None
    assert eventually(lambda: stored(backend) == before)
    assert ask(backend.url, "GET", "/info").code == 200


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "multipart/mixed; boundary=x", "multipart/form-data"]
)
def test_what_is_not_a_form_is_not_an_upload(backend: Backend, kind: str) -> None:
    before = stored(backend)

    assert ask(backend.url, "POST", "/assets/upload", b"{}", {"Content-Type": kind}).code in (400, 415)
    assert eventually(lambda: stored(backend) == before)


def test_ten_thousand_parts_are_refused(backend: Backend) -> None:
    before = stored(backend)

    for parts in ([part(f"{n}.png", b"x") for n in range(10_000)], [part("a", b"x", None)] * 10_000):
        assert upload(backend.url, "assets", *parts).code == 400
    assert eventually(lambda: stored(backend) == before)


def test_a_model_of_many_pieces_passes(backend: Backend) -> None:
    pieces = [part(f"group1-shard{n}of500.bin", b"x" * 100, f"group1-shard{n}of500.bin") for n in range(1, 501)]

    answer = upload(backend.url, "tfjs-models", part("model.json", b"{}", "model.json"), *pieces)

    assert len(answer.json) == 501


@pytest.mark.parametrize("name", ["a.png", "été.png", "my picture (2).png", "50%.png", "a+b=c&d.png", "日本.png"])
def test_an_honest_name_passes(backend: Backend, name: str) -> None:
    place = upload(backend.url, "assets", part("x.png", b"content", name)).json
    assert len(place) == 1
    folder, field = upload(backend.url, "assets", part(name, b"content", "a.png")).json["a.png"].split("/")
    assert ask(backend.url, "GET", f"/assets/{folder}/{quote(field)}").body == b"content"


def test_an_upload_that_breaks_off_leaves_nothing(backend: Backend) -> None:
    before = stored(backend)
    head = "POST /assets/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
    head += f"Content-Type: {FORM['Content-Type']}\r\n\r\n--{BOUNDARY}\r\n"
    with socket.create_connection(("127.0.0.1", backend.port), timeout=10) as line:
        line.sendall(head.encode() + part("broken.png", b"x" * 100_000))
        assert eventually(lambda: any(name.endswith("broken.png") for name in stored(backend)))

    assert eventually(lambda: stored(backend) == before)


def test_a_body_that_never_ends_is_cut_where_it_is_kept_in_memory(backend: Backend) -> None:
    with socket.create_connection(("127.0.0.1", backend.port), timeout=20) as line:
        line.sendall(b"POST /things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        line.sendall(b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):
            line.sendall(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 413 ")
        assert eventually(lambda: is_cut(line), timeout=30)


def test_a_quarter_of_a_gigabyte_is_streamed_to_the_disk(own_backend: Callable[..., Backend]) -> None:
    backend = own_backend()
    assert backend.process is not None
    status = Path(f"/proc/{backend.process.pid}/status")
    size, block = 250 * 2**20, bytes(range(256)) * 4096
    head = f"--{BOUNDARY}\r\n".encode() + part("large.png", b"")
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()

    def memory() -> int:
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))

    before = memory()
    with socket.create_connection(("127.0.0.1", backend.port), timeout=120) as line:
        line.sendall(b"POST /assets/upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n")
        line.sendall(f"Content-Type: {FORM['Content-Type']}\r\n".encode())
        line.sendall(f"Content-Length: {len(head) + size + len(tail)}\r\n\r\n".encode() + head)
        for _ in range(size // len(block)):
            line.sendall(block)
        line.sendall(tail)
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    (kept,) = (backend.data / "uploads" / "assets").rglob("large.png")
    with kept.open("rb") as file:
        assert all(file.read(len(block)) == block for _ in range(size // len(block)))
        assert file.read() == b""
    assert memory() - before < 150_000  # kB


@pytest.mark.parametrize("service", [service for service, _ in ROUTES])
def test_an_upload_without_a_body_is_refused_and_leaves_nothing(backend: Backend, service: str) -> None:
    before, log = stored(backend), backend.data / "backend.log"
    said = log.stat().st_size

    assert ask(backend.url, "POST", f"/{service}/upload", headers=FORM).code == 400
    assert eventually(lambda: stored(backend) == before)
    assert b" TypeError" not in log.read_bytes()[said:]
