"""What the process lacks for a moment, file descriptors or threads, is one failed attempt to connect."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable

import pytest

from marcelle_rt import DataStore
from marcelle_rt.client.socket import transport
from marcelle_rt.errors import BackendUnreachable


def raising(error: Exception) -> Callable[..., None]:
    def raises(*_: object, **__: object) -> None:
        raise error

    return raises


@pytest.mark.parametrize(
    ("where", "name", "error", "said"),
    [
        (transport.Line, "__init__", OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "Too many open files"),
        (transport.Line, "open", MemoryError("no more"), "MemoryError: no more"),
        (transport.Line, "open", ImportError("half of it"), "ImportError: half of it"),
        (threading.Thread, "start", RuntimeError("can't start new thread"), "can't start new thread"),
    ],
)
def test_a_shortage_is_a_failed_attempt_and_the_next_one_is_made(
    where: type, name: str, error: Exception, said: str, unused_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DataStore(unused_url) as store:
        with monkeypatch.context() as patch:
            patch.setattr(where, name, raising(error))
            for _ in range(2):
                with pytest.raises(BackendUnreachable, match=said) as raised:
                    store.connect()
                assert raised.value.__cause__ is error
                assert store.status == "disconnected"
        with pytest.raises(BackendUnreachable, match="refused"):
            store.connect()
