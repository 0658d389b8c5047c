"""`marcelle-rt backend user`: who has an account on a backend of this machine."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from ...backend import users
from ...errors import MarcelleError
from ..output import cell, console, messages, print_json, sentence, table


def add(folder: Path, email: str) -> None:
    """Makes an account, with a password that is asked for."""
    users.check_email(email)
    users.add(folder, email, _password(f"Password for {email}: "))
    sentence(messages(), cell(f"{email} has an account now."))


def set_password(folder: Path, email: str) -> None:
    """Changes a password to one that is asked for."""
    users.set_password(folder, email, _password(f"New password for {email}: "))
    sentence(messages(), cell(f"{email} has a new password. Sessions of {email} stay valid for a day at most."))


def remove(folder: Path, email: str) -> None:
    """Removes an account."""
    users.remove(folder, email)
    sentence(messages(), cell(f"{email} has no account any more. Runs and files of theirs are still there."))


def print_all(folder: Path, as_json: bool) -> None:
    """Prints all accounts.

    Args:
        folder: The backend's data.
        as_json: One array of objects with `email`, `role` and `created`, which may be `null`.
    """
    found = users.every(folder)
    if as_json:
        print_json([{**user._asdict(), "created": user.created and user.created.isoformat()} for user in found])
        return
    if not found:
        sentence(messages(), f"Nobody has an account. `marcelle-rt backend user add EMAIL --data {folder}` makes one.")
        return
    shown = table("e-mail", "role", "created")
    for user in found:
        created = user.created.astimezone().strftime("%Y-%m-%d %H:%M") if user.created else "not known"
        shown.add_row(cell(user.email), cell(user.role), cell(created))
    console().print(shown)


def _password(question: str) -> str:
    """The password: from the environment, from what is piped in, or typed twice without being shown."""
    given = os.environ.get("MARCELLE_PASSWORD")
    if given is not None:
        sentence(messages(), "The password is the one in MARCELLE_PASSWORD.")
        return given
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(question)
    if getpass.getpass("Once more: ") != password:
        raise MarcelleError("The two passwords differ; nothing was changed.")
    return password
