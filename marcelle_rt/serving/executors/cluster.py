"""What clusters have in common: workers that come and go, and somebody else who has to be asked about them."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod

from ...notices import THREADS, logger
from .elsewhere import Elsewhere
from .seam import Ended

_LOOK = 1.0  # seconds between two questions how many workers there are
_PATIENCE = 5.0  # seconds that an answer may take


class Cluster(Elsewhere):
    """Hands orders to a cluster, and knows how many workers it has.

    The cluster is asked on a thread of its own: one that is gone may not answer for a minute, and the server goes on
    giving signs of life. `_workers` and `_heard` are written on that thread, and before it begins.

    Args:
        name: What it is, for people.
        ended: Told when an order has been carried out, or its worker was lost.
    """

    def __init__(self, name: str, ended: Ended) -> None:
        super().__init__(ended)
        self._name = name
        self._closed = threading.Event()
        self._workers = 0
        self._heard = 0.0

    @abstractmethod
    def workers(self) -> int:
        """How many orders the workers that are there carry out at a time. Raises what it likes."""

    def begin(self) -> None:
        """Begins to ask, and has a first answer."""
        self._ask()
        threading.Thread(target=self._run, name=f"{THREADS}workers", daemon=True).start()

    def room(self) -> int:
        """One beside each that is carried out, so that no worker waits; and one for a cluster that grows by demand."""
        return 2 * max(1, self._workers) if self._answers else 0

    @property
    def problem(self) -> str:
        """Says that there is nobody to carry orders out."""
        if not self._answers:
            return f"the {self._name} does not answer"
        return "" if self._workers else f"the {self._name} has no workers"

    def close(self) -> None:
        """Asks no more."""
        self._closed.set()

    @property
    def _answers(self) -> bool:
        return time.monotonic() - self._heard < _LOOK + _PATIENCE

    def _run(self) -> None:
        while not self._closed.wait(_LOOK):
            self._ask()

    def _ask(self) -> None:
        try:
            self._workers = self.workers()
            self._heard = time.monotonic()
        except Exception as error:  # whatever an engine raises that is gone; `problem` says so
            logger.info("the %s was asked for its workers", self._name, exc_info=error)
