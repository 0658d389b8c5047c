"""What `marcelle-rt doctor` finds on the way to a backend, step by step, and in it. Nothing is left there."""

from __future__ import annotations

import os
import socket
import statistics
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

from ..client.data_store import DataStore
from ..client.rest.proxies import goes_direct
from ..client.socket.probe import find_protocol
from ..config import environment_login
from ..errors import AWAY, BackendUnreachable, FeathersError, InvalidData, MarcelleError, NotAuthenticated
from . import http
from .backend import reach
from .checks import Check, failure

SCRATCH = "marcelle-doctor"
"""The service in which a document is created and removed again: always the same, so that there is one at most."""

_TIMEOUT = 5.0  # seconds for each step
_CLOCK = 2.0  # seconds that clocks may differ
_READS = 20
_SLOW = 0.25  # seconds for a read
_LARGE = 980_000  # bytes: just under what a Socket.IO server takes, and over what this package sends
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class BackendChecks:
    """The checks of one backend, in the order in which one stands on the other.

    Attributes:
        store: The backend, signed in if need be, once the checks came that far.
        asks_for_login: Whether it does, once that is known.
    """

    def __init__(self, location: str, stack: ExitStack) -> None:
        """Prepares the checks.

        Args:
            location: The backend's URL.
            stack: Closes what is opened.
        """
        self.location = location
        self.store: DataStore | None = None
        self.asks_for_login: bool | None = None
        self._stack = stack

    def run(self) -> Iterator[Check]:
        """Goes through all checks, until one leaves nothing for the next to stand on."""
        parts = urlsplit(self.location)
        yield Check("URL", "ok", self.location)
        proxy = _proxy(self.location)
        yield _proxies(self.location, proxy)
        if proxy is None:
            reached = _tcp(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
            yield reached
            if reached.verdict == "wrong":
                return
        try:
            answer = http.get(self.location, timeout=_TIMEOUT)
        except OSError as error:
            mend = "Is it the backend's root? Is it http or https? Is the port another program's?"
            yield Check("HTTP", "wrong", f"GET /info: {error}", mend)
            return
        except InvalidData as error:
            yield failure("HTTP", error)
            return
        yield _http(answer)
        yield clock(answer)
        is_marcelle = http.info(answer) is not None
        if is_marcelle:
            yield reach.guard(self.location)
        try:
            version = find_protocol(self.location, _TIMEOUT)
        except BackendUnreachable as error:
            yield failure("protocol", error, "A proxy in between must forward /socket.io/.")
            return
        socket_io = "Socket.IO 2, as used by Marcelle backends" if version == 3 else "Socket.IO 3 or 4"
        yield Check("protocol", "ok", f"Engine.IO {version} ({socket_io})")
        yield from self._sign_in()
        if is_marcelle and self.asks_for_login is not None:
            yield reach.reach(self.location, self.asks_for_login)
        if (data := reach.data(self.location)) is not None:
            yield data
        if self.store is not None:
            yield from self._use(self.store)

    def _sign_in(self) -> Iterator[Check]:
        store = self._stack.enter_context(DataStore(self.location, timeout=_TIMEOUT))
        # First as nobody: a backend without a sign-in shall not be sent a login.
        nobody = self._stack.enter_context(DataStore(self.location, timeout=_TIMEOUT))
        try:
            nobody.logout()
        except MarcelleError as error:
            yield failure("socket", error, "A proxy in between must forward WebSockets.")
            return
        yield Check("socket", "ok", "a WebSocket opens")
        has_login = any(environment_login(self.location))
        try:
            nobody.service("runs").count()
        except NotAuthenticated:
            self.asks_for_login = True
            yield self._login(store, has_login)
            return
        except MarcelleError as error:
            yield failure("sign-in", error)
            return
        self.store, self.asks_for_login = nobody, False
        if has_login:
            mend = (
                "Unset MARCELLE_EMAIL, MARCELLE_PASSWORD and MARCELLE_TOKEN: programs that sign in there are rejected."
            )
            yield Check("sign-in", "wrong", "not required, but the environment has a login for it", mend)
        else:
            yield Check("sign-in", "ok", "not required")

    def _login(self, store: DataStore, has_login: bool) -> Check:
        if not has_login:
            mend = f"Set MARCELLE_EMAIL and MARCELLE_PASSWORD, or MARCELLE_TOKEN, and MARCELLE_BACKEND={self.location}"
            return Check("sign-in", "wrong", "required, but the environment has no login for it", mend)
        try:
            store.connect()
            store.service("runs").count()
        except MarcelleError as error:
            return failure("sign-in", error, "Check MARCELLE_EMAIL and MARCELLE_PASSWORD, or MARCELLE_TOKEN.")
        self.store = store
        return Check("sign-in", "ok", "required, and the environment's login is accepted")

    def _use(self, store: DataStore) -> Iterator[Check]:
        try:
            yield Check("runs", "ok", f"{store.service('runs').count():,} there")
            yield _large(store)
            yield from _write(store)
        except MarcelleError as error:
            yield failure("calls", error)


def _proxy(location: str) -> str | None:
    """The proxy that the environment names for a backend, if it is used."""
    if goes_direct(location):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(urlsplit(location).scheme) or proxies.get("all")


def _proxies(location: str, proxy: str | None) -> Check:
    if proxy is not None:
        shown = proxy.rpartition("@")[2]  # without a login
        mend = "If the backend is in your own network, name its host in NO_PROXY."
        return Check("proxy", "note", f"the environment routes requests to it through {shown}", mend)
    named = sorted({name for name in os.environ if name.lower() in _PROXIES[:3]})
    return Check("proxy", "ok", f"{', '.join(named)} not used for it" if named else "none")


def _tcp(host: str, port: int) -> Check:
    began = time.monotonic()
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT):
            return Check("TCP", "ok", f"{host}:{port} reached in {1e3 * (time.monotonic() - began):.1f} ms")
    except socket.gaierror as error:
        return Check("TCP", "wrong", f"the host {host} is not known ({error.strerror})", "Check the URL, and the DNS.")
    except TimeoutError:
        mend = "Is there a firewall in between? Is this the right host?"
        return Check("TCP", "wrong", f"{host}:{port} did not answer within {_TIMEOUT:g} s", mend)
    except OSError as error:
        mend = "Start it with `marcelle-rt backend`; to be reached from another machine it needs --host 0.0.0.0."
        return Check("TCP", "wrong", f"{host}:{port}: {error.strerror or error}", mend)


