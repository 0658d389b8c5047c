"""Waits until a run's copies are level, with a progress bar when that takes over a second."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...config import no_bar
from .feed import Feed
from .publisher import Publisher

_PATIENCE = 1.0  # seconds before a bar shows
_TICK = 0.1


def wait_for(feed: Feed, publisher: Publisher, timeout: float, clock: Callable[[], float] = time.monotonic) -> bool:
    """Waits until nothing of a run waits any more, or the backend refuses it.

    Args:
        feed: The run.
        publisher: What brings it level.
        timeout: The most seconds to wait.
        clock: Seconds.

    Returns:
        Whether its copies are level.
    """
    feed.finish()
    publisher.wake()
    end = clock() + timeout
    if not feed.done.wait(min(timeout, _PATIENCE)) and clock() < end:
        _wait_with_bar(feed, end, clock)
    feed.finishing = feed.closed
    return feed.done.is_set()


def _wait_with_bar(feed: Feed, end: float, clock: Callable[[], float]) -> None:
    from tqdm.auto import tqdm

    total = most = feed.behind()
    with tqdm(total=total, desc="Sending the run", unit="value", disable=no_bar(), leave=False) as bar:
        while not feed.done.wait(min(_TICK, max(0.0, end - clock()))) and clock() < end and not feed.stuck:
            behind = feed.behind()
            most = max(most, behind)
            bar.total = most
            bar.n = most - behind
            bar.refresh()
