"""The state of a view: events and readings in, changes out. Pure: no network, no thread, no clock.

A line delivers a document's events in order, until it breaks and loses some; then everything is read again. An event
that comes while documents are read may be older or newer than what was read. It counts: if it is the older one, the
newer one is still to come, or the line breaks and there is another reading.

Whether a document matches can be in doubt, and then the server is asked about that one. Its answer is no older than the
event that made the doubt, and counts unless another event has come meanwhile.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Literal, NamedTuple

from .. import values
from .paging import Document

BACKLOG = 32_000_000
"""About how many bytes of changes wait for a slow reader before those of one document are merged."""


class Change(NamedTuple):
    """What happened to one document of a view.

    Attributes:
        kind: `"initial"` (there when the view began), `"added"` (created, or matching since now), `"changed"`,
            or `"removed"` (or matching no more).
        document: The document as it is now, or as it was last known. The view keeps it: copy it to change it.
    """

    kind: Literal["initial", "added", "changed", "removed"]
    document: Document


class _Waiting(NamedTuple):
    """A change that the reader has not been given."""

    key: Any
    document: Document
    present: bool
    initial: bool
    weight: int


class View:
    """Which documents there are, which of them the reader knows, and what is between.

    Args:
        backlog: About how many bytes may wait for the reader before changes of one document are merged, where
            that is more than twice what the documents themselves weigh.

    Attributes:
        stale: Something may have been missed, so that all must be read again; true at first.
        begun: The first reading is done.
        merged: How many changes the reader was not given, because a newer one of that document was there.
    """

    def __init__(self, backlog: int = BACKLOG) -> None:
        self.stale: bool = True
        self.begun: bool = False
        self.merged: int = 0
        self._state: dict[Any, Document] = {}
        self._given: dict[Any, Document] = {}
        self._since: dict[Any, Document | None] | None = None
        self._doubts: dict[Any, Document] = {}
        self._waiting: deque[_Waiting] = deque()
        self._weight = 0
        self._backlog = self._limit = backlog

    def __bool__(self) -> bool:
        """Whether `take` may have something."""
        return bool(self._waiting)

    @property
    def doubt(self) -> tuple[Any, Document] | None:
        """A document, by its key, of which the server is to be asked whether it matches; then `settle` it."""
        return next(iter(self._doubts.items()), None) if self.begun else None

    def event(self, key: Any, document: Document, matching: bool | None) -> None:
        """Takes in what became of a document.

        Args:
            key: The document's.
            document: As it is now.
            matching: Whether it is in the view; false also for one that was removed, `None` in doubt.
        """
        self._doubts.pop(key, None)
        if matching is None:
            self._doubts[key] = document
            return
        if self._since is not None:
            self._since[key] = document if matching else None
        if self.begun:
            self._set(key, document, matching)

    def begin(self) -> None:
        """A reading begins: what comes from now on counts more than what it finds."""
        self.stale = False
        self._since = {}
        self._doubts.clear()

    def abandon(self) -> None:
        """The reading failed."""
        self.stale = True
        self._since = None

    def end(self, found: dict[Any, Document]) -> None:
        """The reading is done.

        Args:
            found: All documents that match, by their keys; it is used up.
        """
        for key, document in (self._since or {}).items():
            found.pop(key, None)
            if document is not None:
                found[key] = document
        self._since = None
        for key in [key for key in self._state if key not in found]:
            self._set(key, self._state[key], False)
        for key, document in found.items():
            self._set(key, document, True)
        self.begun = True

    def settle(self, key: Any, document: Document, found: Document | None) -> None:
        """Takes in what the server answered about a `doubt`.

        Args:
            key: As `doubt` gave it.
            document: As `doubt` gave it.
            found: The document as it matches; `None` if it doesn't.
        """
        if self._doubts.get(key) is document:
            del self._doubts[key]
            self._set(key, found or document, found is not None)

    def take(self) -> Change | None:
        """The next change for the reader, or `None`."""
        while self._waiting:
            key, document, present, initial, weight = self._waiting.popleft()
            self._weight -= weight
            before = self._given.get(key)
            if not present:
                if before is not None:
                    del self._given[key]
                    return Change("removed", document)
            elif before is None or not _same(before, document):
                self._given[key] = document
                return Change("changed" if before is not None else "initial" if initial else "added", document)
        self._limit = self._backlog
        return None

    def _set(self, key: Any, document: Document, present: bool) -> None:
        before = self._state.get(key)
        if present:
            if before is not None and _same(before, document):
                return
            self._state[key] = document
        elif self._state.pop(key, None) is None:
            return
        weight = _weigh(document)
        self._waiting.append(_Waiting(key, document, present, not self.begun, weight))
        self._weight += weight
        if self._weight > self._limit:
            self._merge()

    def _merge(self) -> None:
        """Leaves the newest of each document, in the place of its oldest."""
        newest: dict[Any, _Waiting] = {}
        for change in self._waiting:
            older = newest.get(change.key)
            newest[change.key] = change if older is None else change._replace(initial=older.initial)
        kept = [change for change in newest.values() if change.present or change.key in self._given]
        self.merged += len(self._waiting) - len(kept)
        self._waiting = deque(kept)
        self._weight = sum(change.weight for change in kept)
        # What is left can't be less, so the next time is when there is as much again.
        self._limit = max(self._backlog, 2 * self._weight)


def _same(one: Document, other: Document) -> bool:
    # In Python 1 == True, in JSON not.
    return one == other and values.canonical(one) == values.canonical(other)


def _weigh(value: Any) -> int:
    """About how many bytes a value takes; a list by its first element."""
    if isinstance(value, str):
        return 56 + len(value)
    if isinstance(value, dict):
        return 240 + sum(map(_weigh, value.values()))
    if isinstance(value, list):
        return 64 + (len(value) * (8 + _weigh(value[0])) if value else 0)
    return 24
