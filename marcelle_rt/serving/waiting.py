"""The jobs that wait, the oldest first. Pure."""

from __future__ import annotations

import heapq
from typing import Any


class Waiting:
    """Documents by the time that the backend has created them; putting one in and taking the oldest is quick."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[str, Any]] = {}
        self._order: list[tuple[str, str]] = []

    def __len__(self) -> int:
        return len(self._documents)

    def __contains__(self, key: str) -> bool:
        return key in self._documents

    def put(self, document: dict[str, Any]) -> None:
        """Adds a document, or replaces it."""
        key = document["_id"]
        if key not in self._documents:
            heapq.heappush(self._order, (str(document.get("createdAt", "")), key))
        self._documents[key] = document

    def discard(self, key: str) -> None:
        """Takes one out, if it is there."""
        self._documents.pop(key, None)

    def take(self) -> dict[str, Any] | None:
        """Takes the oldest out, or `None`."""
        while self._order:
            _, key = heapq.heappop(self._order)
            if (document := self._documents.pop(key, None)) is not None:
                return document
        return None
