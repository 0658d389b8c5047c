"""One connection to a backend for one login: kept up by itself, shared by all who use that login (`sharing`).

A thread of its own, the *keeper*, connects, signs in, reconnects and renews the login. The transport's
reading thread completes calls and hands events to the dispatcher (`events`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ... import values
from ...chance import CHANCE
from ...config import Login
from ...errors import BackendUnreachable, MarcelleError, NotAuthenticated, NoWebSocket, PayloadTooLarge
from ...notices import THREADS, Log
from .. import auth
from ..call import Call
from ..caller import Status
from ..sign_in import CONNECT_TIMEOUT, MOST_REFUSALS, sign_in
from .events import Events

if TYPE_CHECKING:
    from .transport import Line, Traffic

logger: Log = Log("marcelle_rt.client")

_ENVELOPE = len("42") + 10  # bytes before a call's body
_CLOSE_PATIENCE = 2.0
_DROPS = 3  # in a row of WebSockets alone, until it is believed that none gets through
_LOOK_AGAIN = 30.0  # seconds: a machine that slept may have slept past a token's end


def full_jitter(
    base: float = 0.2, most: float = 5.0, draw: Callable[[float, float], float] = CHANCE.uniform
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
        self._start_over()

    def _start_over(self) -> None:
        self._changed = threading.Condition()
        self._status: Status = "disconnected"
        self._line: Line | None = None
        self._grant: auth.Grant | None = None
        self._failure: MarcelleError | None = None
        self._refusals = 0
        self._drops = 0
        self._keeper: threading.Thread | None = None
        self.events: Events = Events()

    @property
    def status(self) -> Status:
        """`"connecting"` also while it reconnects; `"disconnected"` before the first use, and after one failed."""
        return self._status

    # Calls

    def call(self, method: str, service: str, *args: Any, timeout: float) -> Any:
        """Calls a service's method and waits for the answer; arguments and errors are `Caller.call`'s."""
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

    def ready(self, deadline: float, *, insist: bool = False) -> Line:
        """Connects if need be, and returns the line that can be used now.

        A login that the server has refused three times in a row is not sent again.

        Args:
            deadline: Until when to wait, by `time.monotonic`.
            insist: A person asks for it: send also a login that was refused.

        Raises:
            NoWebSocket: HTTP reaches the backend, and a WebSocket does not.
            BackendUnreachable: There was no connection in time, or the store is closed.
            FeathersError: The server refuses the login.
        """
        with self._changed:
            if self._status == "disconnected" and (insist or self._refusals < MOST_REFUSALS):
                self._start()
            while True:
                if self._line is not None and not self._line.lost:
                    return self._line
                if self._status == "closed":
                    raise BackendUnreachable(self.location, "this DataStore is closed")
                failure = self._failure
                if failure is not None and (self._status == "disconnected" or isinstance(failure, NoWebSocket)):
                    raise failure.with_traceback(None)
                if not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    failure = self._failure
                    reason = failure.reason if isinstance(failure, BackendUnreachable) else "it did not answer"
                    raise BackendUnreachable(self.location, f"{reason}, and the timeout is over")

    def token(self, deadline: float, refused: str | None = None) -> str | None:
        """The access token of the current login, for REST; `None` where nobody signed in.

        Args:
            deadline: Until when to wait, by `time.monotonic`.
            refused: A token that the server no longer takes: if it is still the current one, the keeper signs
                in again, where there is a password.
        """
        if auth.request(self.login) is None:
            return None
        self.ready(deadline)
        with self._changed:
            grant = self._grant
            if grant is not None and grant.token == refused and grant.renewable:
                self._grant = grant = grant.due_now(self._clock)
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._grant is not grant, max(0.0, deadline - time.monotonic()))
            return None if self._grant is None else self._grant.token

    @property
    def traffic(self) -> Traffic | None:
        """What the current line has brought unasked and has sent; `None` where there is no line."""
        line = self._line
        return None if line is None else line.traffic

    def hang_up(self) -> bool:
        """Ends the socket, because nobody needs what it brings; the next call or handler brings it back.

        Returns:
            Whether it was ended: not while a call is under way.
        """
        with self._changed:
            line = self._line
            if self._status != "connected" or line is None or not line.retire():
                return False
            self._line = self._keeper = None
            self._status = "disconnected"
            self._changed.notify_all()
        line.close()
        return True

    # The keeper

    def _start(self) -> None:
        name = f"{THREADS}connection {self.location}"
        keeper = threading.Thread(target=self._keep, name=name, daemon=True)
        with self._as_failure():
            self.events.start(f"marcelle_rt events {self.location}")  # users' handlers run there: not one of `THREADS`
            self._status, self._failure, self._keeper = "connecting", None, keeper
            try:
                keeper.start()
            except RuntimeError:
                self._status, self._keeper = "disconnected", None
                raise

    @contextmanager
    def _as_failure(self) -> Iterator[None]:
        """What this process lacks for a moment, a failure like any other: file descriptors, threads, memory."""
        try:
            yield
        except MarcelleError:
            raise
        except Exception as error:  # also of imports, which come with the first connection; the next attempt is another
            raise BackendUnreachable(self.location, f"{type(error).__name__}: {error}") from error

    def _keep(self) -> None:
        waits = self._waits()
        connected_before = False
        while True:
            try:
                with self._as_failure():
                    line = self._open()
            except MarcelleError as error:
                failure = self._judged(error)
                self.events.announce("error", failure)
                # To try the same refused password again and again would only lock the user out.
                refused = isinstance(failure, NotAuthenticated)
                is_drop = isinstance(error, NoWebSocket) and failure is not error
                give_up = (not connected_before and not is_drop) or refused
                with self._changed:
                    self._refusals = self._refusals + 1 if refused else 0
                    self._failure = failure
                    if give_up and self._status != "closed":
                        self._status = "disconnected"
                        self._changed.notify_all()
                        return
            else:
                self.events.announce("connected")
                connected_before = True
                self._refusals = self._drops = 0
                waits = self._waits()
                self._tend(line)
                line.close()
                self.events.announce("disconnected")
            with self._changed:
                if not self._is_kept_by_me() or self._changed.wait_for(lambda: self._status == "closed", next(waits)):
                    return

    def _judged(self, failure: MarcelleError) -> MarcelleError:
        """A failure to connect as others see it: a WebSocket that just dropped may be a line like any other's."""
        self._drops = self._drops + 1 if isinstance(failure, NoWebSocket) else 0
        if not isinstance(failure, NoWebSocket) or failure.is_sure or self._drops >= _DROPS:
            return failure
        return BackendUnreachable(self.location, f"its WebSocket can't be opened ({failure.reason})")

    def _open(self) -> Line:
        """Makes a line, signs in, and only then lets others use it."""
        from .transport import Line

        line = Line(
            self.location,
            wants=self.events.wanted_from_server,
            on_event=self.events.put,
            on_lost=self._lost,
        )
        try:
            line.open(CONNECT_TIMEOUT)
            grant = sign_in(line, self.location, self.login, clock=self._clock, timeout=CONNECT_TIMEOUT)
        except Exception:  # whatever it is, the line isn't left open
            line.close()
            raise
        with self._changed:
            self._grant = grant
            if self._status != "closed":
                self._line = line
                self._status = "connected"
                self._failure = None
                self._changed.notify_all()
        return line

    def _tend(self, line: Line) -> None:
        """Waits for the line's end, renewing the login meanwhile."""
        while self._status != "closed" and not line.lost:
            if self._becomes_due(line, self._grant):
                self._renew(line)
        with self._changed:
            if self._is_kept_by_me() and self._status != "closed":
                self._line = None
                self._status = "connecting"

    def _is_kept_by_me(self) -> bool:
        """Whether this thread is the keeper still: `hang_up` lets it go, and another may have begun."""
        return self._keeper is threading.current_thread()

    def _becomes_due(self, line: Line, grant: auth.Grant | None) -> bool:
        """Waits until something happens; tells whether that is that the grant has become due."""
        with self._changed:
            wait = None if grant is None or grant.due is None else max(0.0, grant.due - self._clock())
            something = self._changed.wait_for(
                lambda: line.lost or self._status == "closed" or self._grant is not grant,
                None if wait is None else min(wait, _LOOK_AGAIN),
            )
        return not something and grant is not None and grant.is_due(self._clock)

    def _lost(self, line: Line) -> None:
        with self._changed:
            self._changed.notify_all()

    def _renew(self, line: Line) -> None:
        grant = self._grant
        assert grant is not None
        if not grant.renewable:
            logger.warning(
                "The token for %s ends at %s and can't be renewed: after that, calls fail and events stop. "
                "Sign in with email and password, or get a new token in time.",
                self.location,
                time.ctime(grant.ends),
            )
            self._hold(grant.warned())
            return
        try:
            with self._as_failure():
                self._hold(sign_in(line, self.location, self.login, clock=self._clock, timeout=CONNECT_TIMEOUT))
        except NotAuthenticated as failure:  # asking again would change nothing
            logger.warning(
                "%s no longer accepts the login of %s (%s). Calls work until its token ends; then they fail, and "
                "events stop. Sign in again with `login`.",
                self.location,
                self.login.email,
                failure,
            )
            self.events.announce("error", failure)
            self._hold(grant.warned())
        except MarcelleError as failure:
            self.events.announce("error", failure)
            self._hold(grant.postponed(self._clock))
        else:
            if grant.has_ended():  # events were missed, as after a cut
                self.events.announce("disconnected")
                self.events.announce("connected")

    def _hold(self, grant: auth.Grant | None) -> None:
        with self._changed:
            self._grant = grant
            self._changed.notify_all()

    # The end

    def close(self) -> None:
        """Ends the connection, its threads and its socket. Calls under way get `ConnectionLost`."""
        with self._changed:
            if self._status == "closed":
                return
            self._status = "closed"
            line, self._line = self._line, None
            self._changed.notify_all()
        if line is not None:
            line.close()
        if self._keeper is not None:
            self._keeper.join(_CLOSE_PATIENCE)
        self.events.close()

    def forked(self) -> None:
        """In a forked child: leaves the parent's connection alone, and makes one of its own when used.

        Handlers stay with the parent, so that an event is handled once.
        """
        if self._line is not None:
            self._line.abandon()
        self._start_over()
