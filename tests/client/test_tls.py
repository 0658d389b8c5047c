"""https backends: whose certificate is taken, on each of the three ways that a client talks to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.client.rest.http import Http
from marcelle_rt.client.socket.probe import find_protocol
from marcelle_rt.client.socket.transport import Line
from marcelle_rt.errors import BackendUnreachable, InvalidData, MarcelleError
from tests.helpers import eventually
from tests.support.services import fresh_name
from tests.support.tls_proxy import SecureProxy


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority that no machine knows."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That authority is named in `MARCELLE_CA_BUNDLE`."""
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("MARCELLE_CA_BUNDLE", str(bundle))
    return bundle


@pytest.fixture
def secure(backend: Backend, authority: trustme.CA) -> Iterator[str]:
    """The https URL of the shared backend."""
    with SecureProxy(backend.url, authority) as proxy:
        yield proxy.url


def probe(url: str) -> None:
    find_protocol(url, 10)


def request(url: str) -> None:
    http = Http(url, lambda refused=None: "the-token")
    try:
        http.request("GET", "things")
    finally:
        http.close()


def open_socket(url: str) -> None:
    line = Line(url, wants=lambda name: False, on_event=lambda name, raw: None, on_lost=lambda line: None)
    line.open(10)
    line.close()


@pytest.fixture(params=[probe, open_socket, request])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """One of the ways to talk to a backend; the socket without the probe, which would refuse before it."""
    monkeypatch.setattr("marcelle_rt.client.socket.transport.find_protocol", lambda location, timeout: 3)
    chosen: Callable[[str], None] = request.param
    return chosen


def test_services_events_and_uploads_work_with_an_authority_of_one_s_own(
    trusted: Path, secure: str, open_store: Callable[..., DataStore], tmp_path: Path
) -> None:
    store = open_store(secure)
    things = store.service(fresh_name())
    seen: list[int] = []
    things.on("created", lambda document: seen.append(document["n"]))
    things.create({"n": 1})
    assert things.count() == 1
    eventually(lambda: seen == [1])
    picture = tmp_path / "picture.png"
    picture.write_bytes(bytes(range(256)) * 1000)
    assert "a.png" in store.uploads.post_files("assets/upload", [("a.png", "a.png", picture, "image/png")])


def test_each_way_takes_a_certificate_of_the_named_authority(
    trusted: Path, secure: str, way: Callable[[str], None]
) -> None:
    way(secure)


def test_each_way_refuses_a_certificate_of_an_unknown_authority_and_says_what_to_do(
    secure: str, way: Callable[[str], None]
) -> None:
    with pytest.raises(BackendUnreachable, match=r"certificate is not trusted .* set MARCELLE_CA_BUNDLE to the file"):
        way(secure)


def test_a_bundle_trusts_what_is_in_it_alone(
    secure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Callable[[str], None]
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "another.pem"))
    monkeypatch.setenv("MARCELLE_CA_BUNDLE", str(tmp_path / "another.pem"))
    with pytest.raises(BackendUnreachable, match="not trusted"):
        way(secure)


def test_each_way_refuses_another_host_s_certificate(
    trusted: Path, backend: Backend, authority: trustme.CA, way: Callable[[str], None]
) -> None:
    with (
        SecureProxy(backend.url, authority, host="elsewhere.example") as proxy,
        pytest.raises(BackendUnreachable, match="certificate is for another host"),
    ):
        way(proxy.url)


def test_https_to_a_server_without_it_says_so(backend: Backend, way: Callable[[str], None]) -> None:
    with pytest.raises(BackendUnreachable, match="TLS fails"):
        way(backend.url.replace("http://", "https://"))


@pytest.mark.parametrize(("content", "reason"), [(None, "can't be read"), ("no certificate", "no certificates in PEM")])
def test_a_bundle_that_can_t_be_used_is_an_error_that_names_it(
    secure: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_store: Callable[..., DataStore],
    content: str | None,
    reason: str,
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    monkeypatch.setenv("MARCELLE_CA_BUNDLE", str(bundle))
    store = open_store(secure)
    for call in (store.connect, store.service("things").find, lambda: store.session.http.request("GET", "things")):
        with pytest.raises(InvalidData) as refused:
            call()
        assert "MARCELLE_CA_BUNDLE" in str(refused.value)
        assert str(bundle) in str(refused.value)
        assert reason in str(refused.value)


def test_a_refused_certificate_gets_no_login(secure: str, open_store: Callable[..., DataStore]) -> None:
    store = open_store(secure, email="ada@example.com", password="a secret")
    with pytest.raises(MarcelleError) as refused:
        store.connect()
    assert "not trusted" in str(refused.value)
    assert store.status == "disconnected"
