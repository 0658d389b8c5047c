"""One backend and one login, for everybody who works on them: the connection, its followers, and the HTTP side."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..config import Login, environment_login
from ..errors import BackendUnreachable, NoWebSocket
from ..notices import logger
from . import answers, auth
from .call import Call
from .caller import Caller, Status
from .socket.connection import Connection
from .socket.sharing import acquire, release

if TYPE_CHECKING:
    from .rest.http import Http

T = TypeVar("T")

_BY_HTTP = 30.0  # seconds that calls go by HTTP until a WebSocket is tried again


class Follower(Protocol):
    """What follows a service's documents: it ends with its session, and reads again after another login."""

    def close(self) -> None:
        """Ends it."""
        ...

    def read_again(self) -> None:
        """Has everything read again."""
        ...


class Session:
    """One backend and one login.

    A copy, also one by pickle, is another session of what this one was made of: the backend, the time-out and the login
    that was given (one from the environment is read anew, where the copy is). Handlers and followers are not copied.

    Args:
        location: The backend's URL, without a trailing slash.
        login: Who signs in; `None` for the environment's login.
        timeout: Seconds that a call waits, for a connection and its answer together.
        by_rest: Calls go by HTTP: there is no socket, and no events come.

    Attributes:
        location: As given.
        timeout: As given.
        followers: What ends with the session.

    Raises:
        InvalidData: Email and password don't come together.
    """

    def __init__(self, location: str, login: Login | None = None, timeout: float = 10.0, by_rest: bool = False) -> None:
        self.location = location
        self.timeout = timeout
        self.followers: weakref.WeakSet[Follower] = weakref.WeakSet()
        self._given = login
        self._closed = False
        self._instead: Caller | None = None  # where no WebSocket gets through
        self._instead_until = 0.0
        checked = auth.check(environment_login(location) if login is None else login)
        self._caller: Caller = _rest_caller(location, checked) if by_rest else acquire(location, checked)

    def __reduce__(self) -> tuple[Any, ...]:
        return Session, (self.location, self._given, self.timeout, not isinstance(self._caller, Connection))

    @property
    def caller(self) -> Caller:
        """What carries the calls.

        Raises:
            BackendUnreachable: The session is closed.
        """
        if self._closed:
            raise BackendUnreachable(self.location, "this DataStore is closed; make another")
        return self._caller

    @property
    def connection(self) -> Connection:
        """The connection that calls and events go over; shared with other sessions of this backend and login.

        Raises:
            BackendUnreachable: The session is closed, or goes by REST.
        """
        caller = self.caller
        if not isinstance(caller, Connection):
            raise BackendUnreachable(self.location, "there are no events over REST")
        return caller

    @property
    def status(self) -> Status:
        """How things stand, as `DataStore.status` tells it."""
        return "closed" if self._closed else self._caller.status

    @property
    def key(self) -> tuple[str, Login]:
        """Equal for sessions that share a connection."""
        return self.location, self._caller.login

    @cached_property
    def http(self) -> Http:
        """The backend's HTTP side, signed in as this session is."""
        from .rest.http import Http  # brings in TLS and cookies, which most sessions never need

        return Http(self.location, self._token)

    def _token(self, refused: str | None = None) -> str | None:
        return self._over(lambda caller: caller.token(time.monotonic() + self.timeout, refused))

    def by_rest(self) -> Session:
        """A session of the same backend and login that goes by HTTP."""
        return Session(self.location, self._caller.login, self.timeout, by_rest=True)

    # Calls

    def call(self, method: str, service: str, *args: Any) -> Any:
        """Calls a service's method; arguments, answer and errors are `Caller.call`'s."""
        return self._over(lambda caller: caller.call(method, service, *args, timeout=self.timeout))

    def documents(self, method: str, service: str, *args: Any) -> Any:
        """As `call`, with an answer that has the shape of its method's answers.

        Raises:
            InvalidAnswer: It has another shape.
        """
        answer = self.call(method, service, *args)
        return answers.checked(answer, method, args, self.location, f"{service}.{method}")

    def call_async(self, method: str, service: str, *args: Any) -> Call:
        """As `call`, but gives the answer as a handle, which may still be under way."""
        return self._over(lambda caller: caller.call_async(method, service, *args, timeout=self.timeout))

    @property
    def lacks_socket(self) -> bool:
        """Whether calls go by HTTP for now, because no WebSocket gets through to the backend."""
        return self._instead is not None and time.monotonic() < self._instead_until

    def _over(self, work: Callable[[Caller], T]) -> T:
        """Does something by the session's caller, or by HTTP where no WebSocket gets through."""
        caller = self.caller
        if not self.lacks_socket:
            try:
                return work(caller)
            except NoWebSocket as failure:
                self._do_without(failure)
        assert self._instead is not None
        return work(self._instead)

    def _do_without(self, failure: NoWebSocket) -> None:
        if self._instead is None:
            logger.warning("%s Calls go by HTTP meanwhile.", failure)
            self._instead = _rest_caller(self.location, self._caller.login)
        self._instead_until = time.monotonic() + _BY_HTTP

    def connect(self, *, insist: bool = False) -> None:
        """Connects if need be.

        Args:
            insist: A person asks for it: send also a login that was refused.

        Raises:
            NoWebSocket: HTTP reaches the backend, and a WebSocket does not.
            BackendUnreachable: There was no connection in time, or the session is closed or goes by REST.
            FeathersError: The server refuses the login.
        """
        try:
            self.connection.ready(time.monotonic() + self.timeout, insist=insist)
        except NoWebSocket as failure:
            self._do_without(failure)
            raise

    # Events

    def on(self, event: str, function: Callable[..., object], *, once: bool = False, background: bool = False) -> None:
        """Has `function` called at each event, until `off`; it goes along with `switch`. Does not connect.

        Args:
            event: `"<service> <created|updated|patched|removed>"`, `"connected"`, `"disconnected"` or `"error"`.
            function: Gets the document, or for `"error"` the exception, or nothing.
            once: For the next event alone.
            background: It is not a reason to keep a connection.

        Raises:
            BackendUnreachable: The session is closed, or goes by REST.
        """
        self.connection.events.on(event, function, self, once=once, background=background)

    def off(self, event: str, function: Callable[..., object] | None = None) -> None:
        """Takes a handler of this session away, or all of an event; after `close` there are none."""
        if isinstance(self._caller, Connection) and not self._closed:
            self._caller.events.off(event, self, function)

    # Another login, and the end

    def switch(self, login: Login) -> None:
        """Signs in as somebody else, or as nobody: handlers stay, and followers read again.

        Raises:
            NotAuthenticated: The server refuses; all stays as it was.
            BackendUnreachable: Nobody answers; all stays as it was.
        """
        old, new = self.connection, acquire(self.location, login)
        try:
            new.ready(time.monotonic() + self.timeout, insist=True)
        except BaseException:  # also Ctrl-C: nobody else would give it back
            release(new)
            raise
        self._caller, self._given, self._instead = new, login, None
        old.events.move(self, new.events)
        for follower in list(self.followers):
            follower.read_again()
        release(old)

    def close(self) -> None:
        """Takes the handlers away, ends the followers, and gives the connection back; safe to call twice."""
        if self._closed:
            return
        for follower in list(self.followers):
            follower.close()
        self._closed = True
        if "http" in self.__dict__:  # else it would be made, with all that it imports, to be closed
            self.http.close()
        if self._instead is not None:
            self._instead.close()
        if isinstance(self._caller, Connection):
            self._caller.events.move(self)
            release(self._caller)
        else:
            self._caller.close()


def _rest_caller(location: str, login: Login) -> Caller:
    from .rest.caller import RestCaller  # as `Session.http`

    return RestCaller(location, login)
