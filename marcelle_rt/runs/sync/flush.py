"""Those who wait until a run's copies have all that was recorded so far."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ...foreign import pass_interrupt
from ...notices import bar, logger

_PATIENCE = 1.0  # seconds before a bar shows
_TICK = 0.1


class Flush:
    """A wait for a run's copies; `Feed.flush` makes it.

    The thread that made it waits; the publisher's thread settles it, once, as soon as it knows how it ends.

    Args:
        behind: About how many values the copies lack.
        leave: Called when nobody waits any more.
        clock: Seconds.
    """

    def __init__(
        self,
        behind: Callable[[], int],
        leave: Callable[[Flush], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._behind = behind
        self._leave = leave
        self._clock = clock
        self._settled = threading.Event()
        self._complete = False

    def settle(self, complete: bool) -> None:
        """Ends the wait.

        Args:
            complete: Whether the copies have it all. If not, waiting longer would be in vain.
        """
        if not self._settled.is_set():
            self._complete = complete
            self._settled.set()

    def wait(self, timeout: float, what: str = "Sending the run", in_vain: Callable[[], bool] = bool) -> bool:
        """Waits, with a progress bar when that takes over a second.

        Args:
            timeout: The most seconds.
            what: What is waited for, as the bar says it.
            in_vain: Whether waiting on is in vain; asked from time to time.

        Returns:
            Whether the copies have it all.
        """
        start = self._clock()
        end = start + timeout
        try:
            while not self._is_over(end, in_vain) and self._clock() < min(end, start + _PATIENCE):
                pass
            if not self._is_over(end, in_vain):
                try:
                    self._wait_with_bar(end, what, in_vain)
                except BaseException as error:  # what draws it is the program's own stderr, or a notebook's
                    pass_interrupt(error)
                    logger.info("the bar of a wait can't be shown", exc_info=error)
                    while not self._is_over(end, in_vain):
                        pass
            return self._complete
        finally:
            self._leave(self)

    def _is_over(self, end: float, in_vain: Callable[[], bool]) -> bool:
        """Waits a moment; tells whether the wait has come to an end."""
        left = end - self._clock()
        return self._settled.wait(min(_TICK, max(0.0, left))) or left <= 0 or in_vain()

    def _wait_with_bar(self, end: float, what: str, in_vain: Callable[[], bool]) -> None:
        most = self._behind()
        with bar(total=most, desc=what, unit="value") as shown:
            while not self._is_over(end, in_vain):
                shown.set_description_str(f"{what}, {end - self._clock():.0f} s left", refresh=False)
                behind = self._behind()
                most = max(most, behind)
                shown.total = most
                shown.n = most - behind
                shown.refresh()


class Flushes:
    """All who wait for one run's copies.

    | attribute | written by | read by |
    |---|---|---|
    | `waits`, `begun` | those who wait, under the lock | publisher |
    | `_behind` | publisher | those who wait |

    Attributes:
        waits: The waits that last.
        begun: How many were begun.
    """

    def __init__(self) -> None:
        self.waits: set[Flush] = set()
        self.begun: int = 0
        self._behind = 0
        self._lock = threading.RLock()  # a signal's handler may flush while this thread does

    def begin(self) -> Flush:
        """Begins a wait."""
        flush = Flush(lambda: self._behind, self._leave)
        with self._lock:
            self.waits.add(flush)
            self.begun += 1
        return flush

    def _leave(self, flush: Flush) -> None:
        with self._lock:
            self.waits.discard(flush)

    def tell(self, behind: int) -> None:
        """Takes about how many values the copies lack, on the publisher's thread."""
        self._behind = behind

    def settle(self, complete: bool) -> None:
        """Ends the waits, on the publisher's thread."""
        with self._lock:
            for flush in self.waits:
                flush.settle(complete)
