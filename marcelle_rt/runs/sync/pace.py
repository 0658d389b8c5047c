"""How fast messages of one kind about a run may follow each other. Pure."""

from __future__ import annotations

PAUSE = 0.1  # seconds between two messages about one run; dashboards redraw at each
PAUSE_FACTOR = 4.0  # and that many times what the last answer took, so that long documents spare everybody
REFUSED_PAUSE = 10.0  # seconds before a server that said no is asked again


def earlier(one: float | None, other: float | None) -> float | None:
    """The earlier of two times, where `None` stands for never."""
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


class Pace:
    """When the next message may go out.

    Args:
        least: The least seconds between an answer and the next message.

    Attributes:
        due: When, on the clock of those who ask.
    """

    def __init__(self, least: float) -> None:
        self.due: float = 0.0
        self._least = least

    def answered(self, sent: float, now: float, *, hurried: bool) -> None:
        """Notes that an answer came.

        Args:
            sent: When its message was sent.
            now: When it came.
            hurried: Somebody waits for the run: no pause.
        """
        self.due = now if hurried else now + max(self._least, PAUSE_FACTOR * (now - sent))

    def refused(self, now: float) -> None:
        """Notes that the backend said no."""
        self.due = now + REFUSED_PAUSE

    def hurry(self) -> None:
        """Ends the pause."""
        self.due = 0.0
