"""What executors of other people have in common: they take orders, and give a future for each."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from ...errors import MarcelleError
from ...notices import logger
from ...runs.training.exits import describe, short
from .seam import Ended, Order


class ExecutorGone(MarcelleError):
    """An executor that takes no more jobs."""

    def __init__(self, what: str, reason: str, way_out: str) -> None:
        super().__init__(
            f"{what} takes no more jobs: {reason}. Those that it had wait for the next start of a server; {way_out}."
        )


class Future(Protocol):
    """What an executor gives for an order."""

    def add_done_callback(self, function: Callable[[Any], object], /) -> object:
        """Calls a function with the future when that is done."""


class Elsewhere(ABC):
    """Hands orders to an executor.

    `_out` is read and written under `_lock` alone.

    Args:
        ended: Told when an order has been carried out, or its worker was lost.
    """

    def __init__(self, ended: Ended) -> None:
        self._ended = ended
        self._lock = threading.Lock()
        self._out: dict[str, Future] = {}

    @abstractmethod
    def submit(self, order: Order) -> Future:
        """Has an order carried out by `worker.elsewhere.carry_out_here`.

        Raises:
            ExecutorGone: It never will be.
        """

    @abstractmethod
    def room(self) -> int:
        """How many orders may be out at a time, now."""

    @property
    def problem(self) -> str:
        """What keeps it from carrying orders out, for people; empty where nothing does."""
        return ""

    @property
    def free(self) -> int:
        """How many more orders it takes now."""
        with self._lock:
            out = len(self._out)
        return self.room() - out

    def start(self, order: Order) -> None:
        """Has an order carried out, and returns at once.

        Raises:
            ExecutorGone: It never will be.
        """
        future = self.submit(order)
        with self._lock:
            self._out[order.token] = future
        future.add_done_callback(partial(self._on_end, order))

    def future_of(self, order: Order) -> Any:
        """The future of an order that is out, or `None`."""
        with self._lock:
            return self._out.get(order.token)

    def futures(self) -> list[Any]:
        """The futures of all orders that are out."""
        with self._lock:
            return list(self._out.values())

    def _on_end(self, order: Order, future: Any) -> None:
        try:
            error = future.exception()
        except BaseException as cancelled:  # engines have classes of their own for it
            error = cancelled
        with self._lock:
            self._out.pop(order.token, None)  # and what it has computed may be forgotten
        if error is not None:
            logger.info("order of job %s", order.job, exc_info=error)
        self._ended(order, None if error is None else short(describe(error)))
