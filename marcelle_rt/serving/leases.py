"""Which workers give no sign of life any more, by one clock of one's own. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Leases:
    """Signs of life, by what they are of.

    Args:
        lease: Seconds without one after which it is overdue.
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, lease: float, clock: Callable[[], float]) -> None:
        self._lease = lease
        self._clock = clock
        self._signs: dict[str, tuple[Any, float]] = {}

    def seen(self, key: str, sign: Any) -> None:
        """Takes in a sign; the same as before is none."""
        before = self._signs.get(key)
        if before is None or before[0] != sign:
            self._signs[key] = (sign, self._clock())

    def forget(self, key: str) -> None:
        """No longer waits for signs of it."""
        self._signs.pop(key, None)

    def start_over(self) -> None:
        """Counts from now: while the backend was away nobody could give a sign."""
        now = self._clock()
        self._signs = {key: (sign, now) for key, (sign, _) in self._signs.items()}

    def overdue(self) -> list[str]:
        """Of what there was no new sign for a lease."""
        latest = self._clock() - self._lease
        return [key for key, (_, since) in self._signs.items() if since <= latest]
