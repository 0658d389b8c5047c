"""One connection to a backend for one login: kept up by itself, shared by all who use that login.

Three threads serve it. The *keeper* connects, signs in, reconnects and renews the login; the transport's
*reader* completes calls; the *dispatcher* runs handlers, one event after the other, so that a handler may
itself call services.
"""

from __future__ import annotations

import logging
import os
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .. import values
from ..config import Login
from ..errors import BackendUnreachable, FeathersError, MarcelleError, PayloadTooLarge
from . import auth
from .call import Call

if TYPE_CHECKING:
    from .transport import Line, Raw

logger = logging.getLogger("marcelle_rt.client")

Status = Literal["disconnected", "connecting", "connected", "closed"]

CONNECT_TIMEOUT = 10.0
"""Seconds for each step of an attempt to connect, the login included."""

_ENVELOPE = len("42") + 10  # bytes: what the transport puts before a call's body
_CLOSE_PATIENCE = 2.0


class _Handler(NamedTuple):
    owner: object
    function: Callable[..., object]


def full_jitter(
    base: float = 0.2, most: float = 5.0, draw: Callable[[float, float], float] = random.uniform
) -> Iterator[float]:
    """Waits before one attempt after the other: anywhere between nothing and a bound that doubles.

    Spread out fully, the many clients of a backend that comes back don't all knock at once.

    Args:
        base: The first bound, in seconds.
        most: The highest bound, in seconds.
        draw: Picks a number between two.
    """
    bound = base
    while True:
        yield draw(0.0, bound)
        bound = min(most, bound * 2)


