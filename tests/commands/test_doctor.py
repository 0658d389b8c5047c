"""`marcelle-rt doctor`: what it finds with real servers, and with what stands in their way."""

from __future__ import annotations

import http.server
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Uploader, Writer
from marcelle_rt.backend import Backend, users
from marcelle_rt.commands import checks_backend
from marcelle_rt.commands.checks_backend import clock
from marcelle_rt.commands.http import Answer, clock_difference
from marcelle_rt.runs.remote.remote import Remote
from tests.support.command import as_a_process, at_a_terminal, marcelle_rt

Found = dict[str, dict[str, str]]


def examined(url: str, **environment: str) -> tuple[int, Found]:
    """The exit code, and the checks by their names."""
    done = marcelle_rt("doctor", "--json", MARCELLE_BACKEND=url, **environment)
    answer = json.loads(done.stdout)
    assert answer["ok"] == (done.returncode == 0)
    return done.returncode, {check["name"]: check for check in answer["checks"]}


def wrong(found: Found) -> list[str]:
    return [name for name, check in found.items() if check["verdict"] == "wrong"]


@pytest.fixture
def stranger() -> Iterator[str]:
    """A web server that is no backend."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>It works!</html>")

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def everything(store: DataStore) -> dict[str, int]:
    """How many documents each service has that has any."""
    counts = {name: store.service(name).count() for name in store.services()}
    return {name: count for name, count in counts.items() if count}


def test_a_healthy_backend_has_nothing_wrong_and_nothing_is_left_on_it(own_backend: Callable[..., Backend]) -> None:
    backend = own_backend()
    with DataStore(backend.url) as store:
        store.service("runs").create({"name": "a-1"})
        before = everything(store)

        code, found = examined(backend.url)

        assert everything(store) == before
    assert (code, wrong(found)) == (0, [])
    assert "Engine.IO 3" in found["protocol"]["found"]
    assert "not required" in found["sign-in"]["found"]
    assert "980 kB comes through" in found["limits"]["found"]
    assert "median of 20" in found["round trip"]["found"]
    assert {"versions", "URL", "proxy", "TCP", "HTTP", "clock", "socket", "runs", "events", "disk"} <= set(found)
    a_login_for_a_backend_that_asks_for_none_is_warned_of_and_not_sent(backend)


def a_login_for_a_backend_that_asks_for_none_is_warned_of_and_not_sent(backend: Backend) -> None:
    _, found = examined(backend.url, MARCELLE_EMAIL="a@example.org", MARCELLE_PASSWORD="secret-1")

    assert wrong(found) == ["sign-in"]
    assert "Unset" in found["sign-in"]["mend"]
    assert not (backend.data / "db" / "authentication.db").exists()


def test_another_feathers_server_is_fine_too(feathers5: str) -> None:
    code, found = examined(feathers5)

    assert (code, wrong(found)) == (0, [])
    assert "Engine.IO 4" in found["protocol"]["found"]
    assert found["HTTP"]["verdict"] == "note"


def test_nobody_there_ends_at_that_step(unused_url: str) -> None:
    code, found = examined(unused_url)

    assert (code, wrong(found)) == (1, ["TCP"])
    assert "marcelle-rt backend" in found["TCP"]["mend"]
    assert "socket" not in found


def test_an_unknown_host_is_named() -> None:
    _, found = examined("http://no-such-host.invalid:3030")

    assert wrong(found) == ["TCP"]
    assert "no-such-host.invalid is not known" in found["TCP"]["found"]


def test_a_server_that_is_no_backend_is_told_from_one(stranger: str) -> None:
    _, found = examined(stranger)

    assert wrong(found) == ["protocol"]
    assert "does not speak Socket.IO" in found["protocol"]["found"]


def test_a_server_that_never_answers_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks_backend._TIMEOUT <= 5
    monkeypatch.setattr(checks_backend, "_TIMEOUT", 0.5)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()

        _, found = examined(f"http://127.0.0.1:{mute.getsockname()[1]}")

    assert wrong(found) == ["HTTP"]


def test_a_proxy_of_the_environment_is_named_without_its_login(unused_url: str) -> None:
    proxy = unused_url.replace("http://", "http://somebody:secret-1@")

    done = marcelle_rt("doctor", "--backend", "http://backend.invalid", HTTP_PROXY=proxy, http_proxy=proxy)

    assert done.returncode == 1
    assert "secret-1" not in done.stdout + done.stderr
    assert f"through {unused_url.removeprefix('http://')}" in done.stdout


def test_a_sign_in_is_asked_for_refused_or_fine(asking: Backend) -> None:
    url = asking.url
    users.add(asking.data, "a@example.org", "secret-1")

    _, found = examined(url)
    assert wrong(found) == ["sign-in"]
    assert "MARCELLE_EMAIL" in found["sign-in"]["mend"]

    _, found = examined(url, MARCELLE_EMAIL="a@example.org", MARCELLE_PASSWORD="secret-2")
    assert wrong(found) == ["sign-in"]
    assert "Invalid login" in found["sign-in"]["found"]

    code, found = examined(url, MARCELLE_EMAIL="a@example.org", MARCELLE_PASSWORD="secret-1")
    assert (code, wrong(found)) == (0, [])


def test_run_folders_that_are_torn_broken_written_or_not_uploaded_are_named(backend: Backend, tmp_path: Path) -> None:
    def write(epochs: int) -> Path:
        with Writer("w", remote=False, base_log_dir=tmp_path / "logs") as writer:
            writer.create_run()
            for epoch in range(epochs):
                writer.save_epoch(epoch, {"loss": 1.0})
        assert writer.run_directory is not None
        return writer.run_directory

    uploaded, torn, missing = write(1), write(2), write(3)
    with Remote(backend.url) as remote:
        for directory in (uploaded, torn):
            Uploader(remote).upload(directory)
    with (torn / "journal.jsonl").open("a") as journal:
        journal.write('{"type": "epo')
    (tmp_path / "logs" / "pictures").mkdir()
    open_writer = Writer("open", remote=False, base_log_dir=tmp_path / "logs")
    open_writer.create_run()

    code, found = examined(backend.url, MARCELLE_LOG_DIR=str(tmp_path / "logs"))
    open_writer.end("success")

    assert code == 0
    assert "5 in" in found["run folders"]["found"]
    assert "1 are being written" in found["run folders"]["found"]
    assert torn.name in found["torn journals"]["found"]
    assert "pictures" in found["broken folders"]["found"]
    assert found["not uploaded"]["found"].endswith(f": {missing.name}")
    assert found["not uploaded"]["mend"] == f"marcelle-rt upload {missing}"


def test_a_clock_that_is_wrong_is_noticed() -> None:
    now = time.time()

    def answer(ahead: float) -> Answer:
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now + ahead))
        return Answer(200, {"Date": date}, b"", now, now)

    assert clock(answer(0)).verdict == "ok"
    assert clock(answer(-90)).verdict == "note"
    found = clock(answer(90))
    assert found.verdict == "note"
    assert "ahead" in found.found
    difference = clock_difference(answer(90))
    assert difference is not None
    assert 89 <= difference <= 91
    assert clock_difference(Answer(200, {"Date": "yesterday"}, b"", now, now)) is None


def test_it_is_readable_at_40_columns_and_in_ascii(unused_url: str) -> None:
    code, shown = at_a_terminal("doctor", "--backend", unused_url, columns=40)
    assert code == 1
    assert all(len(line) <= 60 for line in shown.splitlines())  # with colors
    assert "✗" in shown

    plain = as_a_process("doctor", "--backend", unused_url, PYTHONIOENCODING="ascii")
    assert plain.stdout.isascii()
    assert "WRONG TCP" in plain.stdout
