"""Any `concurrent.futures.Executor` of the user's, as a place where jobs run."""

from __future__ import annotations

import os
import threading
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future

from ...errors import MarcelleError
from ..worker.attempt import carry_out
from ..worker.surroundings import Surroundings
from .seam import Ended, Order


class ExecutorGone(MarcelleError):
    """An executor that takes no more jobs."""

    def __init__(self, executor: object, reason: str) -> None:
        super().__init__(
            f"{type(executor).__name__} takes no more jobs: {reason}. Those that it had wait for the next start of a "
            "server; executor=None gives each job a process of its own, of which one can be killed without the others."
        )


class Futures:
    """Runs each job as a call of an executor, which stays the user's to shut down.

    `_futures` is read and written under `_lock` alone.

    Args:
        executor: The executor. Its workers import the server's module.
        ended: Told when an order's call has ended.
    """

    def __init__(self, executor: Executor, ended: Ended) -> None:
        self._executor = executor
        self._ended = ended
        # What the pools of the standard library are made with; others don't tell how many workers they have.
        self._most = int(getattr(executor, "_max_workers", None) or os.cpu_count() or 1)
        self._lock = threading.Lock()
        self._futures: dict[str, Future[None]] = {}

    @property
    def free(self) -> int:
        """How many workers have nothing to do."""
        with self._lock:
            return self._most - len(self._futures)

    def start(self, order: Order) -> None:
        """Submits an order.

        Raises:
            ExecutorGone: The executor is broken, or was shut down.
        """
        try:
            future = self._executor.submit(run, order)
        except (BrokenExecutor, RuntimeError) as error:
            raise ExecutorGone(self._executor, str(error).rstrip(".")) from error
        with self._lock:
            self._futures[order.token] = future
        future.add_done_callback(lambda done: self._done(order, done))

    def kill(self, order: Order) -> bool:
        """Takes an order back that no worker has begun; a worker is the executor's, and is not ended."""
        with self._lock:
            future = self._futures.get(order.token)
        return future is not None and future.cancel()

    def close(self) -> None:
        """Takes back what has not begun. What has was told to stop: its job is another's by now."""
        with self._lock:
            futures = list(self._futures.values())
        for future in futures:
            future.cancel()

    def _done(self, order: Order, future: Future[None]) -> None:
        with self._lock:
            self._futures.pop(order.token, None)
        try:
            error = future.exception()
        except CancelledError:
            error = None
        self._ended(order, None if error is None else f"its worker was lost ({type(error).__name__}: {error})")


def run(order: Order) -> None:
    """Carries an order out; what an executor's worker calls."""
    carry_out(order, order.reference.load(), Surroundings())
