"""A backend's calls by HTTP, for those who need no events: no socket, and no thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from ... import values
from ...config import Login
from ...errors import AWAY, BackendUnreachable, ConnectionLost, InvalidData, NotAuthenticated, PayloadTooLarge
from .. import auth
from ..call import READS, Call
from ..caller import Status
from ..sign_in import CONNECT_TIMEOUT, MOST_REFUSALS, signed_in
from .http import Http

_VERBS = {"find": "GET", "get": "GET", "create": "POST", "update": "PUT", "patch": "PATCH", "remove": "DELETE"}
_WITH_ID = ("get", "update", "patch", "remove")
_NUMBERS = ("$limit", "$skip", "$sort")  # what Feathers itself makes numbers of again
_LONGEST = 20  # values of a list; the backend's parser (qs) makes an object of a longer one


class RestCaller:
    """A `Caller` without events: each call is a request, on a connection that is kept.

    In a query all values arrive as text, so what is compared with numbers, `True` or `None` is refused.

    Args:
        location: The backend's URL, without a trailing slash.
        login: Who signs in, if anybody.
        clock: A monotonic clock in seconds, for the renewal of the login.
    """

    def __init__(self, location: str, login: Login, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.location = location
        self.login = login
        self._clock = clock
        self._http = Http(location, self._current)
        self._signing = threading.Lock()
        self._grant: auth.Grant | None = None
        self._refusal: NotAuthenticated | None = None
        self._refusals = 0
        self._closed = False

    @property
    def status(self) -> Status:
        """`"connected"` until it is closed: a call makes the connection that it needs."""
        return "closed" if self._closed else "connected"

    def call(self, method: str, service: str, *args: Any, timeout: float) -> Any:
        """Calls a service's method and waits for the answer; arguments and errors are `Caller.call`'s."""
        name = f"{service}.{method}"
        if self._closed:
            raise BackendUnreachable(self.location, "this DataStore is closed")
        if method not in _VERBS:
            raise InvalidData("method", method, "can't be called over REST")
        *given, query = args
        path = quote(service, safe="")
        if method in _WITH_ID:
            identity = given.pop(0)
            path += "" if identity is None else f"/{quote(str(identity), safe='')}"
        if query:
            path += f"?{urlencode(list(_pairs(query)))}"
        body = values.dumps(given[0]) if given else None
        if body is not None and len(body) > values.REST_LIMIT:
            raise PayloadTooLarge(name, len(body), values.REST_LIMIT)
        content = None if body is None else lambda: (body, "application/json")
        try:
            return self._http.request(_VERBS[method], path, content, timeout=timeout, call=name)
        except ConnectionLost:
            if method not in READS:
                raise
        return self._http.request(_VERBS[method], path, content, timeout=timeout, call=name)

    def call_async(self, method: str, service: str, *args: Any, timeout: float) -> Call:
        """As `call`: it waits for the answer, and gives it as a handle."""
        call = Call(method, service, b"", location=self.location, timeout=timeout)
        call.answered([None, self.call(method, service, *args, timeout=timeout)])
        return call

    def token(self, deadline: float, refused: str | None = None) -> str | None:
        """The access token of the current login; another one than `refused`, where there is a password."""
        data = auth.request(self.login)
        if data is None or self.login.email is None:
            return self.login.token
        with self._signing:
            grant = self._grant
            if grant is None or grant.token == refused:
                grant = self._signed_in(data)
            elif grant.due is not None and self._clock() >= grant.due:
                try:
                    grant = self._signed_in(data)
                except AWAY:  # the old one is still good for a while
                    grant = grant.postponed(self._clock)
            self._grant = grant
            return grant.token

    def _current(self, refused: str | None = None) -> str | None:
        return self.token(time.monotonic() + CONNECT_TIMEOUT, refused)

    def _signed_in(self, data: Mapping[str, Any]) -> auth.Grant:
        if self._refusal is not None and self._refusals >= MOST_REFUSALS:
            raise self._refusal.with_traceback(None)
        nobody = Http(self.location, _nobody)

        def ask(method: str, argument: Any, query: Mapping[str, Any]) -> Any:
            if method == "get":
                return nobody.request("GET", f"authentication/{argument}", timeout=CONNECT_TIMEOUT)
            body = values.dumps(argument)
            return nobody.request("POST", "authentication", lambda: (body, "application/json"), timeout=CONNECT_TIMEOUT)

        try:
            grant = signed_in(ask, data, self.location, self.login, self._clock)
        except NotAuthenticated as refusal:
            self._refusal, self._refusals = refusal, self._refusals + 1
            raise
        finally:
            nobody.close()
        self._refusals = 0
        return grant

    def close(self) -> None:
        """Closes the connections that are kept."""
        self._closed = True
        self._http.close()


def _nobody(refused: str | None = None) -> None:
    """The token of those who don't sign in."""


def _pairs(query: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A query as a backend's parser reads it: `{"rev": {"$lte": "7"}}` is `rev[$lte]=7`."""
    for key, value in query.items():
        yield from _flat(key, value, number=key in _NUMBERS)


def _flat(path: str, value: Any, number: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if "[" in key or "]" in key:
                raise InvalidData(f"query.{path}", key, "can't be queried over REST: it contains a bracket")
            yield from _flat(f"{path}[{key}]", inner, number)
    elif isinstance(value, list):
        if not 0 < len(value) <= _LONGEST:
            raise InvalidData(f"query.{path}", value, f"must have 1 to {_LONGEST} values to be queried over REST")
        for index, inner in enumerate(value):
            yield from _flat(f"{path}[{index}]", inner, number)
    elif isinstance(value, str) or (number and type(value) is int):
        yield path, str(value)
    else:
        raise InvalidData(f"query.{path}", value, "would arrive as text over REST; use the socket instead")
