"""The runs that somebody looks at, as a table and as curves. Pure: no I/O, and times are parameters."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..client.paging import Document, identity
from ..runs.document.commands import STOP, steering_of
from ..runs.remote.heartbeat import MISSED
from . import facts
from .series import Curve
from .track import Track

_DAY = 86_400.0  # seconds without news after which an open run is considered abandoned
_ALERTS = 50


@dataclass(slots=True)
class Entry:
    """What is kept of each run, whether it is shown or not."""

    id: Any
    name: str
    status: str
    word: str
    """The same for people: one that has finished may have been stopped, or pruned."""
    epoch: int
    epochs: int | None
    start: float
    error: str | None
    reason: str | None
    """Why it was stopped or pruned."""
    last: dict[str, float]
    live: bool
    """Whether it trains, or has trained while it was looked at."""
    can_stop: bool
    """Whether it can be asked to stop."""
    number: int
    """Its place in the order in which runs arrived."""

    @property
    def rank(self) -> tuple[bool, float, int]:
        """Running ones come first, then the newest."""
        return self.live, self.start, self.number

    @property
    def why(self) -> str:
        """Why it failed, or was stopped or pruned; empty where nothing is known."""
        return self.error or self.reason or ""

    @property
    def running(self) -> bool:
        """Whether it is one of the live ones and has not ended."""
        return self.live and self.status in facts.ACTIVE


class Row(NamedTuple):
    """A line of the table."""

    entry: Entry
    eta: float | None
    """Seconds, by the pace that was observed."""
    curves: dict[str, Curve]
    system: Document | None
    silent: float | None
    """Seconds since its last sign of life, if that is too long ago."""


class Board:
    """The state behind the views.

    Args:
        limit: How many runs are shown at most; of the others it is only known where they stand.
        metrics: Those to show; `None` for all.
    """

    def __init__(self, limit: int = 8, metrics: Sequence[str] | None = None) -> None:
        self.limit = limit
        self.entries: dict[Any, Entry] = {}
        self.alerts: list[Document] = []
        self._metrics = [metrics] if isinstance(metrics, str) else metrics
        self._chosen: list[Any] | None = None
        self._shown: list[Any] = []
        self._documents: dict[Any, Document] = {}
        self._tracks: dict[Any, Track] = {}
        self._alive: dict[Any, tuple[float, float]] = {}
        self._count = 0

    # What comes in

    def apply(self, changes: Iterable[tuple[str, Document]], now: float) -> None:
        """Takes in changes of `runs`.

        Args:
            changes: The kinds and documents of a view's changes, oldest first.
            now: The time, in seconds since 1970.
        """
        fresh: dict[Any, Document] = {}
        moved = False
        for kind, document in changes:
            key = identity(document)
            before = self.entries.get(key)
            if kind == "removed":
                fresh.pop(key, None)
                moved = self.entries.pop(key, None) is not None or moved
                continue
            fresh[key] = document
            entry = self.entries[key] = self._entry(key, document, before, kind, now)
            moved = moved or before is None or before.rank != entry.rank
        if moved:
            self._choose()
        for key, document in fresh.items():
            if key in self._tracks:
                self._documents[key] = _light(document)
                self._tracks[key].update(document, now)

    def batches(self, document: Document) -> None:
        """Takes in a document of `run-batches`."""
        if track := self._tracks.get(document.get("runId")):
            track.batches(document)

    def system(self, document: Document) -> None:
        """Takes in a document of `run-system`; one that is older than what is known changes nothing."""
        track = self._tracks.get(document.get("runId"))
        if track and (track.system is None or str(track.system.get("time")) <= str(document.get("time"))):
            track.system = document

    def alert(self, document: Document) -> bool:
        """Takes in a document of `run-alerts`; `False` if it was known, or is of a run that is not looked at."""
        if document.get("runId") not in self.entries or any(identity(document) == a["_id"] for a in self.alerts):
            return False
        self.alerts.append({**document, "_id": identity(document)})
        self.alerts.sort(key=lambda alert: str(alert.get("time")))
        del self.alerts[:-_ALERTS]
        return True

    def heartbeat(self, document: Document, now: float | None = None) -> None:
        """Takes in a document of `run-heartbeats`.

        Args:
            document: The sign of life.
            now: When it came, where it came just now; else its own time counts, by its own machine's clock.
        """
        time = facts.seconds(document.get("time")) if now is None else now
        interval = document.get("interval")
        if document.get("runId") in self.entries and isinstance(interval, (int, float)) and not math.isnan(time):
            self._alive[document["runId"]] = time, interval

    # What is chosen

    def choose(self, ids: Iterable[Any] | None) -> None:
        """Shows the runs of these ids, as far as they are there; `None`: running ones, then the newest."""
        self._chosen = None if ids is None else list(ids)
        self._choose()

    @property
    def shown(self) -> list[Any]:
        """The ids of the runs that are shown: the first is the newest that runs."""
        return self._shown

    def missing(self) -> list[Any]:
        """The ids of shown runs whose documents are needed again, because they were not shown when they came."""
        return [key for key in self._shown if key not in self._documents]

    def newest(self, count: int) -> list[Entry]:
        """The runs on the board, running ones first, then the newest."""
        return heapq.nlargest(count, self.entries.values(), key=lambda entry: entry.rank)

    # What is shown

    def rows(self, now: float) -> list[Row]:
        """The table.

        Args:
            now: The time, in seconds since 1970.
        """
        return [self._row(key, now) for key in self._shown if key in self._documents]

    def metrics(self) -> list[str]:
        """The metrics that the shown runs have, and that were asked for; batches' last."""
        names = list(dict.fromkeys(name for key in self._shown for name in self._tracks[key].curves))
        if self._metrics is None:
            return facts.ordered(names)
        return [name for wanted in self._metrics for name in names if name in (wanted, f"batch {wanted}")]

    def running(self) -> set[Any]:
        """The ids of all runs that train, shown or not."""
        return {key for key, entry in self.entries.items() if entry.running}

    def _row(self, key: Any, now: float) -> Row:
        entry, track = self.entries[key], self._tracks[key]
        silent = None
        if entry.running and key in self._alive:
            seen, interval = self._alive[key]
            silent = now - seen if now - seen > MISSED * interval else None
        return Row(
            entry,
            track.eta(self._documents[key], now) if entry.running else None,
            track.curves,
            track.system,
            silent,
        )

    def _entry(self, key: Any, document: Document, before: Entry | None, kind: str, now: float) -> Entry:
        status = str(document.get("status") or "")
        touched = facts.seconds(document.get("updatedAt"))
        recent = kind != "initial" or math.isnan(touched) or now - touched < _DAY
        start = facts.seconds(document.get("start"))
        start = facts.seconds(document.get("createdAt")) if math.isnan(start) else start
        self._count += before is None
        return Entry(
            id=key,
            name=facts.name(document),
            status=status,
            word=facts.status(document),
            epoch=facts.done(document),
            epochs=facts.planned(document),
            start=0.0 if math.isnan(start) else start,
            error=str(document["error"]) if document.get("error") else None,
            reason=str(document["reason"]) if document.get("reason") else None,
            last={
                str(name): value
                for name, values in facts.logs_of(document).items()
                if (value := facts.last(values)) is not None
            },
            live=bool(before and before.live) or (status in facts.ACTIVE and recent),
            can_stop=STOP in (steering_of(document) or {"commands": []})["commands"],
            number=before.number if before else self._count,
        )

    def _choose(self) -> None:
        """Decides which runs are shown, and forgets what was drawn of the others."""
        if self._chosen is None:
            self._shown = [entry.id for entry in self.newest(self.limit)]
        else:
            self._shown = [key for key in self._chosen if key in self.entries]
        self._tracks = {key: self._tracks.get(key) or Track() for key in self._shown}
        self._documents = {key: self._documents[key] for key in self._shown if key in self._documents}
        self._alive = {key: sign for key, sign in self._alive.items() if key in self.entries}
        self.alerts = [alert for alert in self.alerts if alert.get("runId") in self.entries]


def _light(document: Document) -> Document:
    """A run's document without its lists, which are drawn and not kept."""
    return {name: value for name, value in document.items() if not isinstance(value, (list, dict))}
