"""Which hosts a backend goes by, and which pages it answers."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator

import pytest

from marcelle_rt.backend import Backend
from marcelle_rt.errors import InvalidData
from tests.backend.wire import ask

EVIL = "https://evil.example"
LAB = "https://lab.example.org"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
POLLING = "/socket.io/?EIO=3&transport=polling"
WEBSOCKET = "/socket.io/?EIO=3&transport=websocket"


@pytest.fixture(scope="module")
def lab(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend that the pages of a lab may use, with a dashboard of its own."""
    dashboard = tmp_path_factory.mktemp("lab") / "index.html"
    dashboard.write_text("the page")
    with Backend(allow_origin=[LAB], page={"index.html": dashboard}) as running:
        yield running


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:3030",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "0.0.0.0",
        "notlocalhost",
        "[::2]",
        "localhost@evil.example",
        "",
        "a b",
        "127.0.0.1:3030:1",
        "127.0.0.1/x",
        "128.0.0.1",
    ],
)
def test_a_name_that_somebody_points_at_this_machine_is_refused(backend: Backend, host: str) -> None:
    for target in ("/runs", "/info", POLLING):
        assert ask(backend.url, "GET", target, headers={"Host": host}).code in (400, 403)
    assert ask(backend.url, "GET", WEBSOCKET, headers={**UPGRADE, "Host": host}).code in (400, 403)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:9999", "LOCALHOST", "localhost.", "a.localhost", "127.1.2.3:80", "[::1]:3030"]
)
def test_the_names_of_this_machine_are_taken(backend: Backend, host: str) -> None:
    assert ask(backend.url, "GET", "/info", headers={"Host": host}).code == 200


def test_a_request_names_one_host(backend: Backend) -> None:
    address = backend.url.removeprefix("http://")
    with socket.create_connection(("127.0.0.1", backend.port), timeout=10) as line:
        line.sendall(f"GET /info HTTP/1.1\r\nHost: {address}\r\nHost: evil.example\r\n\r\n".encode())
        assert line.recv(1000).startswith(b"HTTP/1.1 400 ")
    assert ask(backend.url, "GET", "/info", headers={"Host": None}).code == 400


@pytest.mark.parametrize(
    "origin",
    [
        EVIL,
        "http://localhost.evil.example",
        "http://evil.example:3030",
        "null",
        "file://",
        "http://localhost@evil.example",
        "http://127.0.0.1.evil.example",
        "http://localhost:5173/",
        "http://127.1",
        "javascript:1",
        "",
        "localhost",
        "ftp://localhost",
        "http://localhost, https://evil.example",
        "chrome-extension://abcdef",
        "http://[::2]",
    ],
)
def test_a_page_from_elsewhere_is_refused_by_every_way_in(backend: Backend, origin: str) -> None:
    for method, target, more in [
        ("GET", "/runs", {}),
        ("POST", "/runs", {}),
        ("DELETE", "/runs/x", {}),
        ("OPTIONS", "/runs/x", {"Access-Control-Request-Method": "DELETE"}),
        ("GET", POLLING, {}),
        ("POST", POLLING, {}),
        ("OPTIONS", POLLING, {"Access-Control-Request-Method": "POST"}),
        ("GET", WEBSOCKET, UPGRADE),
    ]:
        answer = ask(backend.url, method, target, headers={"Origin": origin, **more})
        assert (answer.code, answer.readers) == (403, None), (method, target)
        assert method == "OPTIONS" or answer.json["className"] == "forbidden"


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:5173",
        "https://localhost",
        "http://127.0.0.1:8888",
        "http://[::1]:5173",
        "http://a.localhost:1",
    ],
)
def test_a_page_that_this_machine_serves_is_answered_by_every_way_in(backend: Backend, origin: str) -> None:
    headers = {"Origin": origin}
    answer = ask(backend.url, "GET", "/info", headers=headers)
    assert (answer.code, answer.readers, answer.headers["vary"].split(",")[0]) == (200, origin, "Origin")

    wanted = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    answer = ask(backend.url, "OPTIONS", "/runs/x", headers={**headers, **wanted})
    assert (answer.code, answer.readers) == (204, origin)
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization"

    answer = ask(backend.url, "GET", POLLING, headers=headers)
    assert (answer.code, answer.readers) == (200, origin)
    assert ask(backend.url, "GET", WEBSOCKET, headers={**headers, **UPGRADE}).code == 101


def test_a_program_without_an_origin_is_answered_and_no_page_may_read_it(backend: Backend) -> None:
    answer = ask(backend.url, "GET", "/info")

    assert (answer.code, answer.readers) == (200, None)
    assert ask(backend.url, "GET", WEBSOCKET, headers=UPGRADE).code == 101


def test_pages_that_were_named_at_the_start_are_let_in_and_the_others_are_not(lab: Backend) -> None:
    assert ask(lab.url, "GET", "/info", headers={"Origin": LAB}).readers == LAB
    assert ask(lab.url, "GET", WEBSOCKET, headers={"Origin": LAB, **UPGRADE}).code == 101
    assert ask(lab.url, "GET", "/info", headers={"Host": "lab.example.org"}).code == 200  # a proxy may keep the name
    for origin in (EVIL, "http://lab.example.org", f"{LAB}:8443", "null"):
        assert ask(lab.url, "GET", "/info", headers={"Origin": origin}).code == 403


