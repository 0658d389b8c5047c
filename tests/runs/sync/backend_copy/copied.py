"""A run in a folder and its copy on a backend in memory, exchange by exchange."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.events import ALERTS, Event
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder.journal import Journal
from marcelle_rt.runs.sync.backend_copy import BackendCopy
from marcelle_rt.runs.sync.past import Past
from tests.runs.sync.memory_feed import Said
from tests.runs.sync.memory_link import MemoryLink
from tests.support.clock import Clock

START = "2026-11-24T09:30:00.000Z"


class Copied:
    """A run in a folder, and its copy on a backend in memory; events are written and folded at once."""

    def __init__(self, folder: Path, link: MemoryLink, history: list[Event] | None = None, **fields: Any) -> None:
        self.link, self.folder, self.clock, self.notices = link, folder, Clock(), Said()
        self.reported: list[Event] = []
        folder.mkdir(exist_ok=True)
        self.journal = Journal(folder)
        self.run = Run(history or [])
        for event in history or []:
            self.journal.append(event)
        self.past = Past(self.run, self.journal, len(history or []))
        self.copy = BackendCopy(
            self.run, self.past, link, self.notices, self.reported.append, owns_link=False, clock=self.clock
        )
        if not history:
            params = {"basename": "b", "start": START, "source": "keras", "params": {}, **fields}
            self.record(events.create(0, "r", params), events.begin(0, 0))

    def record(self, *recorded: Event) -> None:
        for event in recorded:
            self.journal.append(event)
            self.past.folded += 1
            self.copy.apply(event)

    def exchange(self, *, hurried: bool = False) -> float | None:
        """One exchange; returns in how many seconds the next may be."""
        due = self.copy.exchange(hurried=hurried)
        return None if due is None else due - self.clock.now

    def level(self) -> None:
        while (due := self.copy.exchange(hurried=False)) is not None:
            self.clock.now = max(self.clock.now, due)

    def calls(self) -> list[tuple[str, str]]:
        """What was called since the last look."""
        called, self.link.calls = self.link.calls, []
        return called

    def said(self) -> list[tuple[Hashable, str]]:
        """What was said since the last look."""
        said, self.notices.said = self.notices.said, []
        return said

    @property
    def kept(self) -> str:
        return f"The training goes on; all of it is kept in {self.folder}"


def document(n: int, service: str = ALERTS) -> Event:
    return events.document(0, service, "r", {"n": n})


def numbers(link: MemoryLink, service: str = ALERTS) -> list[int]:
    return sorted(each["n"] for each in link.services.get(service, {}).values())
