"""`DataStore`: a backend, and the way to its services."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ..config import Login, backend_location, environment_login
from ..errors import BackendUnreachable, InvalidAnswer, InvalidData, NotFound
from . import auth
from .connection import Connection, Status
from .service import Service, check_name
from .sharing import acquire, release

if TYPE_CHECKING:
    from .rest import Http, Uploads
    from .watch import Watch

F = TypeVar("F", bound=Callable[..., object])

_EVENTS = ("connected", "disconnected", "error")


class DataStore:
    """A Marcelle backend.

    It connects at the first use and reconnects by itself. Stores of one URL and one login share a
    connection. All methods can be used from any thread.

    Args:
        location: The backend's URL; `None` for `$MARCELLE_BACKEND`, or else `http://localhost:3030`.
        email: Who signs in, where the backend asks for it.
        password: The password of that user.
        token: An access token instead of a login. It can't be renewed: a warning comes before it ends.
        timeout: Seconds that a call waits, for a connection and its answer together.

    Attributes:
        location: The backend's URL, without a trailing slash.
        timeout: As given.
        watches: The views that end when the store is closed.

    Raises:
        InvalidData: The location is no URL, or email and password don't come together.

    Example:
        with DataStore("http://localhost:3030") as store:
            store.service("runs").find()
    """

    def __init__(
        self,
        location: str | None = None,
        *,
        email: str | None = None,
        password: str | None = None,
        token: str | None = None,
        timeout: float = 10.0,
    ) -> None:
        self.location = backend_location(location)
        self.timeout = timeout
        login = Login(email, password, token)
        if login == Login():
            login = environment_login(self.location)
        self.watches: weakref.WeakSet[Watch] = weakref.WeakSet()
        self._closed = False
        self._connection = acquire(self.location, auth.check(login))

    def __repr__(self) -> str:
        return f"DataStore({self.location!r}, status={self.status!r})"

    @property
    def connection(self) -> Connection:
        """What carries the calls; shared with other stores of this URL and login.

        Raises:
            BackendUnreachable: This store is closed.
        """
        if self._closed:
            raise BackendUnreachable(self.location, "this DataStore is closed; make another")
        return self._connection

    @property
    def status(self) -> Status:
        """How things stand.

        `"disconnected"` before the first use or after the first attempt failed, `"connecting"` (also while
        it reconnects), `"connected"`, or `"closed"`.
        """
        return "closed" if self._closed else self._connection.status

    @property
    def key(self) -> tuple[str, Login]:
        """Equal for stores that share a connection."""
        return self.location, self._connection.login

    @cached_property
    def http(self) -> Http:
        """The backend's HTTP side, signed in as this store is."""
        from .rest import Http

        return Http(self.location, self._token)

    @property
    def rest(self) -> Uploads:
        """Uploads to the backend."""
        from .rest import Uploads

        return Uploads(self.http)

    def _token(self, refused: str | None = None) -> str | None:
        return self.connection.token(time.monotonic() + self.timeout, refused)

    def by_rest(self) -> DataStore:
        """A store of the same backend and login that has no socket: calls go by HTTP, and no events come."""
        from .rest_connection import RestConnection

        other = object.__new__(DataStore)
        other.location, other.timeout = self.location, self.timeout
        other.watches = weakref.WeakSet()
        other._closed = False
        other._connection = RestConnection(self.location, self._connection.login)
        return other

    def connect(self) -> None:
        """Connects now, instead of at the first use.

        Raises:
            BackendUnreachable: Nobody answers there, or what answers is no Socket.IO server.
            NotAuthenticated: The server refuses the login.
        """
        self.connection.ready(time.monotonic() + self.timeout, insist=True)

    def close(self) -> None:
        """Takes this store's handlers away, ends its views, and leaves the connection to other stores.

        The connection ends with its last store.
        """
        if not self._closed:
            for watch in list(self.watches):
                watch.close()
            self._closed = True
            self.http.close()
            self._connection.events.move(self)
            release(self._connection)

    def __enter__(self) -> DataStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def login(self, email: str, password: str) -> None:
        """Signs in; this store's handlers go along. Other stores keep their own login.

        Raises:
            NotAuthenticated: The server refuses; the store stays signed in as it was.
            BackendUnreachable: Nobody answers.
        """
        self._switch(Login(email, password))

    def logout(self) -> None:
        """Goes on as nobody, on a connection that is not signed in."""
        self._switch(Login())

    def _switch(self, login: Login) -> None:
        old, new = self.connection, acquire(self.location, login)
        try:
            new.ready(time.monotonic() + self.timeout, insist=True)
        except BaseException:  # also Ctrl-C: nobody else would give it back
            release(new)
            raise
        self._connection = new
        old.events.move(self, new.events)
        for watch in list(self.watches):
            watch.read_again()
        release(old)

    def service(self, name: str) -> Service:
        """Gives access to a service by name.

        Args:
            name: The service's name; backends make most services when they are first used.

        Raises:
            InvalidData: The name is empty, or has a character that no service's name has, such as `/`.
        """
        return Service(f"{self.location}/{check_name(name)}", store=self)

    def services(self) -> list[str]:
        """The names of the services that the backend has kept something in.

        Raises:
            NotFound: This server keeps no such list; Marcelle backends do.
        """
        answer = self.connection.call("find", "info", {}, timeout=self.timeout)
        names = answer.get("services") if isinstance(answer, dict) else None
        if names is None:
            raise NotFound("this server keeps no list of its services", call="info.find")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise InvalidAnswer(self.location, "info.find", "has services that are no list of names")
        return sorted(names)

    @overload
    def on(self, event: str, f: F) -> F: ...
    @overload
    def on(self, event: str, f: None = None) -> Callable[[F], F]: ...
    def on(self, event: str, f: F | None = None) -> Any:
        """Has `f` called when the connection changes; also as a decorator.

        Args:
            event: `"connected"` or `"disconnected"` (`f` gets nothing), also at each reconnect, or `"error"`
                (`f` gets the exception): an attempt to connect or to sign in failed.
            f: The handler. It runs on the dispatcher thread and may call services.

        Returns:
            `f`, or a decorator.

        Raises:
            InvalidData: There is no such event.
        """
        if event not in _EVENTS:
            raise InvalidData("event", event, f"is none of {', '.join(_EVENTS)}; a service has its own `on`")
        if f is None:
            return lambda function: self.on(event, function)
        self.connection.events.on(event, f, self)
        return f
