"""How long the end of a run waits for a backend that is not there, and what becomes of what is not sent by then."""

from __future__ import annotations

import time
from collections.abc import Callable

from .feed import Feed
from .publisher import Publisher
from .sentences import unsent_hint
from .status import Delivery

UNREACHED = 2.0  # seconds for a backend that the run never reached; all of it is in its folder


class Patience:
    """Tells when the end of a run waits in vain.

    Args:
        feed: The run.
        publisher: What sends it; it tries at once to reach a backend that was away.
        clock: Monotonic seconds.
    """

    def __init__(self, feed: Feed, publisher: Publisher, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._feed = feed
        self._publisher = publisher
        self._clock = clock
        self._start = clock()
        self._tries = publisher.tries
        if publisher.failures:
            publisher.press()

    def is_over(self) -> bool:
        """Whether to wait on is in vain: the run never reached its backend, which can't be reached now either."""
        publisher = self._publisher
        copy = self._feed.copy
        if copy is None or copy.replica.copies or not publisher.failures:
            return False
        was_tried = publisher.was_waited_for and publisher.tries > self._tries
        if was_tried or self._clock() - self._start > UNREACHED:
            publisher.give_up()
            return True
        return False


def unsent(feed: Feed) -> str | None:
    """Where the rest of a run is, and what sends it; `None` where nothing can, or all is there."""
    link = feed.copy.link if feed.copy is not None else None
    problem = feed.status.problem
    if feed.is_on_its_way:
        return unsent_hint(feed.journal, link, problem, goes_on=True)
    if feed.copy is not None and feed.copy.replica.delivery is Delivery.CLOSED:
        return unsent_hint(feed.journal, link, problem)
    return unsent_hint(feed.journal, None, problem) if feed.journal.failure else None
