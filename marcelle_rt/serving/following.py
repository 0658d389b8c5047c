"""Follows what a query finds, on a thread of its own, across everything that happens to the line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..client.service import Service
from ..client.view import Change
from ..client.watch import Watch
from ..errors import MarcelleError
from ..notices import THREADS, logger

_RETRY = 2.0  # seconds until a backend that was away is asked again
_LOOK = 1.0  # seconds between two looks whether it is to end, where closing comes while it begins
_PATIENCE = 5.0  # seconds that the end waits for what is being done with a change


class Following:
    """Hands on what becomes of the documents that a query finds.

    Args:
        service: The service.
        query: As for `Service.watch`.
        is_ours: Whether a document that the query finds is what it should be; anybody can write others.
        changed: Gets each change of such a document, on the thread.
        begun: Called when everything is about to be given from the start, because changes were missed.
    """

    def __init__(
        self,
        service: Service,
        query: Mapping[str, Any],
        is_ours: Callable[[dict[str, Any]], bool],
        changed: Callable[[Change], Any],
        begun: Callable[[], Any] = lambda: None,
    ) -> None:
        self._service = service
        self._query = query
        self._is_ours = is_ours
        self._changed = changed
        self._begun = begun
        self._closed = threading.Event()
        self._watch: Watch | None = None
        self._thread = threading.Thread(target=self._run, name=f"{THREADS}{service.name}", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Has it end, and waits for nothing."""
        self._closed.set()
        if (watch := self._watch) is not None:
            watch.close()

    def close(self) -> None:
        """Ends it."""
        self.end()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._begun()
                with self._service.watch(self._query, timeout=_LOOK) as self._watch:
                    while not self._closed.is_set():
                        for change in self._watch:
                            if self._is_ours(change.document):
                                self._changed(change)
            except MarcelleError as error:
                logger.info("%s can't be followed now: %s", self._service.name, error)
                self._closed.wait(_RETRY)
