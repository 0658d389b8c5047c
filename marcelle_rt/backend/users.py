"""The users of a backend: made, listed and removed by who owns its data, whether it runs or not."""

from __future__ import annotations

import datetime as dt
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from ..values import time_of
from . import data_folder, orders
from .errors import BackendError
from .server import Backend

SHORTEST = 8
"""Characters of a password."""

_LONGEST = 72  # bytes; bcrypt reads no more
_LEAST = 4  # different characters
_EMAIL = 254
_START = "Start one: `marcelle-rt backend --auth --data {}`; then users can be added, also while it runs."
_FOREIGN = "The data in {} belongs to another user. Run this as that user."


class User(NamedTuple):
    """Somebody with an account."""

    email: str
    role: str
    created: dt.datetime | None
    """When; `None` for accounts that an earlier version made."""


def add(folder: Path, email: str, password: str) -> None:
    """Makes an account.

    Args:
        folder: The backend's data.
        email: The address to sign in with.
        password: The password.

    Raises:
        BackendError: There is no such folder, it is not of a backend with a sign-in, the address is not one or
            has an account already, or the password is weak.
    """
    check_email(email)
    check_password(email, password)
    _order(folder, "add", email=email, password=password)


def set_password(folder: Path, email: str, password: str) -> None:
    """Changes a password.

    Args:
        folder: The backend's data.
        email: Whose.
        password: The new one.

    Raises:
        BackendError: As for `add`; nobody has an account by that address.
    """
    check_password(email, password)
    _order(folder, "password", email=email, password=password)


def remove(folder: Path, email: str) -> None:
    """Removes an account; the runs and files of who had it stay.

    Args:
        folder: The backend's data.
        email: Whose.

    Raises:
        BackendError: As for `add`; nobody has an account by that address.
    """
    _order(folder, "remove", email=email)


def every(folder: Path) -> list[User]:
    """All accounts, by their addresses.

    Args:
        folder: The backend's data.

    Raises:
        BackendError: There is no such folder, or it is not of a backend with a sign-in.
    """
    return [User(str(user["email"]), str(user["role"]), time_of(user["created"])) for user in _order(folder, "list")]


def check_email(email: str) -> None:
    """Refuses what is not an e-mail address."""
    name, at, domain = email.partition("@")
    if not (name and at and domain) or "@" in domain or not email.isprintable() or " " in email or len(email) > _EMAIL:
        raise BackendError(f"{email!r} is not an e-mail address. Write it like ada@example.org.")


def check_password(email: str, password: str) -> None:
    """Refuses passwords that are weak, or of which a part would not count."""
    wrong = None
    if not password:
        wrong = "is empty"
    elif len(password) < SHORTEST:
        wrong = f"is too short: it needs {SHORTEST} characters"
    elif len(password.encode()) > _LONGEST:
        wrong = f"is too long: of more than {_LONGEST} bytes, only the first would count"
    elif not password.isprintable():
        wrong = "has characters that can't be typed"
    elif len(set(password)) < _LEAST:
        wrong = f"is too simple: it needs {_LEAST} different characters"
    elif password.casefold() in (email.casefold(), email.partition("@")[0].casefold()):
        wrong = "is the user's own name"
    if wrong:
        raise BackendError(f"The password {wrong}.")


def _order(folder: Path, action: str, **values: str) -> Any:
    if not folder.is_dir():
        raise BackendError(f"There is no folder {folder}. {_START.format(folder)}")
    with nullcontext() if data_folder.is_taken(folder) else _started(folder):
        try:
            answer = orders.send(folder, {"do": action, **values})
        except ConnectionError:
            raise BackendError(
                f"The backend that runs on {folder} has no sign-in. Stop it, start it with --auth, and then add users."
            ) from None
        except PermissionError:
            raise BackendError(_FOREIGN.format(folder)) from None
    if "done" in answer:
        return answer["done"]
    email = values.get("email", "")
    known = {
        "exists": f"{email} has an account already; `marcelle-rt backend user password {email}` changes its password.",
        "unknown": f"Nobody has an account as {email}; `marcelle-rt backend user list` tells who has.",
    }
    raise BackendError(known.get(answer.get("refused"), f"The backend could not do it: {answer}"))


def _started(folder: Path) -> Backend:
    """A backend for a moment, which nobody else knows of."""
    if folder.stat().st_uid != os.geteuid():
        raise BackendError(_FOREIGN.format(folder))
    if not (folder / "db" / "users.db").exists():
        raise BackendError(f"No backend with a sign-in has used {folder} yet. {_START.format(folder)}")
    return Backend(data=folder, auth=True)
