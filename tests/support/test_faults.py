"""Lines break and disks fill up as they are told, so that the tests on them mean something."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import eventually
from tests.support.proxy import Proxy
from tests.support.small_disk import Disk, Limited, Mounted, small_disk


class Echo:
    """A server that sends back what it gets, and keeps it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.got = b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            with connection:
                try:
                    while data := connection.recv(65536):
                        self.got += data
                        connection.sendall(data)
                except OSError:  # cut, as the tests mean it to be
                    continue

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy(echo.url) as running:
        yield running


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
        yield connection


def test_bytes_pass_both_ways_until_they_are_cut(proxy: Proxy, client: socket.socket) -> None:
    client.sendall(b"hello")
    assert client.recv(100) == b"hello"
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    assert (proxy.live, proxy.accepted, proxy.cuts) == (0, 1, 1)


def test_a_frame_is_cut_in_its_middle(proxy: Proxy, echo: Echo, client: socket.socket) -> None:
    proxy.cut_after(7)
    client.sendall(b"0123456789")
    eventually(lambda: proxy.cuts == 1)
    eventually(lambda: echo.got == b"0123456")


def test_an_answer_is_lost_although_the_server_did_what_it_was_told(
    proxy: Proxy, echo: Echo, client: socket.socket
) -> None:
    proxy.lose(b"secret")
    client.sendall(b"a secret")
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    assert (echo.got, proxy.to_lose) == (b"a secret", 0)


def test_what_a_half_open_line_holds_arrives_when_it_is_released_even_after_its_sender_is_gone(
    proxy: Proxy, echo: Echo, client: socket.socket
) -> None:
    client.sendall(b"first")
    assert client.recv(100) == b"first"
    proxy.hold()
    client.sendall(b" late")
    client.close()
    assert echo.got == b"first"
    proxy.release()
    eventually(lambda: echo.got == b"first late")


def test_a_slow_line_takes_its_time_and_a_thin_one_more(proxy: Proxy, client: socket.socket) -> None:
    proxy.delay = 0.1
    began = time.monotonic()
    client.sendall(b"x")
    assert client.recv(1) == b"x"
    assert time.monotonic() - began >= 0.2
    proxy.delay, proxy.rate = 0.0, 50_000
    began = time.monotonic()
    client.sendall(b"x" * 10_000)
    left = 10_000
    while left:
        left -= len(client.recv(left))
    assert time.monotonic() - began >= 0.2


def test_one_chunk_in_a_few_is_cut(proxy: Proxy) -> None:
    proxy.chance = 0.3
    for _ in range(40):
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
            client.sendall(b"x")
            client.close()
    eventually(lambda: 1 <= proxy.cuts < 40)


def test_a_refused_line_is_allowed_again_and_leads_where_it_is_told(proxy: Proxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    other = Echo()
    proxy.retarget(other.url)
    proxy.allow()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        client.sendall(b"there")
        assert client.recv(100) == b"there"
    assert other.got == b"there"
    other.close()


@pytest.mark.parametrize("kind", [Mounted, Limited])
def test_a_full_disk_takes_nothing_more(kind: type[Disk], tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as made:
        disk = made if isinstance(made, kind) else Limited(made.folder)
        disk.fill()
        with pytest.raises(OSError, match=r"No space|File too large"):
            (disk.folder / "more").write_bytes(bytes(100_000))
        disk.free()
        (disk.folder / "more").write_bytes(bytes(100_000))
