"""A clock that tests move."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class Clock:
    """Monotonic seconds that pass when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now
