"""The connection: shared, mending itself, leaving nothing behind."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.client.socket import connection
from marcelle_rt.client.socket.connection import full_jitter
from marcelle_rt.errors import BackendUnreachable, CallTimeout, ConnectionLost, InvalidData, MarcelleError
from tests.helpers import eventually
from tests.support.leftovers import Leftovers, threads_of_ours
from tests.support.proxy import Proxy
from tests.support.services import fresh_name, key


def test_it_connects_at_the_first_use_and_leaves_no_thread_or_socket(proxied: Proxy) -> None:
    left = Leftovers()
    store = DataStore(proxied.url)
    assert (store.status, left.threads()) == ("disconnected", set())
    store.service("things").count()
    assert store.status == "connected"
    store.close()
    store.close()
    assert (store.status, left.threads()) == ("closed", set())
    eventually(lambda: left.sockets() == set())  # the proxy's too


def test_a_closed_store_says_so(server: str) -> None:
    store = DataStore(server)
    store.close()
    with pytest.raises(BackendUnreachable, match="closed"):
        store.connect()


def test_stores_of_one_url_share_a_connection_until_the_last_is_closed(
    proxied: Proxy, open_store: Callable[..., DataStore]
) -> None:
    first, second = open_store(proxied.url), open_store(proxied.url + "/")
    first.connect()
    second.connect()
    assert proxied.live == 1
    seen: list[dict] = []
    name = fresh_name()
    first.service(name).on("created", lambda document: seen.append({"closed": True}))
    first.close()
    second.service(name).on("created", seen.append)
    second.service(name).create({"n": 1})
    eventually(lambda: seen)
    assert [document.get("n") for document in seen] == [1]
    second.close()
    eventually(lambda: proxied.live == 0)


def test_the_session_that_finds_the_version_is_closed_again(server: str) -> None:
    with Proxy(server) as proxy, DataStore(proxy.url) as store:
        store.connect()
        eventually(lambda: proxy.live == 1)


def test_many_threads_call_at_once(server: str) -> None:
    with DataStore(server) as store:
        service = store.service(fresh_name())
        wrong: list[object] = []

        def work(mine: int) -> None:
            for n in range(20):
                made = service.create({"mine": mine, "n": n})
                if service.get(key(made)) != made:
                    wrong.append(made)

        threads = [threading.Thread(target=work, args=(mine,)) for mine in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert (wrong, service.count()) == ([], 160)


def test_after_any_number_of_cuts_there_is_one_connection_and_each_event_comes_once(
    proxied: Proxy, open_store: Callable[..., DataStore]
) -> None:
    started = Leftovers()
    store = open_store(proxied.url)
    service = store.service(fresh_name())
    seen: list[int] = []
    ups: list[str] = []
    store.on("connected", lambda: ups.append("up"))
    store.on("disconnected", lambda: ups.append("down"))
    service.on("created", lambda document: seen.append(document["n"]))
    for n in range(10):
        service.create({"n": n})
        eventually(lambda n=n: len(seen) == n + 1)
        proxied.cut()
        eventually(lambda n=n: ups.count("down") == n + 1)
        store.connect()
    service.create({"n": 10})
    eventually(lambda: len(seen) == 11)
    assert seen == list(range(11))
    assert ups == ["up", "down"] * 10 + ["up"]
    assert proxied.live == 1
    assert len(started.threads()) == 4


def test_a_line_that_breaks_while_it_is_greeted_is_opened_again_at_once(
    proxied: Proxy, open_store: Callable[..., DataStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT", 100.0)
    for greeting in (b'40{"sid"', b"\x81\x0240"):  # of Socket.IO 4 and 2
        proxied.lose(greeting)
    open_store(proxied.url, timeout=50.0).connect()
    assert proxied.to_lose == 1


def test_a_write_under_way_fails_at_once_when_the_line_drops(
    proxied: Proxy, open_store: Callable[..., DataStore]
) -> None:
    store = open_store(proxied.url, timeout=60)
    store.connect()
    proxied.hold()
    call = store.connection.call_async("create", "things", {"n": 1}, {}, timeout=60)
    proxied.cut()
    with pytest.raises(ConnectionLost, match=r"things\.create"):
        call.result(timeout=10)
    proxied.release()


def test_a_read_under_way_is_sent_again_when_the_line_drops(
    proxied: Proxy, open_store: Callable[..., DataStore]
) -> None:
    store = open_store(proxied.url, timeout=60)
    service = store.service(fresh_name())
    made = service.create({"n": 1})
    proxied.hold()
    call = store.connection.call_async("get", service.name, key(made), {}, timeout=60)
    proxied.cut()
    proxied.release()
    assert call.result() == made


def test_calls_wait_for_the_reconnect_but_not_longer_than_their_timeout(
    proxied: Proxy, open_store: Callable[..., DataStore]
) -> None:
    patient, hasty = open_store(proxied.url), open_store(proxied.url, timeout=0.2)
    patient.connect()
    proxied.refuse()
    eventually(lambda: patient.status == "connecting")
    with pytest.raises(BackendUnreachable, match="refused"):
        hasty.service("things").create({})
    counted: list[int] = []
    waiting = threading.Thread(target=lambda: counted.append(patient.service(fresh_name()).count()))
    waiting.start()
    proxied.allow()
    waiting.join(20)
    assert counted == [0]


def test_a_half_open_line_is_noticed_within_two_ping_intervals(backend: Backend) -> None:
    # The server's word of 25 s is made 1 s on its way to the client, who pings in Engine.IO 3.
    told = {b'"pingInterval":25000': b'"pingInterval": 1000'}
    with Proxy(backend.url, told) as proxy, DataStore(proxy.url, timeout=0.5) as store:
        lost = threading.Event()
        store.on("disconnected", lost.set)
        store.connect()
        assert not lost.wait(3), "a line that only idles was given up"
        proxy.hold()
        assert lost.wait(2.5)
        proxy.cut()
        proxy.release()
        store.service("things").count()
        assert proxy.live == 1


def test_a_backend_that_starts_again_is_found_again(own_backend: Callable[..., Backend]) -> None:
    backend = own_backend()
    with DataStore(backend.url, timeout=30) as store:
        service = store.service("things")
        seen: list[dict] = []
        service.on("created", seen.append)
        service.create({"n": 1})
        backend.stop()
        eventually(lambda: store.status == "connecting")
        backend.start()
        service.create({"n": 2})
        eventually(lambda: len(seen) == 2)
        assert service.count() == 2


def test_a_forked_child_has_a_connection_of_its_own_and_the_parent_keeps_his(
    proxied: Proxy, open_store: Callable[..., DataStore]
) -> None:
    store = open_store(proxied.url)
    service = store.service(fresh_name())
    seen: list[int] = []
    service.on("created", lambda document: seen.append(document["n"]))
    service.create({"n": 0})
    lost: list[bool] = []
    store.on("disconnected", lambda: lost.append(True))
    child = os.fork()
    if child == 0:
        try:
            service.create({"n": service.count()})
            store.close()
        finally:
            os._exit(0 if threads_of_ours() == set() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    service.create({"n": 2})
    eventually(lambda: len(seen) == 3)
    assert (seen, lost) == ([0, 1, 2], [])
    eventually(lambda: proxied.live == 1)


def test_the_interrupt_handler_and_the_root_logger_are_left_alone(server: str) -> None:
    before = signal.getsignal(signal.SIGINT), list(logging.root.handlers), logging.root.level
    engine = logging.getLogger("engineio.client"), logging.getLogger("socketio.client")
    with DataStore(server) as store:
        store.connect()
        assert (signal.getsignal(signal.SIGINT), list(logging.root.handlers), logging.root.level) == before
        assert [logger.handlers for logger in engine] == [[], []]


def test_handlers_hear_of_failed_attempts(proxied: Proxy, open_store: Callable[..., DataStore]) -> None:
    store = open_store(proxied.url)
    errors: list[MarcelleError] = []

    @store.on("error")
    def note(error: MarcelleError) -> None:
        errors.append(error)

    store.connect()
    proxied.refuse()
    eventually(lambda: errors)
    assert isinstance(errors[0], BackendUnreachable)
    with pytest.raises(InvalidData, match="connected, disconnected, error"):
        store.on("created", note)


def test_a_host_that_refuses_is_named(open_store: Callable[..., DataStore]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    store = open_store(url)
    with pytest.raises(BackendUnreachable, match=f"{url}: Connection refused.*marcelle-rt backend"):
        store.connect()
    assert store.status == "disconnected"


def test_a_host_that_never_answers_is_waited_for_no_longer_than_told(
    open_store: Callable[..., DataStore],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = open_store(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        with pytest.raises(BackendUnreachable, match="did not answer"):
            store.service("things").count()


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "not speak Socket.IO .HTTP status 404"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "does not speak Socket.IO"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not speak HTTP"),
    ],
)
def test_a_port_that_speaks_something_else_is_told_apart(
    open_store: Callable[..., DataStore], greeting: bytes, said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(greeting)

        threading.Thread(target=greet, daemon=True).start()
        with pytest.raises(BackendUnreachable, match=said):
            open_store(f"http://127.0.0.1:{listener.getsockname()[1]}").connect()


def test_a_host_without_an_address_is_named(open_store: Callable[..., DataStore]) -> None:
    with pytest.raises(BackendUnreachable, match=r"http://nowhere\.invalid"):
        open_store("http://nowhere.invalid").connect()
    with pytest.raises(BackendUnreachable, match="not a host name"):
        open_store(f"http://{'a' * 70}.b").connect()


@pytest.mark.parametrize("location", ["localhost:3030", "ftp://localhost", "http://", ""])
def test_a_url_without_a_scheme_or_host_is_refused_with_the_way_out(location: str) -> None:
    with pytest.raises(InvalidData, match=r"location.*http://"):
        DataStore(location)


def test_a_handler_may_close_its_store(server: str) -> None:
    left = Leftovers()
    store = DataStore(server)
    name = fresh_name()
    store.service(name).on("created", lambda document: store.close())
    with DataStore(server) as other:  # the call's own answer must not depend on which store closes first
        other.service(name).create({})
    eventually(lambda: store.status == "closed" and left.threads() == set())


def test_calls_under_way_end_when_the_store_is_closed(proxied: Proxy) -> None:
    store = DataStore(proxied.url, timeout=60)
    store.connect()
    proxied.hold()
    write = store.connection.call_async("create", "things", {}, {}, timeout=60)
    read = store.connection.call_async("find", "things", {}, timeout=60)
    store.close()
    with pytest.raises(ConnectionLost):
        write.result()
    with pytest.raises(BackendUnreachable):
        read.result()


def test_an_answer_that_comes_too_late_is_dropped(proxied: Proxy, open_store: Callable[..., DataStore]) -> None:
    store = open_store(proxied.url)
    service = store.service(fresh_name())
    made = service.create({"n": 1})
    proxied.hold()
    call = store.connection.call_async("get", service.name, key(made), {}, timeout=10)
    with pytest.raises(CallTimeout):
        call.result(timeout=0.1)
    proxied.release()
    assert service.get(key(made)) == made
    assert not call.done()


def test_waits_before_reconnecting_are_drawn_below_a_bound_that_doubles() -> None:
    bounds = islice(full_jitter(0.5, 3.0, draw=lambda low, high: high), 5)
    assert list(bounds) == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert all(0 <= wait <= 0.5 for wait in (next(full_jitter(0.5)) for _ in range(100)))


def test_a_proxy_of_the_environment_is_not_asked_for_this_machines_backend(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "a.txt"
    file.write_text("a")
    with DataStore(backend.url) as store:
        store.connect()
        store.uploads.post_files("nowhere", [("file", "a.txt", file, "text/plain")], progress=False)
