"""Hears of runs that somebody removes from a backend, as long as their copies go there by socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import NoWebSocket
from ..document.events import RUNS
from ..remote.link import Link


class Removals:
    """Listens for the removal of one run; by REST the heartbeat tells of it. It belongs to one thread.

    Args:
        link: The backend.
        is_run: Whether an `_id` is the run's.
        removed: Called on the dispatcher's thread.

    Attributes:
        is_listening: Whether it listens.
    """

    def __init__(self, link: Link, is_run: Callable[[Any], bool], removed: Callable[[], None]) -> None:
        self._link = link
        self._is_run = is_run
        self._removed = removed
        self.is_listening: bool = False

    def listen(self) -> None:
        """Listens from now on, if there is a socket; not for who does so already."""
        session = self._link.store.session
        if self._link.way is self._link.store and not session.lacks_socket:
            try:
                session.connect()
            except NoWebSocket:  # its calls go by HTTP
                return
            session.on(f"{RUNS} removed", self._hear, background=True)
            self.is_listening = True

    def end(self) -> None:
        """Listens no more."""
        if self.is_listening:
            self._link.store.session.off(f"{RUNS} removed", self._hear)
            self.is_listening = False

    def _hear(self, document: Any) -> None:
        if self._is_run(document.get("_id")):
            self._removed()
