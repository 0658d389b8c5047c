"""Which executor a `TrainingServer(executor=...)` means."""

from __future__ import annotations

import concurrent.futures
from typing import Any

from ...errors import InvalidData
from ..definition import Reference
from .futures import Futures
from .processes import Processes
from .seam import Ended, Executor


def check(executor: Any) -> None:
    """Checks that something can be an executor.

    Raises:
        InvalidData: It can't.
    """
    if executor is None or isinstance(executor, concurrent.futures.Executor):
        return
    if isinstance(executor, bool) or not isinstance(executor, int) or executor < 1:
        raise InvalidData(
            "executor",
            executor,
            "is not a place where jobs can run; use None, a number of processes, or a concurrent.futures.Executor",
        )


def made(executor: Any, reference: Reference, server: str, ended: Ended) -> Executor:
    """Makes the executor.

    Args:
        executor: As `check` takes it.
        reference: Where workers find the server.
        server: The server's own id.
        ended: Told when an order has ended.
    """
    if isinstance(executor, concurrent.futures.Executor):
        return Futures(executor, ended)
    return Processes(reference, server, executor or 1, ended)
