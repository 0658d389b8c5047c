"""The threads that bring runs level while training goes on: one a backend for all runs of the process."""

from __future__ import annotations

import os
import queue
import random
import threading
import time
from collections.abc import Callable, Hashable
from functools import partial

from ...errors import (
    AWAY,
    BackendUnreachable,
    BadGateway,
    ConversionError,
    InvalidData,
    MarcelleError,
    RunFolderError,
    Unavailable,
    UnsupportedFormat,
)
from ...notices import logger
from ..document.events import Event
from ..folder import files
from ..remote.link import Link
from .feed import PAUSE, Feed
from .route import Channel

_FIRST_RETRY = 0.5  # seconds
_LAST_RETRY = 10.0
_IDLE = 5.0  # seconds that a thread without runs stays, for the next run


class Publisher:
    """Serves the runs of one backend, or those that only go to disk.

    A second thread uploads files, so that a model of 500 MB does not hold back the next epoch.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._feeds: list[Feed] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._news = False
        self._idle = False
        self._thread: threading.Thread | None = None
        self._uploads: queue.Queue[tuple[Feed, Event] | None] = queue.Queue()
        self._upload_thread: threading.Thread | None = None
        self._failures = 0
        self._away_until = 0.0
        self._channel = Channel(clock=clock)

    def add(self, feed: Feed) -> None:
        """Takes a run in."""
        with self._lock:
            self._feeds.append(feed)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="marcelle-publisher", daemon=True)
                self._thread.start()
        self.wake()

    def tell(self) -> None:
        """Says that a run has something new. The thread is at it at once, or in a moment if it just was at work.

        That spares a training that saves epoch after epoch: to wake a thread costs more than to write the epoch.
        """
        if not self._news:
            self._news = True
            if self._idle:
                self._wake.set()

    def wake(self) -> None:
        """Has the thread look at its runs at once."""
        self._news = True
        self._wake.set()

    def _rest(self, timeout: float, *, worked: bool) -> bool:
        """Waits until there is something to do.

        Args:
            timeout: The most seconds to wait.
            worked: There was news before, so that more is near: `tell` wakes nobody for a moment.

        Returns:
            Whether there is news.
        """
        if worked:
            self._wake.wait(min(timeout, PAUSE))
        else:
            self._idle = True  # before the look at `_news`, as `tell` sets that before it looks here
            if not self._news:
                self._wake.wait(timeout)
            self._idle = False
        self._wake.clear()
        news, self._news = self._news, False
        return news

    def _serve(self) -> None:
        due: float | None = None
        woken = False
        while True:
            timeout = _IDLE if due is None else max(0.0, due - self._clock())
            worked, woken = woken, self._rest(timeout, worked=woken)
            with self._lock:
                finished = [feed for feed in self._feeds if feed.closed and (feed.done.is_set() or feed.dropped)]
                self._feeds = [feed for feed in self._feeds if feed not in finished]
                feeds = list(self._feeds)
                if not feeds and not finished and not woken and not worked:
                    self._thread = None
                    self._channel.close()
                    if self._upload_thread is not None:
                        self._uploads.put(None)
                        self._upload_thread = None
                    return
            for feed in finished:
                self._guarded(feed, feed.release)
            self._choose(feeds)
            times = [t for feed in feeds if (t := self._guarded(feed, partial(self._advance, feed))) is not None]
            due = min(times, default=None)

    def _choose(self, feeds: list[Feed]) -> None:
        try:
            self._channel.choose(feeds)
        except MarcelleError as error:  # a store that was closed just now; its runs tell of it
            logger.info("the way to the backend stays as it is: %s", error)

    def _guarded(self, feed: Feed, work: Callable[[], float | None]) -> float | None:
        try:
            return work()
        except Exception as error:
            # A fault in one run must not end the thread that serves the others too.
            return feed.fault(error)

    def _advance(self, feed: Feed) -> float | None:
        now = self._clock()
        if now < self._away_until and not feed.cut_off and not feed.is_level:
            feed.keep()
            return self._away_until
        try:
            due = feed.advance()
            if feed.replica is not None and feed.replica.is_there:
                self._failures = 0
                self._hand_over_files(feed)
            return due
        except AWAY as error:
            return self._away(feed, error)

    def _away(self, feed: Feed, error: MarcelleError) -> float:
        feed.problem = error.reason if isinstance(error, BackendUnreachable) else str(error)
        feed.keep()
        feed.notices.warn("away", f"{error} The training goes on; {feed.kept()}, and sent when the backend is back.")
        pause = min(_LAST_RETRY, _FIRST_RETRY * 2**self._failures) * random.uniform(0.5, 1.0)
        self._failures = min(self._failures + 1, 10)
        self._away_until = self._clock() + pause
        return self._away_until

    # Files.

    def _hand_over_files(self, feed: Feed) -> None:
        if feed.cut_off or (feed.undecided and not feed.finishing and not feed.closed):
            return
        for event in feed.files_waiting():
            if event["key"] in feed.under_way:
                continue
            feed.under_way.add(event["key"])
            if self._upload_thread is None:
                self._upload_thread = threading.Thread(target=self._upload_all, name="marcelle-uploads", daemon=True)
                self._upload_thread.start()
            self._uploads.put((feed, event))

    def _upload_all(self) -> None:
        while (task := self._uploads.get()) is not None:
            self._upload(*task)
            self.wake()

    def _upload(self, feed: Feed, event: Event) -> None:
        from ... import models

        key = event["key"]
        if key in feed.run.dropped:
            return
        assert feed.uploads is not None
        assert feed.replica is not None
        try:
            convert = models.convert_in_subprocess  # a converter in this process would disturb the training
            run_id, name = feed.run.id, feed.replica.name
            feed.note(files.upload(feed.uploads, feed.journal.directory, event, run_id, name, convert))
        except (*AWAY, BadGateway, Unavailable) as error:  # the last two: a proxy before a backend that is away
            feed.notices.warn(
                "away", f"{error} The training goes on; {feed.kept()}, and sent when the backend is back."
            )
            self._later(feed, key)
        except ConversionError as error:
            feed.refused.add(key)
            feed.notices.warn(  # once: the next checkpoint of that model will fare no better
                "conversion", f"{event['path']} was not uploaded: {error} The training goes on; {feed.kept()}."
            )
        except (InvalidData, RunFolderError, UnsupportedFormat, OSError) as error:
            feed.refused.add(key)
            feed.notices.warn(
                ("file", key), f"{event['path']} was not uploaded: {error} The training goes on; {feed.kept()}."
            )
        except Exception as error:
            # Whatever a converter or the server throws, the other files and the training go on.
            logger.exception("%s could not be uploaded", event["path"])
            feed.refused.add(key)
            feed.notices.warn(
                ("file", key), f"{event['path']} was not uploaded: {error!r}. The training goes on; {feed.kept()}."
            )

    def _later(self, feed: Feed, key: str) -> None:
        def again() -> None:
            feed.under_way.discard(key)
            self.wake()

        timer = threading.Timer(_FIRST_RETRY * 2, again)
        timer.daemon = True
        timer.start()


_publishers: dict[Hashable, Publisher] = {}
_registry_lock = threading.Lock()


def publisher_for(link: Link | None) -> Publisher:
    """The publisher of a backend in this process; a forked child gets one of its own."""
    key = (os.getpid(), link.store.key if link is not None else None)
    with _registry_lock:
        if key not in _publishers:
            _publishers[key] = Publisher()
        return _publishers[key]


def _after_fork() -> None:
    global _registry_lock
    _registry_lock = threading.Lock()
    _publishers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
