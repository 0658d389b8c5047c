"""The threads that bring runs level while training goes on: one a backend for all runs of the process."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ...chance import CHANCE
from ...client.retrying import pause
from ...errors import AWAY, MarcelleError
from ...notices import THREADS, logger
from ...processes.forks import on_fork, pid
from ...processes.threads import started
from ..remote.link import Link
from .feed import Feed
from .pace import REFUSED_PAUSE, earlier
from .route import Route
from .status import Phase
from .worker import Worker

_MOMENT = 0.1  # seconds after work in which `tell` wakes nobody, as more is near
_IDLE = 5.0  # seconds that a thread without runs stays, for the next run
_START = 2.0  # seconds that the interpreter's shutdown waits for a first exchange that is under way


class Publisher:
    """Serves the runs of one backend, or those that only go to disk.

    A second thread uploads files, so that a model of 500 MB does not hold back the next epoch.

    | attribute | written by | read by |
    |---|---|---|
    | `_feeds`, `_thread` | training adds, publisher takes out; under `_lock` | both |
    | `_news`, `_wake` | training and uploads set them, publisher clears them | both |
    | `_is_idle` | publisher | training |
    | `_has_begun` | training makes it with the thread, publisher sets it | publisher, shutdown |
    | `_is_pressed` | training sets it, publisher clears it | both |
    | `failures`, `tries` | publisher | publisher; training, to see whether to wait is in vain |
    | `was_waited_for` | training sets it, publisher clears it | training |
    | `_away_until`, `_route`, `_uploads` | publisher | publisher |

    Attributes:
        failures: How often in a row the backend could not be reached.
        tries: How often it could not be reached in all.
        was_waited_for: Whether the end of a run waited for it in vain since it was reached last.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._feeds: list[Feed] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._news = False
        self._is_idle = False
        self._has_begun = threading.Event()
        self._thread: threading.Thread | None = None
        self._uploads = Worker("uploads", self.wake)
        self.failures: int = 0
        self.tries: int = 0
        self.was_waited_for: bool = False
        self._is_pressed = False
        self._away_until = 0.0
        self._route = Route(clock=clock)

    def add(self, feed: Feed) -> None:
        """Takes a run in."""
        with self._lock:
            self._feeds.append(feed)
        self.wake()

    def _begin(self) -> None:
        """Starts the thread where there is none, and a run needs it."""
        if not self._lock.acquire(blocking=False):  # who has it starts one, or takes the last run out
            return
        try:
            if self._thread is None and self._feeds:
                self._has_begun = threading.Event()
                self._thread = started(self._serve, "publisher")
                if self._thread is not None and any(feed.copy is not None for feed in self._feeds):
                    _hold_shutdown(self._has_begun)
        finally:
            self._lock.release()

    def tell(self) -> None:
        """Says that a run has something new. The thread is at it at once, or in a moment if it just was at work.

        That spares a training that saves epoch after epoch: to wake a thread costs more than to write the epoch.
        """
        if not self._news:
            self._news = True
            if self._is_idle:
                self._wake.set()
        elif self._thread is None:
            self._begin()

    def wake(self) -> None:
        """Has the thread look at its runs at once."""
        self._news = True
        self._wake.set()
        if self._thread is None:
            self._begin()

    def press(self) -> None:
        """Has the thread try at once to reach the backend, however often that failed."""
        self._is_pressed = True
        self.wake()

    def give_up(self) -> None:
        """Says that the end of a run waited in vain: the next one need not wait as long to learn the same."""
        self.was_waited_for = True

    def _wait_for_news(self, timeout: float, *, worked: bool) -> bool:
        """Waits until there is something to do.

        Args:
            timeout: The most seconds to wait.
            worked: There was news before, so that more is near: `tell` wakes nobody for a moment.

        Returns:
            Whether there is news.
        """
        if worked:
            self._wake.wait(min(timeout, _MOMENT))
        else:
            self._is_idle = True  # before the look at `_news`, as `tell` sets that before it looks here
            if not self._news:
                self._wake.wait(timeout)
            self._is_idle = False
        self._wake.clear()
        news, self._news = self._news, False
        return news

    def _serve(self) -> None:
        due: float | None = None
        news = is_over = False  # whether a run can be let go of
        while True:
            timeout = _IDLE if due is None else max(0.0, due - self._clock())
            worked, news = news, self._wait_for_news(timeout, worked=news)
            if not news and not is_over and self._feeds and (due is None or self._clock() < due):
                continue  # it was the moment after work alone
            with self._lock:
                finished = [feed for feed in self._feeds if feed.phase is Phase.SETTLED]
                self._feeds = [feed for feed in self._feeds if feed.phase is not Phase.SETTLED]
                feeds = list(self._feeds)
                if not feeds and not finished and not news and not worked:
                    self._thread = None
                    self._route.close()
                    self._uploads.stop()
                    return
            for feed in finished:
                self._guarded(feed, feed.release)
            if self._clock() >= self._route.due:
                self._choose(feeds)
            if self._is_pressed:
                self._is_pressed, self._away_until = False, 0.0
            due, is_over = None, False
            for feed in feeds:
                due = earlier(due, self._guarded(feed, partial(self._advance, feed)))
                is_over = is_over or feed.phase is Phase.SETTLED

    def _choose(self, feeds: list[Feed]) -> None:
        try:
            self._route.choose(feeds)
        except MarcelleError as error:  # a store that was closed just now; its runs tell of it
            logger.info("the way to the backend stays as it is: %s", error)

    def _guarded(self, feed: Feed, work: Callable[[], float | None]) -> float | None:
        try:
            return work()
        except BaseException as error:
            # A fault in one run must not end the thread that serves the others too.
            feed.fault(error)
            return self._clock() + REFUSED_PAUSE

    def _waits(self, feed: Feed) -> bool:
        return feed.copy is not None and not feed.copy.is_level

    def _advance(self, feed: Feed) -> float | None:
        if self.failures and self._clock() < self._away_until and self._waits(feed):
            feed.keep()
            return self._away_until
        try:
            due = feed.advance()
        except AWAY as error:
            feed.away(error)
            self._away_until = self._clock() + pause(self.failures) * CHANCE.uniform(0.5, 1.0)
            self.failures += 1
            self.tries += 1
            self._has_begun.set()
            return self._away_until
        copy = feed.copy
        if copy is not None and (copy.replica.is_open or copy.problem is not None):
            self._has_begun.set()
        if copy is not None and copy.replica.is_open:
            self.failures = 0
            self.was_waited_for = False
            if feed.run.files:
                for event in feed.files_due():
                    self._uploads.put(partial(copy.files.send, event, feed.run.id, copy.replica.name))
                due = earlier(due, copy.files.next_time())
        return due


