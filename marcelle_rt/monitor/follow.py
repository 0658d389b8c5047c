"""Follows runs on a backend, and what belongs to them, on a thread of its own, and keeps a `Board` of them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..client.paging import Document, identity
from ..errors import AWAY, FeathersError, MarcelleError, NotFound
from ..notices import THREADS, logger
from ..runs.document.commands import STOP
from ..runs.document.events import ALERTS, BATCHES, HEARTBEATS, SYSTEM
from ..runs.remote.asking import Outcome, ask
from .board import Board

if TYPE_CHECKING:
    from ..client.data_store import DataStore
    from ..client.watch import Watch

PACE = 0.1  # seconds between two looks at what came in
_TRY_AGAIN = 1.0  # seconds until a backend that is away is asked again
_AGAIN = 2.0  # seconds after which news is called without any: times to go have run on
_SIDES = {BATCHES: 20, SYSTEM: 1, ALERTS: 20, HEARTBEATS: 1}
"""The services of what belongs to a run, and how many documents of a run are read when it is first shown."""


class Follower:
    """Keeps a board level with a backend.

    Args:
        store: The backend.
        query: Which runs.
        board: The board; whoever reads it holds `lock`.
        news: Called on the follower's thread after something changed, about ten times a second at most; and every
            other second, for what changes with the time alone.

    Attributes:
        lock: Guards the board.
        away: Whether the backend can't be reached just now.
        error: Why it ended by itself: what the server answered, or what is wrong with the query.
    """

    def __init__(
        self, store: DataStore, query: Mapping[str, Any], board: Board, news: Callable[[], object] = lambda: None
    ) -> None:
        self.board = board
        self.lock: threading.RLock = threading.RLock()
        self.away: bool = False
        self.error: MarcelleError | None = None
        self._store = store
        self._query = dict(query)
        self._news = news
        self._watch: Watch | None = None
        self._sides: queue.SimpleQueue[tuple[str, Document]] = queue.SimpleQueue()
        self._loaded: set[Any] = set()
        self._changed: dict[Any, tuple[str, Document]] = {}
        self._alerts: list[Document] = []
        self._first = threading.Event()
        self._closed = threading.Event()

    def start(self) -> None:
        """Connects, and returns when the board has what is there.

        Raises:
            BackendUnreachable: Nobody answers.
            FeathersError: The server refuses the query.
            InvalidData: The query can't be followed.
        """
        self._watch = self._store.service("runs").watch(self._query, timeout=PACE)
        self._handlers = {f"{name} {kind}": _put(self._sides, name) for name in _SIDES for kind in _KINDS}
        self._handlers["connected"] = _put(self._sides, "connected")
        for event, function in self._handlers.items():
            self._store.session.on(event, function)
        threading.Thread(target=self._run, name=f"{THREADS}monitor", daemon=True).start()
        self._first.wait()
        if self.error is not None:
            raise self.error

    @property
    def closed(self) -> bool:
        """Whether it has ended: by `close`, by an error, or with its store."""
        return self._closed.is_set()

    def close(self) -> None:
        """Ends it; safe to call twice, and from any thread."""
        if self._closed.is_set():
            return
        self._closed.set()
        if self._watch is not None:
            self._watch.close()
        for event, function in self._handlers.items():
            self._store.session.off(event, function)

    def stop(self, run_id: str) -> Outcome:
        """Asks a run to stop, and waits some seconds for what comes of it.

        Args:
            run_id: The run's `_id`.

        Raises:
            MarcelleError: What the backend or the line raised.
        """
        return ask(self._store, self._store.service("runs").get(run_id), STOP)

    def take(self) -> tuple[list[tuple[str, Document]], list[Document]]:
        """The newest change of each run since the last call, and the alerts that came."""
        with self.lock:
            changed, self._changed = self._changed, {}
            alerts, self._alerts = self._alerts, []
        return list(changed.values()), alerts

    def _run(self) -> None:
        assert self._watch is not None
        said = time.monotonic()
        try:
            while not self._closed.is_set() and self._store.status != "closed":
                try:
                    moved = self._look(self._watch)
                    away = self._store.status != "connected"
                except AWAY as error:
                    logger.debug("the backend is away: %s", error)
                    moved, away = False, True
                    self._closed.wait(_TRY_AGAIN)
                if away != self.away or moved or time.monotonic() - said > _AGAIN:
                    self.away, said = away, time.monotonic()
                    self._news()
                if not away:
                    self._first.set()
        except MarcelleError as error:
            if not self._closed.is_set() and self._store.status != "closed":
                self.error = error
                self._news()
        finally:
            self.close()
            self._first.set()
            self._news()

    def _look(self, watch: Watch) -> bool:
        """Takes in what came within a moment; whether anything did."""
        begun = time.monotonic()
        changes: dict[Any, tuple[str, Document]] = {}
        for kind, document in watch:
            changes[identity(document)] = kind, document
            if kind != "initial" and time.monotonic() - begun > PACE:
                break
        with self.lock:
            self.board.apply(changes.values(), time.time())
            self._changed.update(changes)
        moved = self._take_sides()
        return self._fill_in() or moved or bool(changes)

    def _take_sides(self) -> bool:
        moved = False
        while not self._sides.empty():
            name, document = self._sides.get()
            if name == "connected":
                self._loaded.clear()  # what came while the line was down is read
            else:
                self._side(name, document, time.time())
            moved = True
        return moved

    def _side(self, name: str, document: Document, now: float | None) -> None:
        with self.lock:
            if name == BATCHES:
                self.board.batches(document)
            elif name == SYSTEM:
                self.board.system(document)
            elif name == HEARTBEATS:
                self.board.heartbeat(document, now)
            elif self.board.alert(document) and self._first.is_set():
                self._alerts.append(document)

    def _fill_in(self) -> bool:
        """Reads what is missing of the runs that are shown."""
        with self.lock:
            missing, shown = self.board.missing(), list(self.board.shown)
        for key in missing:
            try:
                document = self._store.service("runs").get(key)
            except NotFound:
                continue  # removed just now, which the view is about to say
            with self.lock:
                self.board.apply([("initial", document)], time.time())
        self._loaded.intersection_update(shown)
        unread = [key for key in shown if key not in self._loaded]
        for key in unread:
            for name, count in _SIDES.items():
                for document in self._newest(name, key, count):
                    self._side(name, document, None)
            self._loaded.add(key)
        return bool(missing or unread)

    def _newest(self, name: str, key: Any, count: int) -> list[Document]:
        try:
            newest = self._store.service(name).first({"runId": key, "$sort": {"createdAt": -1}}, count)
        except FeathersError as error:
            # Not every backend has these services, or lets everybody read them; runs are shown without them.
            logger.info("%s can't be read: %s", name, error)
            return []
        return newest[::-1]


_KINDS = ("created", "updated", "patched")


def _put(sides: queue.SimpleQueue[tuple[str, Document]], name: str) -> Callable[..., object]:
    """A handler that knows of the queue alone, so that it keeps nothing alive."""
    return lambda document=None: sides.put((name, document or {}))
