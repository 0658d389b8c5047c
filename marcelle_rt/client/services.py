"""`Services`: what a backend gives access to, whichever way it is reached."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from ..cards import card
from ..errors import InvalidAnswer, NotFound
from .caller import Status
from .service import Service, check_name
from .session import Session

if TYPE_CHECKING:
    from .rest.http import Http
    from .rest.uploads import Uploads

S = TypeVar("S", bound="Services")


class Services:
    """The services of a backend, and uploads to it.

    Args:
        session: The backend, and who is signed in.

    Attributes:
        session: As given.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._services: dict[str, Service] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.location!r}, status={self.status!r})"

    def _repr_html_(self) -> str:
        return card(type(self).__name__, {"backend": self.location, "status": self.status})

    @property
    def location(self) -> str:
        """The backend's URL, without a trailing slash."""
        return self.session.location

    @property
    def timeout(self) -> float:
        """Seconds that a call waits, for a connection and its answer together."""
        return self.session.timeout

    @property
    def status(self) -> Status:
        """How things stand.

        `"disconnected"` before the first use or after the first attempt failed, `"connecting"` (also while
        it reconnects), `"connected"`, or `"closed"`.
        """
        return self.session.status

    @property
    def http(self) -> Http:
        """The backend's HTTP side, signed in as this store is."""
        return self.session.http

    @property
    def uploads(self) -> Uploads:
        """Uploads to the backend."""
        from .rest.uploads import Uploads

        return Uploads(self.http)

    def close(self) -> None:
        """Takes this store's handlers away, ends its views, and leaves the connection to other stores.

        The connection ends with its last store.
        """
        self.session.close()

    def __enter__(self: S) -> S:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def service(self, name: str) -> Service:
        """Gives access to a service by name.

        Args:
            name: The service's name; backends make most services when they are first used.

        Raises:
            InvalidData: The name is empty, or has a character that no service's name has, such as a `/` inside.
        """
        known = self._services.get(name) if isinstance(name, str) else None
        if known is None:
            plain = check_name(name)
            known = self._services.setdefault(plain, Service(f"{self.location}/{plain}", session=self.session))
        return known

    def services(self) -> list[str]:
        """The names of the services that the backend has kept something in.

        Raises:
            NotFound: This server keeps no such list; Marcelle backends do.
        """
        answer = self.session.call("find", "info", {})
        names = answer.get("services") if isinstance(answer, dict) else None
        if names is None:
            raise NotFound("this server has no list of its services", call="info.find")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise InvalidAnswer(self.location, "info.find", "has services that are not a list of names")
        return sorted(names)
