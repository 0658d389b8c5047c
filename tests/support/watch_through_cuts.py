"""A watcher behind a line that breaks and a backend that restarts, while others write on a line of their own.

`benchmarks/watch_gaps.py` runs it for long.
"""

from __future__ import annotations

import random
import threading
from typing import Any, NamedTuple

from marcelle_rt import DataStore, Service
from marcelle_rt.backend import Backend
from marcelle_rt.client.watch import Change, Watch
from tests.helpers import eventually
from tests.support.proxy import Proxy
from tests.support.services import fresh_name

QUERY = {"on": True}
DOCUMENTS = 250  # more than a page


class Replay(threading.Thread):
    """Applies a watch's changes to a view of its own, and remembers those that can't be applied."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(name="replay", daemon=True)
        self._watch = watch
        self.view: dict[str, dict[str, Any]] = {}
        self.changes = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        try:
            for change in self._watch:
                self.changes += 1
                self._apply(change)
        except Exception as error:  # whatever ends it early is what the test looks for
            self.wrong.append(f"the watch ended: {error!r}")

    def _apply(self, change: Change) -> None:
        kind, document = change
        id = document["_id"]
        before = self.view.get(id)
        if (kind in ("initial", "added")) != (before is None):
            self.wrong.append(f"{kind} of {id}, which was {'not ' if before is None else ''}there")
        if kind == "changed" and document == before:
            self.wrong.append(f"{id} changed and was the same")
        if kind == "removed":
            self.view.pop(id, None)
        else:
            self.view[id] = document


class Writers:
    """Creates, patches and removes documents, some of which match the query."""

    def __init__(self, service: Service, seed: int) -> None:
        self._service = service
        self._random = random.Random(seed)
        self._ids = [made["_id"] for made in service.create([self._document() for _ in range(DOCUMENTS)])]
        self.writes = 0

    def write(self) -> None:
        """Does one of the three."""
        self.writes += 1
        pick = self._random.random()
        if pick < 0.25:
            self._ids.append(self._service.create(self._document())["_id"])
        elif pick < 0.5 and len(self._ids) > DOCUMENTS // 2:
            self._service.remove(self._ids.pop(self._random.randrange(len(self._ids))))
        else:
            self._service.patch(self._random.choice(self._ids), self._document())

    def _document(self) -> dict[str, Any]:
        return {"on": self._random.random() < 0.7, "n": self._random.random()}


class Outcome(NamedTuple):
    """What a run of it came to."""

    cuts: int
    restarts: int
    writes: int
    changes: int
    documents: int
    wrong: list[str]


def watch_through(backend: Backend, *, cuts: int, restarts: int, seed: int) -> Outcome:
    """Watches through cuts and restarts, and compares at the end.

    Args:
        backend: One that may be restarted.
        cuts: How often the watcher's line breaks, at random moments.
        restarts: How often the backend is stopped and started again.
        seed: Of what is drawn.

    Raises:
        AssertionError: The watcher's view did not come to equal the server's.
    """
    draw = random.Random(seed)
    happenings = ["cut"] * cuts + ["restart"] * restarts
    draw.shuffle(happenings)
    with Proxy(backend.url) as proxy, DataStore(proxy.url) as near, DataStore(backend.url, timeout=30) as far:
        service = far.service(fresh_name())
        writers = Writers(service, seed)
        with near.service(service.name).watch(QUERY) as watch:
            replay = Replay(watch)
            replay.start()
            for happening in happenings:
                for _ in range(draw.randrange(12)):
                    writers.write()
                # Some come while the line is away, or while everything is read anew.
                eventually(lambda: proxy.live or replay.wrong, timeout=60)
                if happening == "cut":
                    proxy.cut()
                else:
                    backend.stop()
                    backend.start()
            for _ in range(10):
                writers.write()
            there = {document["_id"]: document for document in service.items(QUERY)}
            eventually(lambda: replay.view == there or replay.wrong, timeout=60)
        replay.join(10)
        assert not replay.is_alive()
        return Outcome(cuts, restarts, writers.writes, replay.changes, len(there), replay.wrong)
