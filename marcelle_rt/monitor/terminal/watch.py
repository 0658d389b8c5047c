"""Runs in a terminal: a table that moves, or a line for each change where nobody sees a table."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...client.paging import Document, identity
from ...foreign import clean
from .. import text
from ..board import Board, Entry
from ..follow import Follower
from .table import table

if TYPE_CHECKING:
    from rich.console import Console

    from ...client.data_store import DataStore

_REFRESH = 1.0  # seconds at most between two drawings: times to go run on by themselves
_LINES = 1.0  # seconds at least between two lines about a run's epochs
_AROUND = 8  # lines of a terminal that are no runs


def watch_runs(
    store: DataStore,
    query: Mapping[str, Any],
    *,
    console: Console | None = None,
    as_json: bool = False,
    timeout: float | None = None,
) -> str:
    """Shows runs as they go on, until those that train have ended; Ctrl-C ends it too.

    In a terminal it is a table that moves; elsewhere, or with `TERM=dumb`, a line for each change.

    Args:
        store: The backend.
        query: Which runs; `{}` for all.
        console: Where it is shown; standard output if `None`.
        as_json: A JSON object a line for each change instead.
        timeout: The maximum number of seconds; `None` for no limit.

    Returns:
        The status of the run that ended last, else of the newest one: `"success"`, `"error"`, or another if it
        was left before the end; empty if there was no run.

    Raises:
        BackendUnreachable: Nobody answers at the start; later it says so and waits.
        FeathersError: The server refuses the query.
        InvalidData: The query can't be followed.
    """
    from rich.console import Console

    console = console or Console()
    shows_table = console.is_terminal and not console.is_dumb_terminal and not as_json
    limit = max(1, console.height - _AROUND) if shows_table else 8
    wake = threading.Event()
    follower = Follower(store, query, Board(limit), wake.set)
    view: _Table | _Lines | _Json = _Table(console) if shows_table else _Json(console) if as_json else _Lines(console)
    follower.start()
    try:
        return _show(follower, view, wake, timeout)
    except KeyboardInterrupt:
        return _status(follower)
    finally:
        follower.close()


def _show(follower: Follower, view: _Table | _Lines | _Json, wake: threading.Event, timeout: float | None) -> str:
    deadline = None if timeout is None else time.monotonic() + timeout
    running: set[Any] = set()
    ended: Any = None
    anything = False
    with view:
        while True:
            changes, alerts = follower.take()
            with follower.lock:
                view.show(follower, changes, alerts)
                before, running = running, follower.board.running()
                anything = anything or bool(follower.board.entries)
            ended = next(iter(before - running), ended)
            # Before the first run comes there is nothing to end; one that was removed has come to its end too.
            left = _REFRESH if deadline is None else min(_REFRESH, deadline - time.monotonic())
            if (anything and not running) or follower.closed or left <= 0:
                break
            wake.wait(left)
            wake.clear()
    if follower.error is not None:
        raise follower.error
    return _status(follower, ended)


def _status(follower: Follower, ended: Any = None) -> str:
    with follower.lock:
        entry = follower.board.entries.get(ended) or next(iter(follower.board.newest(1)), None)
    return entry.status if entry else ""


class _Table:
    """A table that is drawn over itself."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self._console = console
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def show(self, follower: Follower, changes: list[tuple[str, Document]], alerts: list[Document]) -> None:
        options = self._console.options
        drawn = table(follower.board, time.time(), options.max_width, options.ascii_only, follower.away)
        self._live.update(drawn, refresh=True)


class _Lines:
    """A line a run when it is first seen, when its status changes, and for its epochs, but not for each of many."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[Any, tuple[str, int]] = {}
        self._at: dict[Any, float] = {}
        self._waiting: dict[Any, str] = {}
        self._away = False
        self._begun = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        for line in self._waiting.values():
            self._out(line)

    def show(self, follower: Follower, changes: list[tuple[str, Document]], alerts: list[Document]) -> None:
        board, now = follower.board, time.time()
        rows = {row.entry.id: row for row in board.rows(now)}
        if not self._begun:
            self._begin(board)
        for kind, document in changes:
            key = identity(document)
            entry = board.entries.get(key)
            if entry is None:
                if self._said.pop(key, None):
                    self._out(f"{clean(document.get('name') or key)} removed")
                self._waiting.pop(key, None)
            elif (kind != "initial" or key in rows) and self._said.get(key) != (entry.status, entry.epoch):
                self._waiting[key] = _sentence(entry, rows[key].eta if key in rows else None)
                if key in self._said and self._said[key][0] != entry.status:
                    self._at.pop(key, None)  # a change of status is said at once
                self._said[key] = entry.status, entry.epoch
        for key in [key for key in self._waiting if now - self._at.get(key, 0.0) >= _LINES]:
            self._out(self._waiting.pop(key))
            self._at[key] = now
        for alert in alerts:
            self._out(f"! {text.alert(alert)}")
        if follower.away != self._away:
            self._away = follower.away
            self._out(text.AWAY if self._away else "the backend is back")

    def _begin(self, board: Board) -> None:
        self._begun = True
        if not board.entries:
            self._out("waiting for a run")
        if hidden := text.counted(len(board.shown), len(board.entries), "runs"):
            self._out(hidden)

    def _out(self, line: str) -> None:
        plain = self._console.options.ascii_only
        self._console.out(line.encode("ascii", "replace").decode() if plain else line, highlight=False)


class _Json:
    """A JSON object a line for each change and each alert."""

    def __init__(self, console: Console) -> None:
        self._file = console.file

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        self._file.flush()

    def show(self, follower: Follower, changes: list[tuple[str, Document]], alerts: list[Document]) -> None:
        now = time.time()
        rows = {row.entry.id: row for row in follower.board.rows(now)}
        for kind, document in changes:
            key = identity(document)
            said: Document = {"kind": kind, "_id": key, "name": document.get("name")}
            if entry := follower.board.entries.get(key):
                eta = rows[key].eta if key in rows else None
                said |= {"status": entry.status, "epoch": entry.epoch, "epochs": entry.epochs, "eta": eta}
                said |= {"logs": entry.last, "error": entry.error, "reason": entry.reason}
                said |= {"outcome": document.get("outcome")}
            self._write(said)
        for alert in alerts:
            self._write({"kind": "alert", **alert})
        self._file.flush()

    def _write(self, said: Document) -> None:
        # ASCII, so that it can be written whatever the encoding of the output is.
        self._file.write(json.dumps(said) + "\n")


def _sentence(entry: Entry, eta: float | None) -> str:
    values = [f"{metric} {text.number(value)}" for metric, value in entry.last.items()]
    parts = [entry.name, entry.word or "-", text.epochs(entry.epoch, entry.epochs), *values]
    parts += [f"ETA {text.duration(eta)}"] if eta is not None else []
    return clean("  ".join([*parts, *([entry.why] if entry.why else [])]))
