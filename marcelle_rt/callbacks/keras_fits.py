"""One callback in a fit twice, or in the fits of two threads at once: one of them is recorded, and each epoch once."""

from __future__ import annotations

import threading
from typing import Any

from ..notices import Notices


class OneFit:
    """Whose hooks count. What is passed over is said.

    Args:
        notices: What the user is told.
    """

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._thread: threading.Thread | None = None
        self._params: Any = None  # Keras gives all callbacks of a fit the same dictionary
        self._others: set[threading.Thread] = set()
        self._is_twice = False
        self._ended: int | None = None  # the epoch

    def __reduce__(self) -> tuple[type[OneFit], tuple[Notices]]:
        """A copy is in no fit."""
        return OneFit, (self._notices,)

    def begins(self, params: Any, *, is_open: bool, is_new: bool) -> bool:
        """Whether a fit begins that is recorded.

        Args:
            params: What Keras has given the callback.
            is_open: A run that the callback began is open.
            is_new: No epoch of it has begun.
        """
        here = threading.current_thread()
        self._others = {thread for thread in self._others if thread is not here and thread.is_alive()}
        if is_open and self._thread is not None and self._thread is not here and self._thread.is_alive():
            self._others.add(here)
            self._notices.warn(
                "two fits",
                "A KerasCallback is in two fits at once, on two threads: the one that began first is recorded. Give "
                "each fit a KerasCallback of its own.",
            )
            return False
        if is_open and is_new and params is not None and params is self._params:
            self._is_twice = True
            self._notices.warn("twice", "A KerasCallback is in one fit twice; each epoch is recorded once.")
            return False
        self._thread, self._params, self._is_twice, self._ended = here, params, False, None
        return True

    def passes_over(self) -> bool:
        """Whether a hook is that of a fit that is not recorded."""
        return bool(self._others) and threading.current_thread() in self._others

    def passes_over_end(self, epoch: int) -> bool:
        """As `passes_over`, at the end of an epoch, also for the second time in the same fit."""
        if self.passes_over() or (self._is_twice and epoch == self._ended):
            return True
        self._ended = epoch
        return False

    def ends(self, *, is_open: bool) -> bool:
        """Whether the fit that is recorded ends."""
        if self.passes_over():
            self._others.discard(threading.current_thread())
            return False
        return is_open or not self._is_twice
