"""The folder of a backend's data: who holds it, who can read it, and the secret in it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .errors import BackendError

LOG = "backend.log"
_LOCK = "backend.lock"
_SECRET = "secret"
_UNFINISHED = "secret.new"
ORDERS = "orders"
OURS = {LOG, ORDERS, _LOCK, _SECRET, _UNFINISHED, "db", "uploads"}
"""What a backend keeps in its folder."""

_OTHERS = 0o077
_SHORTEST = 32  # characters; ours have 43


def private(path: str, flags: int) -> int:
    """Opens a file that only its owner may read, and that is not a link to another; an `opener` for `open`."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def lock(folder: Path) -> IO[str]:
    """Makes the folder if need be, and takes it for one backend, for as long as the file that is returned is open.

    Raises:
        BackendError: It can't be made or written, or another backend has it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = open(folder / _LOCK, "a", opener=private)  # noqa: SIM115 - it stays open
    except OSError as error:
        raise BackendError(
            f"The backend's data can't be kept in {folder} ({error.strerror}). Name a folder that can be written."
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise BackendError(
            f"Another backend uses the data in {folder}. Stop it first, or name another folder."
        ) from None
    return file


def is_taken(folder: Path) -> bool:
    """Whether a backend runs on a folder."""
    try:
        file = open(folder / _LOCK, opener=private)  # noqa: SIM115
    except OSError:  # there is none, or it is not for us to look at
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def close_to_others(folder: Path) -> None:
    """Takes from other users of the machine the right to read and to write the data, and says so where they had it.

    Changed is what the backend itself made: a folder of ours with other things in it, or one of somebody
    else, is never touched, nor what a link leads to.

    Raises:
        BackendError: Others can read the folder or what a link in it leads to, and that is not ours to change; the
            message says what to do.
    """
    try:
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            foreign = sorted(set(os.listdir(top)) - OURS)
            is_open = bool(os.fstat(top).st_mode & _OTHERS)
            if is_open:
                _refuse_foreign(folder, foreign, os.fstat(top).st_uid)
                _close(top)
        finally:
            os.close(top)
        changed = is_open + sum(_close_below(folder / name) for name in OURS)
    except OSError as error:
        raise BackendError(
            f"The data in {folder} can't be closed to other users of this machine ({error.strerror}: "
            f"{error.filename or folder}). Name another folder, or make this one private: chmod -R go= {folder}"
        ) from error
    if changed:
        print(
            f"Other users of this machine could read the data in {folder}; now it is for you alone "
            f"({changed} file{'s' * (changed > 1)} and folders changed).",
            file=sys.stderr,
            flush=True,
        )


def _refuse_foreign(folder: Path, foreign: list[str], owner: int) -> None:
    why = None
    if owner != os.geteuid():
        why = f"belongs to another user (number {owner})"
    elif foreign:
        named = ", ".join(foreign[:3]) + (", ..." if len(foreign) > 3 else "")
        why = f"has other things in it ({named})"
    if why:
        raise BackendError(
            f"With a sign-in, other users of this machine must not read the data, but {folder} is open to them and "
            f"{why}. Name a folder for the backend alone, such as {folder / 'marcelle-data'}, or close this one "
            f"yourself: chmod go= {folder}"
        )


def _close(descriptor: int) -> bool:
    """Closes one file or folder of ours to others; whether it was open."""
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if not mode & _OTHERS:
        return False
    os.fchmod(descriptor, mode & ~_OTHERS)
    if os.fstat(descriptor).st_mode & _OTHERS:
        raise OSError(0, "this file system keeps no permissions")
    return True


def _close_below(path: Path) -> int:
    """Closes a file or a folder with all in it; how many were open."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

    def close(name: str | Path, within: int | None = None, here: str = "") -> bool:
        found = os.stat(name, dir_fd=within, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            _refuse_open_link(Path(here, name))
        ours = found.st_uid == os.geteuid() and (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode))
        if not ours or not found.st_mode & _OTHERS:
            return False
        descriptor = os.open(name, flags, dir_fd=within)
        try:
            return _close(descriptor)
        finally:
            os.close(descriptor)

    if not os.path.lexists(path):
        return 0
    changed = int(close(path))
    for here, _, files, descriptor in _walk(path):
        changed += sum(close(name, descriptor, here) for name in files)
    return changed


def _refuse_open_link(link: Path) -> None:
    """Refuses a link to what others can read; one that leads nowhere is nothing to read."""
    try:
        found = link.stat()
    except FileNotFoundError:
        return
    if not found.st_mode & _OTHERS and found.st_uid == os.geteuid():
        return
    target = link.resolve()
    raise BackendError(
        f"With a sign-in, other users of this machine must not read the data, but {link} is a link to {target}, "
        f"which is open to them. Close that: chmod -R go= {target} (or, if it is not yours, put a folder of your own "
        "in the link's place)."
    )


def _walk(path: Path) -> Iterator[tuple[str, list[str], list[str], int]]:
    """`os.fwalk`, with folders among the names."""
    if path.is_symlink() or not path.is_dir():
        return

    def fail(error: OSError) -> None:
        raise error

    for here, folders, files, descriptor in os.fwalk(path, onerror=fail):
        yield here, folders, [*folders, *files], descriptor


def secret(folder: Path) -> str:
    """The secret that tokens are signed with; it stays with the data, so that they outlive a restart.

    One that a crash has cut off, or emptied, is made anew, which is said.

    Raises:
        BackendError: It can't be read or written, or is a link: what it leads to may be anybody's.
    """
    path = folder / _SECRET
    if path.is_symlink():
        raise BackendError(
            f"The secret that signs tokens is to be a file of its own, but {path} is a link to {os.readlink(path)}. "
            f"Remove the link (rm {path}): a new secret is made, and who is signed in signs in again."
        )
    try:
        try:
            text = path.read_text(errors="replace")
        except FileNotFoundError:
            return _make_secret(folder)
        if len(text.strip()) >= _SHORTEST and text.strip().isascii() and text.strip().isprintable():
            return text
        print(
            f"The secret in {path} is not whole, so a new one was made: who is signed in has to sign in again.",
            file=sys.stderr,
            flush=True,
        )
        return _make_secret(folder)
    except OSError as error:
        raise BackendError(f"The secret that signs tokens can't be kept in {path} ({error.strerror}).") from error


def _make_secret(folder: Path) -> str:
    """Writes a secret that is whole or not there."""
    text = secrets.token_urlsafe(32)
    unfinished = folder / _UNFINISHED
    with contextlib.suppress(FileNotFoundError):
        unfinished.unlink()
    with open(unfinished, "x", opener=private) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / _SECRET)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return text
