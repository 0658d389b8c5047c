"""The backend that a command talks to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..client.data_store import DataStore
from ..config import environment_login
from ..errors import MarcelleError, NotAuthenticated


class SignInNeeded(MarcelleError):
    """A backend that lets only those in who sign in, and a command that has no login for it.

    Attributes:
        location: The backend's URL.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        super().__init__(
            f"{location} requires users to sign in. Set MARCELLE_EMAIL and MARCELLE_PASSWORD, or MARCELLE_TOKEN, and "
            f"set MARCELLE_BACKEND={location}: credentials are only sent to that backend."
        )


@contextmanager
def backend(location: str | None) -> Iterator[DataStore]:
    """A store for the length of a command.

    Args:
        location: The backend's URL; `None` for the default.

    Raises:
        SignInNeeded: The backend asks for a sign-in, and the environment has no login for it.
    """
    with DataStore(location) as store:
        try:
            yield store
        except NotAuthenticated as error:
            if any(environment_login(store.location)):  # it was refused, and the error says so
                raise
            raise SignInNeeded(store.location) from error
