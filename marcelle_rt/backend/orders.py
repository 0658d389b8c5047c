"""The socket in a data folder by which the backend that runs on it takes orders from its owner."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .data_folder import ORDERS
from .errors import BackendError

_TIMEOUT = 30.0  # seconds


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """The socket's path, short enough for an address, which takes about a hundred bytes."""
    with tempfile.TemporaryDirectory(prefix="marcelle-") as place:
        link = Path(place) / "data"
        link.symlink_to(folder.absolute())
        yield str(link / ORDERS)


def listening(folder: Path) -> socket.socket:
    """Makes the socket anew, for a backend that has the folder's lock.

    Raises:
        BackendError: The folder's file system knows no sockets.
    """
    made = socket.socket(socket.AF_UNIX)
    try:
        with suppress(FileNotFoundError):
            (folder / ORDERS).unlink()
        with _address(folder) as address:
            made.bind(address)
        (folder / ORDERS).chmod(0o600)
        made.listen()
    except OSError as error:
        made.close()
        raise BackendError(
            f"No socket can be made in {folder} ({error.strerror}). Name a folder on a disk of this machine."
        ) from error
    return made


def send(folder: Path, order: dict[str, str]) -> Any:
    """Gives an order to the backend that runs on a folder.

    Returns:
        What it answers: an object with `done`, `refused` or `failed`.

    Raises:
        ConnectionError: None listens there.
        BackendError: It does not answer.
    """
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_TIMEOUT)
        try:
            with _address(folder) as address:
                line.connect(address)
        except FileNotFoundError as error:
            raise ConnectionRefusedError(str(error)) from error
        try:
            line.sendall(json.dumps(order).encode() + b"\n")
            with line.makefile("rb") as answers:
                answer = answers.readline()
        except OSError as error:
            raise BackendError(f"The backend that runs on {folder} does not answer ({error}).") from error
    if not answer:
        raise BackendError(f"The backend that runs on {folder} gave no answer; its backend.log may say why.")
    return json.loads(answer)
