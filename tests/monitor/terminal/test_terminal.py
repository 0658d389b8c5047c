"""Runs in a terminal of any width, as plain lines, and as JSON, from a real backend."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import BackendUnreachable, InvalidData
from marcelle_rt.monitor.board import Board
from marcelle_rt.monitor.terminal.table import table
from marcelle_rt.monitor.terminal.watch import watch_runs
from tests.helpers import eventually
from tests.support.run_documents import START, at, run

FULL = {"loss": [0.5, 0.25], "val_loss": [0.6, 0.3], "acc": [0.1, 0.9]}


def drawn(board: Board, width: int, ascii: bool = False, away: bool = False) -> str:
    output = io.StringIO()
    console = Console(file=output, width=width)
    console.print(table(board, START + 60, width, ascii, away))
    return output.getvalue()


def board_of(*documents: dict[str, Any]) -> Board:
    board = Board()
    board.apply([("initial", document) for document in documents], START + 60)
    return board


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 200])
def test_a_table_is_never_wider_than_the_terminal_nor_wrapped(width: int) -> None:
    long = {"error": "ValueError: " + "x" * 300, "status": "error"}
    board = board_of(run("a" * 60, 2, logs=FULL), run("b", 2, logs={"m" * 50: [1e-300, -1e-300], **FULL}, **long))
    board.alert({"_id": "1", "runId": "b", "run": "b", "title": "loss is NaN " * 20, "time": at(1)})

    lines = drawn(board, width).splitlines()

    assert max(map(len, lines)) <= width
    assert len(lines) == 1 + 2 + 1 + 1  # the head, the runs, the error, the alert


def test_a_narrow_table_keeps_what_matters_most() -> None:
    board = board_of(run("digits", 2, logs=FULL, epochs=100))

    head, row = drawn(board, 40).splitlines()
    assert head.split() == ["run", "status", "epoch", "loss"]
    assert row.split() == ["digits-1", "epoch", "2/100", "0.25"]
    head, row = drawn(board, 100).splitlines()
    assert head.split() == ["run", "status", "epoch", "ETA", "loss", "best", "val_loss", "acc"]
    assert row.split() == ["digits-1", "epoch", "2/100", "16m", "20s", "0.25", "█▁", "0.25", "0.3", "0.9"]


def test_a_terminal_without_unicode_gets_ascii() -> None:
    assert drawn(board_of(run("dé", 2)), 100, ascii=True).isascii()


def test_names_of_others_do_not_steer_the_terminal() -> None:
    board = board_of(run("a", 1, name="[red]evil\x1b[2J\r\n"))

    assert "[red]evil" in drawn(board, 80)
    assert "\x1b" not in drawn(board, 80)


def test_batches_the_machine_and_hidden_runs_have_a_line_each() -> None:
    board = board_of(*[run(str(n), 1, start=at(n)) for n in range(9)])
    board.batches({"_id": "1", "runId": "8", "steps": [1200], "times": [START], "logs": {"loss": [0.5]}})
    board.system({"_id": "1", "runId": "8", "cpu": 40, "memory": 61.2, "gpus": [{"utilization": 93, "memory": 70}]})

    text = drawn(board, 100, away=True)

    assert "8-1: batch loss 1,200: 0.5" in text
    assert "8-1: CPU 40% memory 61% GPU 93% (70% memory)" in text
    assert "showing 8 of 9 runs" in text
    assert "the backend is unreachable" in text


def test_a_board_without_runs_says_so() -> None:
    assert "waiting for a run" in drawn(board_of(), 40)


# On a backend


@pytest.fixture(scope="module")
def emptied(node: None) -> Iterator[DataStore]:
    with Backend(port=0) as backend, DataStore(backend.url) as store:
        yield store


@pytest.fixture
def runs(emptied: DataStore) -> DataStore:
    """A store on a backend that has nothing."""
    for name in emptied.services():
        emptied.service(name).remove(None)
    return emptied


class Watched(threading.Thread):
    """`watch_runs` on a thread, and what it has written."""

    def __init__(self, store: DataStore, query: dict[str, Any], **options: Any) -> None:
        super().__init__()
        self.output = io.StringIO()
        self.status: str | None = None
        console = Console(file=self.output, width=90, **options.pop("console", {}))
        self._watch = lambda: watch_runs(store, query, console=console, timeout=60, **options)
        self.start()

    def run(self) -> None:
        self.status = self._watch()

    @property
    def lines(self) -> list[str]:
        return self.output.getvalue().splitlines()


def train(store: DataStore, folder: Path, name: str) -> Writer:
    writer = Writer(name, store.location, base_log_dir=str(folder))
    writer.create_run()
    writer.train_begin(3)
    return writer


@pytest.mark.parametrize("status", ["success", "error"])
def test_it_ends_when_the_run_has_ended_with_its_status(runs: DataStore, tmp_path: Path, status: str) -> None:
    writer = train(runs, tmp_path, "digits")
    eventually(lambda: runs.service("runs").count() == 1)
    watched = Watched(runs, {})
    writer.save_epoch(1, {"loss": 0.5})
    eventually(lambda: any("digits-1  epoch  1/3  loss 0.5" in line for line in watched.lines))
    if status == "success":
        writer.save_epoch(2, {"loss": 0.25})
        writer.save_epoch(3, {"loss": 0.125})
        writer.train_end()
    else:
        writer.close()  # with epochs missing
    watched.join(20)

    assert watched.status == status
    assert watched.lines[-1].startswith(f"digits-1  {status}  {3 if status == 'success' else 1}/3")


def test_in_a_terminal_it_is_a_table_that_moves(runs: DataStore, tmp_path: Path) -> None:
    writer = train(runs, tmp_path, "digits")
    eventually(lambda: runs.service("runs").count() == 1)
    watched = Watched(runs, {"basename": "digits"}, console={"force_terminal": True, "_environ": {"TERM": "xterm"}})
    for epoch in (1, 2, 3):
        writer.save_epoch(epoch, {"loss": 1 / epoch})
        eventually(lambda epoch=epoch: f"{epoch}/3" in watched.output.getvalue())
    writer.train_end()
    watched.join(20)

    assert watched.status == "success"
    assert "█▃▁" in watched.output.getvalue()
    assert "\x1b[1A" in watched.output.getvalue()  # it is drawn over itself


def test_a_dumb_terminal_gets_lines(runs: DataStore) -> None:
    runs.service("runs").create(run("a", 2, status="success"))
    watched = Watched(runs, {}, console={"force_terminal": True, "_environ": {"TERM": "dumb"}})
    watched.join(20)

    assert watched.lines == ["a-1  success  2/100  loss 0.5"]


def test_runs_that_have_all_ended_are_shown_at_once(runs: DataStore) -> None:
    runs.service("runs").create([run(str(n), 1, status="success", start=at(n)) for n in range(11)])
    runs.service("runs").create(run("last", 1, status="error", error="ValueError: bad", start=at(99)))
    watched = Watched(runs, {})
    watched.join(20)

    assert watched.status == "error"
    assert len(watched.lines) == 1 + 8
    assert watched.lines[0] == "showing 8 of 12 runs"
    assert "last-1  error  1/100  loss 1  ValueError: bad" in watched.lines


def test_json_has_an_object_a_line_for_each_change(runs: DataStore) -> None:
    documents = runs.service("runs")
    documents.create(run("a", 1, updatedAt=None))
    watched = Watched(runs, {"basename": "a"}, as_json=True)
    eventually(lambda: watched.lines)
    documents.create(run("b", 1))
    runs.service("run-alerts").create({"_id": "x", "runId": "a", "title": "é NaN", "level": "error", "time": at(3)})
    eventually(lambda: len(watched.lines) == 2)
    documents.patch("a", {"status": "success", "logs": {"loss": [1, 0.25]}})
    watched.join(20)

    first, alert, end = map(json.loads, watched.lines)
    assert (first["kind"], first["_id"], first["status"], first["epoch"]) == ("initial", "a", "epoch", 1)
    assert (alert["kind"], alert["title"]) == ("alert", "é NaN")
    assert (end["kind"], end["status"], end["logs"], end["epochs"]) == ("changed", "success", {"loss": 0.25}, 100)


def test_a_run_that_is_removed_while_it_is_watched_vanishes(runs: DataStore) -> None:
    documents = runs.service("runs")
    documents.create(run("a", 1))
    watched = Watched(runs, {})
    eventually(lambda: watched.lines)
    documents.remove("a")
    watched.join(20)

    assert watched.lines[-1] == "a-1 removed"
    assert watched.status == ""


def test_it_waits_for_a_first_run_and_for_a_backend_that_is_away(
    own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    backend = own_backend(port=0, data=tmp_path / "data")
    with DataStore(backend.url) as store:
        watched = Watched(store, {})
        eventually(lambda: watched.lines == ["waiting for a run"])
        store.service("runs").create(run("a", 1))
        eventually(lambda: len(watched.lines) == 2)
        backend.stop()
        eventually(lambda: watched.lines[-1] == "the backend is unreachable; waiting for it")
        backend.start()
        eventually(lambda: watched.lines[-1] == "the backend is back", timeout=30)
        store.service("runs").patch("a", {"status": "success"})
        watched.join(20)
    assert watched.status == "success"


def test_what_belongs_to_a_run_is_read_when_it_is_shown(runs: DataStore) -> None:
    runs.service("runs").create(run("a", 1))
    runs.service("run-batches").create(
        {"_id": "1", "runId": "a", "steps": [7], "times": [START], "logs": {"loss": [0.5]}}
    )
    runs.service("run-system").create({"_id": "1", "runId": "a", "time": at(1), "cpu": 40})
    runs.service("run-alerts").create({"_id": "1", "runId": "a", "run": "a", "title": "NaN", "time": at(1)})
    runs.service("run-heartbeats").create({"_id": "a", "runId": "a", "time": at(-1e7), "interval": 30})
    watched = Watched(runs, {}, console={"force_terminal": True, "_environ": {"TERM": "xterm"}})

    for text in ("a-1: batch loss 7: 0.5", "a-1: CPU 40%", "! a: NaN", "silent"):
        eventually(lambda text=text: text in watched.output.getvalue())
    runs.service("runs").patch("a", {"status": "success"})
    watched.join(20)


def test_nobody_there_and_a_query_that_can_not_be_followed_are_said_at_once(unused_url: str, store: DataStore) -> None:
    with DataStore(unused_url) as nobody, pytest.raises(BackendUnreachable):
        watch_runs(nobody, {})
    with pytest.raises(InvalidData, match=r"\$regex"):
        watch_runs(store, {"name": {"$regex": "a"}})
    assert not any(thread.name == "marcelle-monitor" for thread in threading.enumerate())


def test_it_takes_no_longer_than_it_may(store: DataStore) -> None:
    assert watch_runs(store, {"basename": "nobody's"}, console=Console(file=io.StringIO()), timeout=0.2) == ""
