"""Signing in on a line, before anybody else may use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import values
from ..config import Login
from ..errors import BackendUnreachable, FeathersError, NotAuthenticated, NotFound
from . import auth
from .call import Call, Line

CONNECT_TIMEOUT = 10.0
"""Seconds for each step of an attempt to connect, the login included."""

MOST_REFUSALS = 3
"""Refusals in a row after which a login is not sent again: servers lock accounts out after some more."""

_NOBODY = "00000000-0000-0000-0000-000000000000"  # an id that no document has


def sign_in(
    line: Line, location: str, login: Login, *, clock: Callable[[], float], timeout: float
) -> auth.Grant | None:
    """Signs in; `None` where nobody is to.

    Args:
        line: The line that is signed in.
        location: The backend's URL.
        login: Who signs in.
        clock: The monotonic clock for the grant.
        timeout: Seconds for each answer.

    Raises:
        NotAuthenticated: The server refuses, or has no sign-in; it was not given the login then.
        MarcelleError: What the line or the server raised.
    """
    data = auth.request(login)
    if data is None:
        return None

    def ask(method: str, *arguments: Any) -> Any:
        body = values.dumps([method, "authentication", *arguments])
        call = Call(method, "authentication", body, location=location, timeout=timeout)
        if not call.post(line):
            raise BackendUnreachable(location, "the connection was lost during the login")
        return call.result()

    return signed_in(ask, data, location, login, clock)


def signed_in(
    ask: Callable[[str, Any, Mapping[str, Any]], Any],
    data: Mapping[str, Any],
    location: str,
    login: Login,
    clock: Callable[[], float],
) -> auth.Grant:
    """As `sign_in`, whichever way the server is asked.

    Args:
        ask: Calls a method of the service `authentication`, with its argument and a query.
        data: What `auth.request` gave.
        location: The backend's URL.
        login: Who signs in.
        clock: The monotonic clock for the grant.
    """
    if not _has_sign_in(ask):
        raise auth.refused(location, login, "this server has no sign-in")
    try:
        answer = ask("create", data, {})
    except NotAuthenticated as refusal:
        raise auth.refused(location, login, refusal.message) from None
    return auth.Grant.accepted(login, answer, clock)


def _has_sign_in(ask: Callable[..., Any]) -> bool:
    """Whether a server has a sign-in, found out before a password goes there.

    A Marcelle backend without one makes a service of any name: it would store the password, and show it to everybody
    in an event. A service that signs in has no `get`, and one that stores finds nothing.
    """
    try:
        ask("get", _NOBODY, {})
    except NotFound:
        return False
    except FeathersError:
        return True
    return False
