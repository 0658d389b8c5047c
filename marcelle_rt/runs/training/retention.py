"""Which checkpoints of a run are kept where only so many shall be: the best, and the newest. Pure."""

from __future__ import annotations

from typing import NamedTuple


class _Kept(NamedTuple):
    key: str
    value: float | None


class Retention:
    """Counts a run's checkpoints, and says which has to go.

    Args:
        keep: How many are kept.
        better: Where the metric that tells the best one gets better, `"up"` or `"down"`; `None` where nothing tells,
            so that the newest are kept alone.
    """

    def __init__(self, keep: int, better: str | None) -> None:
        self._keep = keep
        self._sign = {"up": 1.0, "down": -1.0}.get(better or "", 0.0)
        self._kept: list[_Kept] = []  # the oldest first

    def add(self, key: str, value: float | None) -> list[str]:
        """Takes a new checkpoint.

        Args:
            key: Its key.
            value: What its metric was; `None` where there was none.

        Returns:
            The keys of those that have to go.
        """
        self._kept.append(_Kept(key, value))
        gone = []
        while len(self._kept) > self._keep:
            best = self._best()
            oldest = next(kept for kept in self._kept if kept is not best or len(self._kept) == 1)
            self._kept.remove(oldest)
            gone.append(oldest.key)
        return gone

    def _best(self) -> _Kept | None:
        """The best of those that have a value; the newest of several that are as good."""
        judged = [kept for kept in self._kept if kept.value is not None]
        if not judged or not self._sign:
            return None
        return max(reversed(judged), key=lambda kept: self._sign * (kept.value or 0.0))
