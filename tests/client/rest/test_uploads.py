"""Files up to a real backend."""

from __future__ import annotations

import io
import socket
import threading
import tracemalloc
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.client.rest.http import Http
from marcelle_rt.client.rest.uploads import Uploads
from marcelle_rt.errors import (
    BackendUnreachable,
    BadRequest,
    ConnectionLost,
    FeathersError,
    InvalidAnswer,
    NotAuthenticated,
)
from tests.support.accounts import ADA


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "a picture.png"
    file.write_bytes(bytes(range(256)) * 100)
    return file


def uploads(url: str) -> Uploads:
    return Uploads(Http(url, lambda refused=None: None))


class Sink(BaseHTTPRequestHandler):
    """Takes whatever is posted, and answers how much it was, or what it was told to answer."""

    answer: tuple[int, bytes] | None = None

    def do_POST(self) -> None:
        size = left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        status, body = self.answer or (201, str(size).encode())
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def sink() -> Iterator[type[Sink]]:
    class Mine(Sink):
        url = ""

    with HTTPServer(("127.0.0.1", 0), Mine) as server:
        Mine.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield Mine
        server.shutdown()


def test_a_file_arrives_whole(store: DataStore, backend: Backend, picture: Path) -> None:
    answer = store.uploads.post_files("assets/upload", [("file.png", "file.png", picture, "image/png")])
    with urllib.request.urlopen(f"{backend.url}/assets/{answer['file.png']}") as stored:
        assert stored.read() == picture.read_bytes()


def test_several_files_go_in_one_request(store: DataStore, tmp_path: Path) -> None:
    model, weights = tmp_path / "model.json", tmp_path / "group1-shard1of1.bin"
    model.write_text("{}")
    weights.write_bytes(b"\0" * 4000)
    files = [
        (file.name, file.name, file, mime)
        for file, mime in ((model, "application/json"), (weights, "application/octet-stream"))
    ]
    answer = store.uploads.post_files("tfjs-models/upload", files)
    assert sorted(name for name, _ in answer) == ["group1-shard1of1.bin", "model.json"]


def test_what_the_server_refuses_raises_its_own_error(store: DataStore, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    with pytest.raises(FeathersError, match="POST assets/upload"):
        store.uploads.post_files("assets/upload", [("notes.txt", "notes.txt", text, "text/plain")])


def test_the_login_s_token_goes_along(guarded: str, open_store: Callable[..., DataStore], picture: Path) -> None:
    stranger = open_store(guarded)
    files = [("file.png", "file.png", picture, "image/png")]
    with pytest.raises(NotAuthenticated):
        stranger.uploads.post_files("assets/upload", files)
    assert "file.png" in open_store(guarded, **ADA).uploads.post_files("assets/upload", files)


def test_memory_does_not_grow_with_the_file(sink: type[Sink], tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(32 << 20)
    uploads(sink.url).post_files("upload", [])  # imports what it needs
    tracemalloc.start()
    try:
        sent = uploads(sink.url).post_files("upload", [("a", "a", large, "x/y")])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sent > 32 << 20
    assert peak < 8 << 20


def test_no_bar_is_drawn_where_nobody_looks(
    sink: type[Sink], picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uploads(sink.url).post_files("upload", [("a", "a", picture, "x/y")])
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_drawn_on_a_terminal_once_it_takes_long(
    sink: type[Sink], picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("marcelle_rt.client.rest.uploads._SHOW_AFTER", 0.0)
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    uploads(sink.url).post_files("upload", [("a", "a", picture, "x/y")])
    assert "Uploading to upload" in terminal.getvalue()


def test_a_missing_file_is_an_os_error_and_nothing_is_sent(store: DataStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.uploads.post_files("assets/upload", [("a.png", "a.png", tmp_path / "a.png", "image/png")])


def test_a_refused_connection_is_told_from_one_that_broke(picture: Path) -> None:
    files = [("a", "a", picture, "x/y")]
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    hung_up = threading.Thread(target=lambda: listener.accept()[0].close())
    hung_up.start()
    with pytest.raises(ConnectionLost, match="POST upload"):
        uploads(url).post_files("upload", files)
    hung_up.join(10)
    listener.close()
    with pytest.raises(BackendUnreachable, match="refuses the connection"):
        uploads(url).post_files("upload", files)


def test_answers_that_are_no_json_are_errors_with_their_status(sink: type[Sink], picture: Path) -> None:
    files = [("a", "a", picture, "x/y")]
    for answer, kind in (
        ((400, b"<html>Bad</html>"), BadRequest),
        ((502, b""), FeathersError),
        ((200, b"<html>Welcome</html>"), InvalidAnswer),
    ):
        sink.answer = answer
        with pytest.raises(kind, match=f"HTTP status {answer[0]}"):
            uploads(sink.url).post_files("upload", files)
