"""The seam between a server and where its jobs run."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import NamedTuple, Protocol

from ..definition import Reference


class Order(NamedTuple):
    """An attempt of a job that is to be made; names and numbers alone, so that it can go anywhere.

    Attributes:
        reference: Where the server's definition is.
        location: The backend's URL.
        job: The job's `_id`.
        attempt: Which attempt, from 1.
        token: Begins the names of all workers that this order is given to; a cluster may give it to several. It begins
            with the server's own id.
    """

    reference: Reference
    location: str
    job: str
    attempt: int
    token: str

    def worker(self) -> str:
        """A name for one more worker that this order is given to."""
        return f"{self.token}.{uuid.uuid4().hex[:8]}"

    def is_of(self, worker: object) -> bool:
        """Whether a worker was given this order."""
        return isinstance(worker, str) and worker.startswith(f"{self.token}.")


def new_token(server: str) -> str:
    """A token for an order of a server."""
    return f"{server}:{uuid.uuid4().hex}"


def is_of_server(worker: object, server: str) -> bool:
    """Whether a worker was given an order of this server."""
    return isinstance(worker, str) and worker.startswith(f"{server}:")


Ended = Callable[[Order, str | None], None]
"""Told when an order has been carried out, or, with the reason, when its worker was lost. Any thread may call it."""


class Executor(Protocol):
    """Runs orders by `worker.attempt.carry_out`, each on a worker of its own."""

    @property
    def free(self) -> int:
        """How many more orders it takes now; those that it holds shall begin soon.

        Raises:
            MarcelleError: It takes none any more, ever.
        """
        ...

    @property
    def problem(self) -> str:
        """What keeps it from carrying orders out, for people; empty where nothing does."""
        ...

    def start(self, order: Order) -> None:
        """Has an order carried out, and returns at once.

        Raises:
            MarcelleError: It can't be, by this executor, ever.
        """
        ...

    def kill(self, order: Order) -> bool:
        """Ends the process that carries an order out, if it is ours to end; tells whether it is."""
        ...

    def close(self) -> None:
        """Ends what it has started; waits until nothing of it is running."""
        ...