def test_what_a_page_from_elsewhere_embeds_is_refused(backend: Backend) -> None:
    def code(**headers: str) -> int:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return ask(backend.url, "GET", "/info", headers=named).code

    assert code(Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="image", Referer=f"{EVIL}/page") == 403
    assert code(Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="script") == 403
    assert code(Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="iframe", Referer="about:blank") == 403
    assert code(Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="image", Referer="http://127.0.0.1:5173/page") == 200
    assert code(Sec_Fetch_Site="same-site", Sec_Fetch_Dest="image") == 200
    assert code(Sec_Fetch_Site="none", Sec_Fetch_Dest="document") == 200
    assert code(Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="document", Referer=f"{EVIL}/page") == 403


@pytest.mark.parametrize("query", ["j=0", "%6a=0", "%6A=0", "a&j", "&&j=0", f"{'a&' * 900}j=0"])
def test_polling_is_not_spoken_as_a_script(backend: Backend, query: str) -> None:
    assert ask(backend.url, "GET", f"{POLLING}&{query}").code == 400


@pytest.mark.parametrize("query", ["+j=0", "j%00=0", f"{'a&' * 1100}j=0", "%u006a=0"])
def test_what_only_looks_like_a_script_is_answered_as_polling(backend: Backend, query: str) -> None:
    answer = ask(backend.url, "GET", f"{POLLING}&{query}")

    assert b"___eio" not in answer.body


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "LINK", "SEARCH"])
def test_methods_that_nobody_uses_are_refused(backend: Backend, method: str) -> None:
    assert ask(backend.url, method, "/runs").code in (400, 405)


def test_on_all_addresses_a_bought_name_is_refused_and_the_machines_own_are_taken_without_a_sign_in(
    own_backend: Callable[..., Backend],
) -> None:
    backend = own_backend(host="0.0.0.0", open=True)
    url = backend.url

    assert "network, and every user of it, without signing in" in backend.reach
    assert ask(url, "GET", "/runs").code == 200
    for host in ("192.168.1.5:3030", socket.gethostname(), "gpu1", "gpu1.local", "[fe80::1]", "localhost"):
        assert ask(url, "GET", "/info", headers={"Host": host}).code == 200, host
        own = {"Host": host, "Origin": f"http://{host}".lower()}
        assert ask(url, "GET", "/info", headers=own).code == 200, host
    for host in ("evil.example", "1.2.3.4.evil.example", "a.local.evil.example"):
        assert ask(url, "GET", "/info", headers={"Host": host, "Origin": f"http://{host}"}).code == 403, host
    assert ask(url, "GET", "/info", headers={"Host": "192.168.1.5", "Origin": EVIL}).code == 403
    assert ask(url, "GET", "/info", headers={"Origin": "http://localhost:5173"}).code == 200


def test_a_backend_goes_by_the_name_that_it_was_told_to_listen_on(own_backend: Callable[..., Backend]) -> None:
    name = socket.gethostname()
    url = own_backend(host=name, open=True).url

    assert url.startswith(f"http://{name}:")
    assert ask(url, "GET", "/info").code == 200


def test_a_link_from_elsewhere_leads_to_the_dashboard_and_makes_nothing(lab: Backend) -> None:
    link: dict[str, str | None] = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    link["Referer"] = f"{EVIL}/page"

    assert ask(lab.url, "GET", "/", headers=link).code == 302
    assert ask(lab.url, "GET", "/dashboard/", headers=link).code == 200
    for target in ("/made-by-a-link", "/runs", "/info"):
        assert ask(lab.url, "GET", target, headers=link).code == 403
    assert not (lab.data / "db" / "made-by-a-link.db").exists()


def test_pages_without_an_origin_are_served_and_not_allowed(backend: Backend) -> None:
    with pytest.raises(InvalidData, match=r"every web page in.*python -m http\.server"):
        Backend(allow_origin=["null"])

    message = ask(backend.url, "GET", "/info", headers={"Origin": "null"}).json["message"]
    assert "--allow-origin" not in message
    assert "python -m http.server" in message


def test_too_many_packets_at_once_end_the_connection_and_a_large_one_does_not(backend: Backend) -> None:
    def packets(*texts: str) -> bytes:
        return "".join(f"{len(text)}:{text}" for text in texts).encode()

    def polled(body: bytes) -> tuple[int, int]:
        opened = ask(backend.url, "GET", POLLING).body.decode()
        line = f"{POLLING}&sid={json.loads(opened[opened.index('{') : opened.index('}') + 1])['sid']}"
        text = {"Content-Type": "text/plain;charset=UTF-8"}
        return ask(backend.url, "POST", line, body, text).code, ask(backend.url, "POST", line, packets("2"), text).code

    call = '42["find","things",{}]'
    assert polled(packets(*[call] * 900)) == (200, 200)
    assert polled(packets(f'42["find","things",{{"a":"{"x" * 900_000}"}}]')) == (200, 200)
    assert polled(packets(*[call] * 20_000)) == (200, 400)
