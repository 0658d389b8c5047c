"""Who reaches a backend: nobody from outside unless they sign in, or it is meant."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from marcelle_rt.backend import Backend, BackendError
from marcelle_rt.backend.reach import elsewhere, is_loopback, who
from tests.support.command import marcelle_rt


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1"])
def test_loopback_addresses_are_for_this_machine_alone(host: str) -> None:
    assert is_loopback(host)
    assert "every user and program of this machine, without signing in" in who(host, False, False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "0", "::ffff:0.0.0.0", "2001:db8::1"])
def test_others_are_refused_without_a_sign_in_with_what_to_write(host: str) -> None:
    with pytest.raises(BackendError, match=r"everybody .* --auth \(auth=True\) .* or --open \(open=True\)"):
        Backend(host=host).start()


@pytest.mark.parametrize("host", ["", "no.such.host.invalid", "a b", "x" * 70])
def test_a_host_that_is_not_known_is_named(host: str) -> None:
    with pytest.raises(BackendError, match=r"is not a known host\. Use 127\.0\.0\.1"):
        Backend(host=host).start()


def test_a_host_of_which_one_address_is_not_loopback_is_not_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*_: object, **__: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(2, 1, 6, "", (address, 0)) for address in ("127.0.1.1", "192.0.2.7")]

    monkeypatch.setattr(socket, "getaddrinfo", found)

    assert not is_loopback("lab-machine")


def test_other_machines_are_told_the_addresses_that_they_can_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "marcelle_rt.backend.reach.own_addresses", lambda: iter(["192.0.2.7", "2001:db8::7", "127.0.1.1", "192.0.2.7"])
    )

    assert elsewhere("0.0.0.0") == ["192.0.2.7"]
    assert elsewhere("::") == ["192.0.2.7", "[2001:db8::7]"]
    assert elsewhere("192.0.2.9") == ["192.0.2.9"]
    assert elsewhere("localhost") == []


def test_with_auth_other_machines_may_come_in(own_backend: Callable[..., Backend]) -> None:
    backend = own_backend(host="0.0.0.0", auth=True)

    assert backend.reach.startswith("It can be reached by everybody who reaches this machine over the network")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{backend.url}/runs", timeout=10)


def test_an_account_that_anybody_can_make_is_said() -> None:
    assert "used with an account." in who("0.0.0.0", True, False)
    assert "which anybody can create (--signup)" in who("192.0.2.1", True, True)


def test_the_command_refuses_an_open_network_with_what_to_write(node: None) -> None:
    done = marcelle_rt("backend", "--host", "0.0.0.0", "--port", "0")

    assert done.returncode == 1
    assert "--auth" in done.stderr
    assert "--open" in done.stderr
    assert done.stdout == ""
