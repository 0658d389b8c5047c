"""How a process's runs go to a backend: over the socket, or, in a flood of what others send, by REST.

A server sends every event of every service to every socket, asked or not. On a cluster where 100 processes train a
run each, it would send each of them what all of them write: 100 x 100 documents. So a process where nobody listens
gives its socket up when that begins, and writes by REST. When somebody listens again, the socket is back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...client.data_store import DataStore
from ...client.services import Services
from ...notices import logger

if TYPE_CHECKING:
    from ...client.socket.transport import Traffic
    from ..remote.link import Link
    from .feed import Feed

# Measured with runs of 100 epochs in 10 s. 4 processes that share 200 runs get 4 events for each call that they send,
# and a socket is the better way there. With a run each the ratio is the number of processes: at 16 both ways are as
# good, at 32 and 100 REST is better (0.13 s against 0.17 s and 0.6 s against 1.4 s between a run's events). The rate is
# low, as a server that is flooded sends slowly.
FLOOD_RATIO = 10.0  # events that nobody asked for, for each call
FLOOD_RATE = 5.0  # of them in a second; fewer cost nobody anything
_WINDOW = 2.0  # seconds that are looked at
_LONGEST_WINDOW = 300.0


class _Look(NamedTuple):
    """What a line had brought and sent when somebody looked."""

    line: Traffic
    at: float
    unasked: int
    sent: int


class Route:
    """Decides for the runs of one publisher, and tells their links.

    Args:
        clock: Monotonic seconds.

    Attributes:
        due: When `choose` is to be called next, on the clock: while runs go by REST before each message, else once in
            a while.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.due: float = 0.0
        self._clock = clock
        self._rest_store: Services | None = None
        self._links: list[Link] = []
        self._window = _WINDOW  # doubled for each time that the socket was given up in vain
        self._last: _Look | None = None

    def choose(self, feeds: Sequence[Feed]) -> None:
        """Looks how things are, and changes the way if it should.

        Args:
            feeds: The publisher's runs.
        """
        self.due = 0.0 if self._rest_store is not None else self._clock() + self._window
        copies = [feed.copy for feed in feeds if feed.copy is not None and feed.copy.link.store.status != "closed"]
        if not copies:
            return
        links = [copy.link for copy in copies]
        store = links[0].store
        if self._rest_store is None:
            if not self._is_flooded(store) or not all(copy.is_sure_of_removal for copy in copies):
                return
            stores = {id(link.store) for link in links}
            connection = store.connection
            if connection.events.needed() or connection.users > len(stores) or not connection.hang_up():
                return
            logger.info("%s sends much that nobody here asked for; runs go there by REST.", store.location)
            self._rest_store = store.by_rest()
            self.due = 0.0
            for copy in copies:
                copy.hurry()
        elif store.status != "disconnected":  # somebody here needs the socket
            self._window = min(_LONGEST_WINDOW, 2 * self._window)  # perhaps just for a call, each second
            self.close()
            return
        for link in self._links:
            if link not in links:  # its runs have ended; what else its owner does with it is his
                link.go_by(None)
        for link in links:
            link.go_by(self._rest_store)
        self._links = list(dict.fromkeys(links))

    def _is_flooded(self, store: DataStore) -> bool:
        traffic, before = store.connection.traffic, self._last
        self._last = None if traffic is None else _Look(traffic, self._clock(), traffic.unasked, traffic.sent)
        if self._last is None or before is None or before.line is not self._last.line:
            return False  # what came over a line before anybody looked took nobody knows how long
        elapsed, unasked, sent = (new - old for new, old in zip(self._last[1:], before[1:], strict=True))
        return unasked > FLOOD_RATE * elapsed and unasked > FLOOD_RATIO * sent

    def close(self) -> None:
        """Lets the links go by socket again."""
        for link in self._links:
            link.go_by(None)
        self._links.clear()
        if self._rest_store is not None:
            self._rest_store.close()
            self._rest_store = None