def _hold_shutdown(begun: threading.Event) -> None:
    """Has the interpreter's shutdown wait for a moment until something has begun.

    A program of a few lines ends before the first connection is made. When Python shuts down it lets nobody start
    threads any more (since 3.12) nor import what registers itself for the end of threads, and to connect needs both.
    Exit handlers run after that. An executor's thread is what Python waits for before.
    """
    executor = ThreadPoolExecutor(1, f"{THREADS}start")
    with contextlib.suppress(RuntimeError):  # the main thread has ended; Python waits for the one that trains
        executor.submit(begun.wait, _START)
    executor.shutdown(wait=False)


_publishers: dict[Hashable, Publisher] = {}
_registry_lock = threading.Lock()


def publisher_for(link: Link | None, clock: Callable[[], float] = time.monotonic) -> Publisher:
    """The publisher of a backend in this process; a forked child gets one of its own.

    Args:
        link: The backend, or `None` for runs that only go to disk.
        clock: Monotonic seconds; runs of one clock have one publisher.
    """
    key = (pid(), link.store.key if link is not None else None, clock)
    with _registry_lock:
        if key not in _publishers:
            _publishers[key] = Publisher(clock=clock)
        return _publishers[key]


def _after_fork() -> None:
    global _registry_lock
    _registry_lock = threading.Lock()
    _publishers.clear()


on_fork(_after_fork)
