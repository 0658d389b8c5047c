"""Which executor a `TrainingServer(executor=...)` means."""

from __future__ import annotations

import concurrent.futures
from typing import Any

from ...errors import InvalidData
from ..definition import Reference
from .dask import Dask
from .futures import Futures
from .processes import Processes
from .ray import Ray
from .seam import Ended, Executor


def check(executor: Any) -> None:
    """Checks that something can be an executor.

    Raises:
        InvalidData: It can't.
    """
    if executor is None or isinstance(executor, concurrent.futures.Executor | str) or Dask.is_client(executor):
        return
    if callable(executor):
        return
    if isinstance(executor, bool) or not isinstance(executor, int) or executor < 1:
        raise InvalidData(
            "executor",
            executor,
            "is not a place where jobs can run; use None, a number of processes, a concurrent.futures.Executor, a "
            "dask.distributed.Client, 'ray' or an address of Ray, or a function that gives one of these",
        )


def made(executor: Any, reference: Reference, server: str, ended: Ended) -> Executor:
    """Makes the executor.

    Args:
        executor: As `check` takes it.
        reference: Where workers find the server.
        server: The server's own id.
        ended: Told when an order has ended.

    Raises:
        InvalidData: A function gave what can't be an executor.
        NoRay: Ray is asked for, and is not installed, did not start, or has no cluster at the address.
    """
    is_ours = callable(executor)
    if is_ours:  # it is called in the server alone, while workers import the server's file too
        executor = executor()
        check(executor)
    if isinstance(executor, str):
        return Ray(executor, ended)
    if Dask.is_client(executor):
        return Dask(executor, ended, is_ours=is_ours)
    if isinstance(executor, concurrent.futures.Executor):
        return Futures(executor, ended)
    return Processes(reference, server, executor or 1, ended)
