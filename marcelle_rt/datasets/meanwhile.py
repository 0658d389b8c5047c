"""What others do to a dataset while it is read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..notices import Notices

if TYPE_CHECKING:
    from ..client.service import Service

_WORDS = {"created": "added", "patched": "changed", "updated": "changed", "removed": "removed"}


class Meanwhile:
    """Listens, in a `with`, and afterwards tells whether what was read is not the state of one moment.

    `_seen` is written by the dispatcher thread, under the lock, and read by `tell`.

    Args:
        service: Where the dataset is kept.
        name: The dataset's name.
    """

    def __init__(self, service: Service, name: str) -> None:
        self._service = service
        self._name = name
        self._lock = threading.Lock()
        self._seen: dict[str, set[str]] = {}
        self._handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            event: self._handler(word) for event, word in _WORDS.items()
        }

    def _handler(self, word: str) -> Callable[[dict[str, Any]], None]:
        def note(document: dict[str, Any]) -> None:
            if document.get("datasetName") == self._name:
                with self._lock:
                    self._seen.setdefault(word, set()).add(str(document.get("_id")))

        return note

    def __enter__(self) -> Meanwhile:
        for event, handler in self._handlers.items():
            self._service.on(event, handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for event, handler in self._handlers.items():
            self._service.off(event, handler)

    def tell(self) -> None:
        """Warns of what has changed."""
        with self._lock:
            parts = [
                f"{len(self._seen[word]):,} {word}" for word in ("added", "changed", "removed") if word in self._seen
            ]
        if parts:
            Notices().warn(
                "meanwhile",
                f"dataset {self._name!r}: others wrote while it was read ({', '.join(parts)}); each instance is as it "
                "was when it was read. Read it again for a consistent state.",
            )
