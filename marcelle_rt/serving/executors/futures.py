"""Any `concurrent.futures.Executor` of the user's, as a place where jobs run."""

from __future__ import annotations

import os
from concurrent.futures import BrokenExecutor, Executor

from ..worker.elsewhere import carry_out_here
from .elsewhere import Elsewhere, ExecutorGone, Future
from .seam import Ended, Order


class Futures(Elsewhere):
    """Runs each job as a call of an executor, which stays the user's to shut down.

    Args:
        executor: The executor. Its workers import the server's module.
        ended: Told when an order's call has ended.
    """

    def __init__(self, executor: Executor, ended: Ended) -> None:
        super().__init__(ended)
        self._executor = executor
        # What the pools of the standard library are made with; others don't tell how many workers they have.
        self._most = int(getattr(executor, "_max_workers", None) or os.cpu_count() or 1)

    def room(self) -> int:
        """One for each worker: what waits in a pool no other server can take."""
        return self._most

    def submit(self, order: Order) -> Future:
        """Submits an order.

        Raises:
            ExecutorGone: The executor is broken, or was shut down.
        """
        try:
            return self._executor.submit(carry_out_here, order._asdict())
        except (BrokenExecutor, RuntimeError) as error:
            raise ExecutorGone(
                type(self._executor).__name__,
                str(error).rstrip("."),
                "executor=None gives each job a process of its own, of which one can be killed without the others",
            ) from error

    def kill(self, order: Order) -> bool:
        """Takes an order back that no worker has begun; a worker is the executor's, and is not ended."""
        future = self.future_of(order)
        return future is not None and future.cancel()

    def close(self) -> None:
        """Takes back what has not begun. What has was told to stop: its job is another's by now."""
        for future in self.futures():
            future.cancel()
