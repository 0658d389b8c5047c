"""What a backend's services are called by, whichever way the calls go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from ..config import Login
from .call import Call

if TYPE_CHECKING:
    Status = Literal["disconnected", "connecting", "connected", "closed"]
else:  # jedi, which completes what is typed in IPython and Jupyter, fails at a property that gives a Literal
    Status = str


class Caller(Protocol):
    """Carries calls to one backend for one login: over a socket (`socket.connection`) or by HTTP (`rest.caller`)."""

    location: str
    login: Login

    @property
    def status(self) -> Status:
        """Whether it can be called now, is on its way to that, or is closed."""
        ...

    def call(self, method: str, service: str, *args: Any, timeout: float) -> Any:
        """Calls a service's method and waits for the answer.

        Args:
            method: Feathers' method.
            service: The service's name.
            *args: Its arguments, the query last; plain JSON values (see `values.to_wire`).
            timeout: Seconds, for a connection and the answer together.

        Returns:
            The answer as it came: its shape is for whoever asks to check.

        Raises:
            PayloadTooLarge: The message is over the server's limit; it was not sent.
            BackendUnreachable: There was no connection in time; nothing was sent.
            ConnectionLost: The line dropped; whether a write was carried out is unknown.
            CallTimeout: No answer came in time.
            FeathersError: The server's own error.
        """
        ...

    def call_async(self, method: str, service: str, *args: Any, timeout: float) -> Call:
        """As `call`, but gives the answer as a handle, which may still be under way."""
        ...

    def token(self, deadline: float, refused: str | None = None) -> str | None:
        """The access token of the current login; `None` where nobody signed in.

        Args:
            deadline: Until when to wait, by `time.monotonic`.
            refused: A token that the server no longer takes; another one is given, where there is a password.
        """
        ...

    def close(self) -> None:
        """Ends it, and what it keeps open."""
        ...
