"""Who reaches a backend, by the address that it listens on."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import suppress

from .errors import BackendError

EVERYWHERE = ("0.0.0.0", "::")
"""The addresses that stand for all of a machine's own."""

_ELSEWHERE = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))  # addresses of nobody


def own_addresses() -> Iterator[str]:
    """This machine's addresses for others, perhaps one of them twice; nothing is sent."""
    for target, family in _ELSEWHERE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as line:
            line.connect((target, 9))
            yield line.getsockname()[0]
    with suppress(OSError):
        yield from sorted({str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None)})


def elsewhere(host: str) -> list[str]:
    """The addresses at which other machines reach what listens on a host, as URLs have them; none for a loopback one.

    Raises:
        BackendError: The host is not known.
    """
    if is_loopback(host):
        return []
    addresses = dict.fromkeys(own_addresses() if host in EVERYWHERE else [host])
    wanted = [each for each in addresses if not is_loopback(each) and (":" not in each or host != "0.0.0.0")]
    return [f"[{each}]" if ":" in each else each for each in wanted]


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host: each address that it stands for is a loopback one.

    Raises:
        BackendError: The host is not known.
    """
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise BackendError(f"{host!r} is not a known host. Use 127.0.0.1, or 0.0.0.0 for all.") from None
    return all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def check(host: str, auth: bool, meant_open: bool) -> None:
    """Refuses to let a network in without a sign-in, unless that is meant.

    Raises:
        BackendError: It is not said to be meant, or the host is not known.
    """
    if auth or meant_open or is_loopback(host):
        return
    raise BackendError(
        f"At {host}, everybody who reaches this machine over the network could read, change and remove all data. "
        "Write --auth (auth=True) to make users sign in, or --open (open=True) if that is what you want."
    )


def who(host: str, auth: bool, signup: bool) -> str:
    """One sentence that says who can reach a backend, and with what."""
    if is_loopback(host):
        visitors = "every user and program of this machine"
    elif host in EVERYWHERE:
        visitors = "everybody who reaches this machine over the network, and every user of it"
    else:
        visitors = f"everybody who reaches {host} over the network"
    if not auth:
        return f"It can be used by {visitors}, without signing in."
    account = "an account, which anybody can create (--signup)" if signup else "an account"
    return f"It can be reached by {visitors}, and used with {account}."
