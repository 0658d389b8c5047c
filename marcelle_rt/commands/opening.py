"""The backend that a command talks to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..client.data_store import DataStore
from ..config import environment_login
from ..errors import MarcelleError, NotAuthenticated


class SignInNeeded(MarcelleError):
    """A backend that lets only those in who sign in, and a command that could not.

    Attributes:
        location: The backend's URL.
    """

    def __init__(self, location: str, answer: str, refused: bool) -> None:
        self.location = location
        what = "refuses the login of the environment" if refused else "asks for a sign-in"
        super().__init__(
            f"{location} {what} ({answer}). Set MARCELLE_EMAIL and MARCELLE_PASSWORD, or MARCELLE_TOKEN, and set "
            f"MARCELLE_BACKEND={location}: a login is given to no other backend than that one."
        )


@contextmanager
def backend(location: str | None) -> Iterator[DataStore]:
    """A store for the length of a command.

    Args:
        location: The backend's URL; `None` for the default.

    Raises:
        SignInNeeded: In place of the server's own word for it.
    """
    with DataStore(location) as store:
        try:
            yield store
        except NotAuthenticated as error:
            refused = any(environment_login(store.location))
            raise SignInNeeded(store.location, error.message, refused) from error
