"""The fence around a backend's copy of a run: keeps out what comes late, and who should not write. No I/O.

A line that hangs may let go of a patch long after it was given up: after the same process sent it again, or after
the process died and another one finished the run. Clocks of two machines may differ by anything, so they decide
nothing here. Every copy has two marks, which each patch sets or asks for:

- `writer`: the process that writes it, and the folder that it writes from. Whoever goes on with a copy puts its own
  mark in, and only where the copy still has the marks that it read. From then on every patch of the one before it,
  however late, finds nothing that it may change.
- `rev`: a number that grows with each patch of a writer, and keeps out its own patches that come late.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

_REV = re.compile(r"[0-9]{16}", re.ASCII)
_HIGHEST = 10**15  # a `rev` above it was set by somebody else, and leaves no room


class Fence:
    """The marks of one writer on one copy.

    Args:
        folder: What tells the run's folder from others.
        clock: Seconds since 1970. The copies of a run are sorted by `rev`, so that begins at the time.
    """

    def __init__(self, folder: str = "", *, clock: Callable[[], float] = time.time) -> None:
        self.writer: str = f"{folder}-{uuid.uuid4().hex[:8]}"
        self._folder = folder
        self._clock = clock
        self._rev = 0
        self._seen: tuple[str, str] | None = None  # the marks of a copy that is another writer's; `None` if it is ours
        self._last_writer: Any = None
        self._is_kept = True  # whether the backend keeps `writer`; one with a schema of its own may not

    def first(self) -> dict[str, Any]:
        """The marks for a whole document, which makes it ours."""
        self._seen = None
        self._rev = self._next_rev()
        return {"rev": rev_text(self._rev), "writer": self.writer}

    def next(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The marks for a patch, and the query that the copy must match to take it."""
        self._rev = self._next_rev()
        rev = rev_text(self._rev)
        if self._seen is not None:
            seen_rev, seen_writer = self._seen
            # The copy must match once it is patched, too: NeDB tells nobody of a patch after which it does not.
            marks = [{"rev": seen_rev, "writer": seen_writer}, {"rev": rev, "writer": self.writer}]
            return {"rev": rev, "writer": self.writer}, {"$or": marks}
        if not self._is_kept:
            return {"rev": rev}, {"rev": {"$lte": rev}}
        return {"rev": rev}, {"rev": {"$lte": rev}, "writer": self.writer}

    def read(self, document: Mapping[str, Any]) -> bool:
        """Takes the marks of a copy that was read.

        Returns:
            Whether they can be asked for. If not (the client of 2021 set none), `first` must be set at once.
        """
        rev, writer = document.get("rev"), document.get("writer")
        self._last_writer = writer
        number = rev_number(rev)
        self._rev = max(self._rev, number)
        if not number or not isinstance(writer, str) or not writer:
            return False
        if writer == self.writer:
            self._seen = None
            return True
        self._seen = (str(rev), writer)
        return True

    def passed(self, document: Mapping[str, Any]) -> None:
        """Takes the answer to a patch that the copy took."""
        self._is_kept = document.get("writer") == self.writer
        self._seen = None
        self._last_writer = document.get("writer")

    def is_ours(self, document: Mapping[str, Any]) -> bool:
        """Whether a document that was just created has our marks; one of a backend that keeps none counts as ours."""
        return bool(document.get("writer", self.writer) == self.writer)

    def is_of_new_writer(self, document: Mapping[str, Any]) -> bool:
        """Whether somebody took the copy over since it was read last."""
        return document.get("writer") not in (self.writer, self._last_writer)

    def is_of_other_folder(self, document: Mapping[str, Any]) -> bool:
        """Whether the copy was written last from another folder than this run's."""
        writer = document.get("writer")
        return isinstance(writer, str) and writer.rpartition("-")[0] != self._folder

    def _next_rev(self) -> int:
        return max(self._rev + 1, int(self._clock() * 1000))


def rev_text(rev: int) -> str:
    """`rev` as documents hold it: strings of one length compare as numbers do, over the socket and REST."""
    return f"{rev:016d}"


def rev_number(text: Any) -> int:
    """The number in a document's `rev`; 0 where there is none that we could go on from."""
    number = int(text) if isinstance(text, str) and _REV.fullmatch(text) else 0
    return number if number < _HIGHEST else 0