class Connection:
    """A connection that outlives its lines.

    Args:
        location: The backend's URL, without a trailing slash.
        login: Who signs in, if anybody.
        waits: Makes the waits between attempts to reconnect, in seconds.
        clock: A monotonic clock in seconds, for the renewal of the login.
    """

    def __init__(
        self,
        location: str,
        login: Login,
        *,
        waits: Callable[[], Iterator[float]] = full_jitter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.location = location
        self.login = login
        self.users = 0
        self._waits = waits
        self._clock = clock
        self._handlers: dict[str, tuple[_Handler, ...]] = {}
        self._start_over()

    def _start_over(self) -> None:
        self._changed = threading.Condition()
        self._status: Status = "disconnected"
        self._line: Line | None = None
        self._session: auth.Session | None = None
        self._failure: MarcelleError | None = None
        self._keeper: threading.Thread | None = None
        self._dispatcher: threading.Thread | None = None
        self._events: queue.SimpleQueue[tuple[str, Raw] | None] = queue.SimpleQueue()

    @property
    def status(self) -> Status:
        """`"connecting"` also while it reconnects; `"disconnected"` before the first use, and after one failed."""
        return self._status

    # Calls

    def call(self, method: str, service: str, *args: Any, timeout: float) -> Any:
        """Calls a service's method and waits for the answer.

        Args:
            method: Feathers' method.
            service: The service's name.
            *args: Its arguments, the query last; plain JSON values (see `values.to_wire`).
            timeout: Seconds, for a connection and the answer together.

        Raises:
            PayloadTooLarge: The message is over the server's limit; it was not sent.
            BackendUnreachable: There was no connection in time; nothing was sent.
            ConnectionLost: The line dropped; whether a write was carried out is unknown.
            CallTimeout: No answer came in time.
            FeathersError: The server's own error.
        """
        deadline = time.monotonic() + timeout
        call = self._call(method, service, args, timeout)
        self._post(call, deadline)
        return call.result_by(deadline, timeout)

    def call_async(self, method: str, service: str, *args: Any, timeout: float) -> Call:
        """As `call`, but returns once the message is on its way; many can be under way at a time.

        Only for a connection it waits, at most `timeout` seconds.
        """
        call = self._call(method, service, args, timeout)
        self._post(call, time.monotonic() + timeout)
        return call

    def _call(self, method: str, service: str, args: tuple[Any, ...], timeout: float) -> Call:
        body = values.dumps([method, service, *args])
        if len(body) + _ENVELOPE > values.SOCKET_LIMIT:
            raise PayloadTooLarge(f"{service}.{method}", len(body) + _ENVELOPE, values.SOCKET_LIMIT)
        return Call(method, service, body, location=self.location, timeout=timeout, resend=self._post)

    def _post(self, call: Call, deadline: float) -> None:
        line = self._line
        while line is None or not call.post(line):
            line = self.ready(deadline)

    def ready(self, deadline: float) -> Line:
        """Connects if need be, and returns the line that can be used now.

        Args:
            deadline: Until when to wait, by `time.monotonic`.

        Raises:
            BackendUnreachable: There was no connection in time, or the store is closed.
            FeathersError: The server refuses the login.
        """
        with self._changed:
            if self._status == "disconnected":
                self._start()
            while True:
                if self._line is not None and not self._line.lost:
                    return self._line
                if self._status == "closed":
                    raise BackendUnreachable(self.location, "this DataStore is closed")
                if self._status == "disconnected" and self._failure is not None:
                    raise self._failure.with_traceback(None)
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    failure = self._failure
                    reason = failure.reason if isinstance(failure, BackendUnreachable) else "it did not answer"
                    raise BackendUnreachable(self.location, f"{reason}, and the time to wait for it is over")

    def token(self, deadline: float) -> str | None:
        """The access token of the current login, for REST; `None` where nobody signed in."""
        if auth.request(self.login) is None:
            return None
        self.ready(deadline)
        return None if self._session is None else self._session.token

    # Events

    def on(self, event: str, function: Callable[..., object], owner: object) -> None:
        """Has `function` called at each `event`, until `off`.

        Args:
            event: `"<service> <created|updated|patched|removed>"`, `"connected"`, `"disconnected"` or
                `"error"`.
            function: Gets the document, or for `"error"` the exception, or nothing.
            owner: Whose handler it is.
        """
        with self._changed:
            self._handlers[event] = (*self._handlers.get(event, ()), _Handler(owner, function))

    def off(self, event: str, owner: object, function: Callable[..., object] | None = None) -> None:
        """Takes away an owner's handlers of an event, or just `function`."""
        with self._changed:
            left = tuple(
                handler
                for handler in self._handlers.get(event, ())
                if handler.owner is not owner or (function is not None and handler.function != function)
            )
            if left:
                self._handlers[event] = left
            else:
                self._handlers.pop(event, None)

    def take_handlers(self, owner: object) -> list[tuple[str, Callable[..., object]]]:
        """Takes away all handlers of an owner and returns them."""
        with self._changed:
            taken = [
                (event, handler.function)
                for event, handlers in self._handlers.items()
                for handler in handlers
                if handler.owner is owner
            ]
        for event, function in taken:
            self.off(event, owner, function)
        return taken

    def _dispatch(self) -> None:
        events = self._events
        while (item := events.get()) is not None:
            event, raw = item
            arguments = values.loads(raw) if isinstance(raw, str) else raw
            for handler in self._handlers.get(event, ()):
                try:
                    handler.function(*arguments[1:])
                except Exception:  # whatever a user's handler raises must not stop the others
                    logger.exception("A handler of %r failed: %r", event, handler.function)

    def _announce(self, event: str, *arguments: object) -> None:
        if event in self._handlers:
            self._events.put((event, [event, *arguments]))

    # The keeper

    def _start(self) -> None:
        self._status = "connecting"
        self._failure = None
        if self._dispatcher is None:
            self._dispatcher = _thread(self._dispatch, f"marcelle_rt events {self.location}")
        self._keeper = _thread(self._keep, f"marcelle_rt connection {self.location}")

    def _keep(self) -> None:
        waits = self._waits()
        connected_before = False
        while self._status != "closed":
            try:
                line = self._open()
            except MarcelleError as failure:
                if not self._failed(failure, give_up=not connected_before or isinstance(failure, FeathersError)):
                    return
                with self._changed:
                    self._changed.wait_for(lambda: self._status == "closed", next(waits))
                continue
            self._announce("connected")
            connected_before = True
            waits = self._waits()
            self._tend(line)
            line.close()
            self._announce("disconnected")

    def _failed(self, failure: MarcelleError, *, give_up: bool) -> bool:
        """Notes why an attempt failed; returns whether to go on trying."""
        self._announce("error", failure)
        with self._changed:
            self._failure = failure
            if give_up and self._status != "closed":
                self._status = "disconnected"
                self._changed.notify_all()
            return not give_up

    def _open(self) -> Line:
        """Makes a line, signs in, and only then lets others use it."""
        from .transport import Line

        line = Line(
            self.location,
            wants=self._handlers.__contains__,
            on_event=lambda event, raw: self._events.put((event, raw)),
            on_lost=self._lost,
        )
        try:
            line.open(CONNECT_TIMEOUT)
            session = self._sign_in(line)
        except MarcelleError:
            line.close()
            raise
        with self._changed:
            self._session = session
            if self._status != "closed":
                self._line = line
                self._status = "connected"
                self._failure = None
                self._changed.notify_all()
        return line

    def _tend(self, line: Line) -> None:
        """Waits for the line's end, renewing the login meanwhile."""
        while True:
            due = None if self._session is None else self._session.due
            with self._changed:
                wait = None if due is None else max(0.0, due - self._clock())
                ended = self._changed.wait_for(lambda: line.lost or self._status == "closed", wait)
                if ended:
                    self._line = None
                    if self._status != "closed":
                        self._status = "connecting"
                    return
            self._renew(line)

    def _lost(self, line: Line) -> None:
        with self._changed:
            self._changed.notify_all()

    def _sign_in(self, line: Line) -> auth.Session | None:
        data = auth.request(self.login)
        if data is None:
            return None
        body = values.dumps(["create", "authentication", data, {}])
        call = Call("create", "authentication", body, location=self.location, timeout=CONNECT_TIMEOUT)
        if not call.post(line):
            raise BackendUnreachable(self.location, "the connection was lost during the login")
        return auth.Session.accepted(self.login, call.result(), self._clock)

    def _renew(self, line: Line) -> None:
        session = self._session
        assert session is not None
        if not session.renewable:
            logger.warning(
                "The token for %s ends at %s and can't be renewed: from then on calls fail and events stop. "
                "Sign in with email and password, or get a new token in time.",
                self.location,
                time.ctime(session.ends),
            )
            self._session = session.warned()
            return
        try:
            self._session = self._sign_in(line)
        except MarcelleError as failure:
            self._announce("error", failure)
            self._session = session.postponed(self._clock)

    # The end

    def close(self) -> None:
        """Ends the connection, its threads and its socket. Calls under way get `ConnectionLost`."""
        with self._changed:
            if self._status == "closed":
                return
            self._status = "closed"
            line, self._line = self._line, None
            self._changed.notify_all()
        self._handlers.clear()
        self._events.put(None)
        if line is not None:
            line.close()
        for thread in (self._keeper, self._dispatcher):
            if thread is not None and thread is not threading.current_thread():
                thread.join(_CLOSE_PATIENCE)

    def forked(self) -> None:
        """In a forked child: leaves the parent's connection alone, and makes one of its own when used.

        Handlers stay with the parent, so that an event is handled once.
        """
        if self._line is not None:
            self._line.abandon()
        self._handlers.clear()
        self._start_over()


def _thread(target: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread


_shared: dict[tuple[str, Login], Connection] = {}
_lock = threading.Lock()


def acquire(location: str, login: Login) -> Connection:
    """The connection that all users of a backend and a login share; `release` it after use."""
    with _lock:
        connection = _shared.get((location, login))
        if connection is None:
            connection = _shared[location, login] = Connection(location, login)
        connection.users += 1
        return connection


def release(connection: Connection) -> None:
    """Gives a connection back; the last user's call closes it."""
    with _lock:
        connection.users -= 1
        if connection.users:
            return
        del _shared[connection.location, connection.login]
    connection.close()


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    for connection in _shared.values():
        connection.forked()


os.register_at_fork(after_in_child=_after_fork)
