"""A run on its way to a folder and to a backend in memory, served by the test itself."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

from marcelle_rt.notices import Notices
from marcelle_rt.runs.document import events
from marcelle_rt.runs.folder.journal import Journal
from marcelle_rt.runs.sync.feed import Feed
from marcelle_rt.runs.sync.status import Phase
from tests.runs.sync.memory_link import MemoryLink
from tests.support.clock import Clock

RUN = {"basename": "b", "start": "2026-11-24T09:30:00.000Z", "source": "keras", "params": {}}


class Said(Notices):
    """Keeps what is said, each time."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[Hashable, str]] = []

    def warn(self, key: Hashable, text: str) -> None:
        self.said.append((key, text))


class Made:
    """A feed, what it stands on, and the thread that would serve it."""

    def __init__(self, folder: Path | None, link: MemoryLink | None, notices: Notices | None = None) -> None:
        self.clock = Clock()
        self.notices = notices or Notices()
        self.link = link
        self.journal = Journal(folder)
        self.feed = Feed(self.journal, link, self.notices, clock=self.clock)
        self.feed.record(events.create(0, "r", RUN))

    def serve(self, rounds: int = 30) -> float | None:
        """Advances until only an event can bring new work, or the next is due later."""
        due = None
        for _ in range(rounds):
            due = self.feed.advance()
            if due is None or due > self.clock.now:
                return due
        return due

    def until_settled(self) -> None:
        for _ in range(50):
            due = self.feed.advance()
            if self.feed.status.complete or self.feed.phase is Phase.SETTLED:
                return
            self.clock.now = max(self.clock.now, due or 0.0)