def _http(answer: http.Answer) -> Check:
    took = f"{1e3 * (answer.answered - answer.asked):.1f} ms"
    info = http.info(answer)
    if info is None:
        found = f"it answers GET /info with status {answer.status}, after {took}"
        return Check("HTTP", "note", found, "It is not a Marcelle backend. For runs, any Feathers server will do.")
    version = f"version {info['version']}" if "version" in info else "which does not report a version"
    return Check("HTTP", "ok", f"a Marcelle backend, {version}, answers in {took}")


def clock(answer: http.Answer) -> Check:
    """How far the backend's clock is from this machine's."""
    difference = http.clock_difference(answer)
    if difference is None:
        return Check("clock", "note", "it does not report its time")
    if abs(difference) <= _CLOCK:
        return Check("clock", "ok", f"differs by about {abs(difference):.1f} s")
    found = f"the backend's is {abs(difference):,.1f} s {'ahead' if difference > 0 else 'behind'}"
    return Check(
        "clock",
        "note",
        found,
        "Synchronize both with NTP: runs are sorted by start time, and tokens expire.",
    )


def _large(store: DataStore) -> Check:
    """Whether a large message comes through; a query that finds nothing, so nobody else hears of it."""
    try:
        store.service("runs").find({"query": {"basename": "x" * _LARGE, "$limit": 0}})
    except AWAY as error:
        mend = "A proxy in between may allow less than 1 MB (nginx: client_max_body_size, proxy buffers)."
        return failure("limits", error, f"A message of {_LARGE / 1e3:.0f} kB did not come through. {mend}")
    return Check("limits", "ok", f"a message of {_LARGE / 1e3:.0f} kB comes through (of 1,000; a REST body has 100)")


def _write(store: DataStore) -> Iterator[Check]:
    """Writes, reads and removes a document of our own, and listens for its event."""
    scratch = store.service(SCRATCH)
    id = f"doctor-{uuid.uuid4()}"
    heard = threading.Event()

    def hear(document: dict[str, Any]) -> None:
        if document.get("_id") == id:
            heard.set()

    scratch.on("created", hear)
    try:
        scratch.create({"_id": id})
    except FeathersError as error:
        mend = "Trainings need to create and patch runs: is this user allowed to?"
        yield Check("write", "note", f"a test document is refused: {error}", mend)
        return
    try:
        times = []
        for _ in range(_READS):
            began = time.perf_counter()
            scratch.get(id)
            times.append(time.perf_counter() - began)
        median = statistics.median(times)
        found = f"{1e3 * median:.1f} ms (median of {_READS} reads, {1e3 * min(times):.1f} to {1e3 * max(times):.1f})"
        slow = "Trainings don't wait for it, but dashboards lag by that much."
        yield Check("round trip", "note" if median > _SLOW else "ok", found, slow if median > _SLOW else "")
        if heard.wait(_TIMEOUT):
            yield Check("events", "ok", "what is created is announced to listeners")
        else:
            mend = "Dashboards would not move. Does the server publish events to this user?"
            yield Check("events", "wrong", f"none came within {_TIMEOUT:g} s", mend)
    finally:
        scratch.remove(id)
