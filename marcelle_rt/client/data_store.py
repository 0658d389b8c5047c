"""`DataStore`: a backend, and the way to its services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, overload

from ..config import Login, backend_location
from ..errors import InvalidData
from .services import Services
from .session import Session
from .socket.connection import Connection

F = TypeVar("F", bound=Callable[..., object])

_EVENTS = ("connected", "disconnected", "error")


class DataStore(Services):
    """A Marcelle backend.

    It connects at the first use and reconnects by itself. Stores of one URL and one login share a
    connection. All methods can be used from any thread. A copy (`copy.deepcopy`, `pickle`) is another store
    of the same backend, time-out and login, without the handlers of this one.

    Args:
        location: The backend's URL; `None` for `$MARCELLE_BACKEND`, or else `http://localhost:3030`.
        email: The user who signs in, where the backend requires it.
        password: The password of that user.
        token: An access token instead of a login. It can't be renewed: a warning comes before it ends.
        timeout: Seconds that a call waits, for a connection and its answer together.

    Raises:
        InvalidData: The location is not a URL, or one of email and password is missing.

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
        login = Login(email, password, token)
        super().__init__(Session(backend_location(location), None if login == Login() else login, timeout))

    @property
    def connection(self) -> Connection:
        """What carries the calls; shared with other stores of this URL and login.

        Raises:
            BackendUnreachable: This store is closed.
        """
        return self.session.connection

    @property
    def key(self) -> tuple[str, Login]:
        """Equal for stores that share a connection."""
        return self.session.key

    def by_rest(self) -> Services:
        """The services of the same backend and login without a socket: calls go by HTTP, and no events come."""
        return Services(self.session.by_rest())

    def connect(self) -> None:
        """Connects now, instead of at the first use.

        Raises:
            BackendUnreachable: Nobody answers there, or what answers is not a Socket.IO server.
            NotAuthenticated: The server refuses the login.
        """
        self.session.connect(insist=True)

    def login(self, email: str, password: str) -> None:
        """Signs in; this store's handlers go along. Other stores keep their own login.

        Raises:
            NotAuthenticated: The server refuses; the store stays signed in as it was.
            BackendUnreachable: Nobody answers.
        """
        self.session.switch(Login(email, password))

    def logout(self) -> None:
        """Signs out; from then on the connection is not signed in."""
        self.session.switch(Login())

    @overload
    def on(self, event: str, f: F) -> F: ...
    @overload
    def on(self, event: str, f: None = None) -> Callable[[F], F]: ...
    def on(self, event: str, f: F | None = None) -> Any:
        """Calls `f` when the connection changes; also a decorator.

        Args:
            event: `"connected"` or `"disconnected"` (`f` gets nothing), also at each reconnect, or `"error"`
                (`f` gets the exception): an attempt to connect or to sign in failed.
            f: The handler. It runs on the dispatcher thread and may call services.

        Returns:
            `f`, or a decorator.

        Raises:
            InvalidData: There is no such event, or `f` is an async function.
        """
        if event not in _EVENTS:
            raise InvalidData("event", event, f"is not one of {', '.join(_EVENTS)}; a service has its own `on`")
        if f is None:
            return lambda function: self.on(event, function)
        self.session.on(event, f)
        return f
