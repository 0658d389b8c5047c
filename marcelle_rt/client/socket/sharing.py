"""Which connection is whose: one for each backend and login, counted, and one of its own for a forked child."""

from __future__ import annotations

import threading

from ...config import Login
from ...processes.forks import on_fork
from .connection import Connection

_shared: dict[tuple[str, Login], Connection] = {}
_lock = threading.Lock()


def acquire(location: str, login: Login) -> Connection:
    """The connection that all users of a backend and a login share; `release` it after use."""
    with _lock:
        connection = _shared.get((location, login))
        if connection is None:
            connection = _shared[location, login] = Connection(location, login)
        connection.users += 1
        return connection


def release(connection: Connection) -> None:
    """Gives a connection back; the last user's call closes it."""
    with _lock:
        connection.users -= 1
        if connection.users:
            return
        if _shared.get((connection.location, connection.login)) is connection:
            del _shared[connection.location, connection.login]
    connection.close()


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    for connection in _shared.values():
        connection.forked()


on_fork(_after_fork)
