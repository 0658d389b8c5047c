"""The state behind the views: which runs are shown, how far they are, what is drawn of them."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from marcelle_rt.monitor.board import Board, Row
from tests.support.run_documents import START, at, run

NOW = START + 60


def board_of(*documents: dict[str, Any], limit: int = 8, metrics: list[str] | None = None) -> Board:
    board = Board(limit, metrics)
    board.apply([("initial", document) for document in documents], NOW)
    return board


def only(board: Board, now: float = NOW) -> Row:
    (row,) = board.rows(now)
    return row


def test_a_run_is_a_row_with_where_it_stands() -> None:
    document = run("a", 3, logs={"loss": [3, 1, 2], "acc": [0.5, 0.7, None]})

    row = only(board_of(document))

    entry = row.entry
    assert (entry.name, entry.status, entry.epoch, entry.epochs) == ("a-1", "epoch", 3, 100)
    assert entry.last == {"loss": 2, "acc": 0.7}
    assert {name: curve.best for name, curve in row.curves.items()} == {"loss": 1, "acc": 0.7}
    assert row.curves["loss"].x.tolist() == [1, 2, 3]
    assert row.curves["acc"].x.tolist() == [1, 2]


def test_epochs_that_are_counted_from_0_are_drawn_from_0() -> None:
    row = only(board_of(run("a", 3, epoch=2)))

    assert row.entry.epoch == 3
    assert row.curves["loss"].x.tolist() == [0, 1, 2]


def test_epochs_of_a_run_that_began_with_a_later_one_are_drawn_where_they_are() -> None:
    assert only(board_of(run("a", 3, epoch=12))).curves["loss"].x.tolist() == [10, 11, 12]


def test_a_run_without_logs_params_or_anything_is_shown() -> None:
    bare, odd = {"_id": "x"}, {"_id": "y", "logs": [1], "epoch": "7", "epochs": None, "start": 12, "status": None}

    rows = board_of(bare, odd).rows(NOW)

    assert {(row.entry.name, row.entry.epoch, row.eta) for row in rows} == {("x", 0, None), ("y", 0, None)}


def test_a_metric_of_nothing_but_nan_has_a_curve_without_points() -> None:
    board = board_of(run("a", 2, logs={"loss": [None, None]}))

    assert only(board).curves["loss"].y.size == 0
    assert only(board).curves["loss"].best is None
    assert only(board).entry.last == {}
    assert board.metrics() == ["loss"]


def test_the_eta_follows_the_pace_that_was_observed() -> None:
    board = board_of(run("a", 10, updatedAt=at(100)))
    assert only(board).eta == pytest.approx(900)  # all that is known is 10 epochs in 100 s

    board.apply([("changed", run("a", 20, updatedAt=at(120)))], NOW)
    assert only(board).eta == pytest.approx(80 * 2)  # 10 epochs in 20 s
    assert only(board, NOW + 30).eta == pytest.approx(80 * 2 - 30)
    assert only(board, NOW + 999).eta == 0

    board.apply([("changed", run("a", 100, status="success"))], NOW)
    assert only(board).eta is None


def test_running_runs_are_shown_first_then_the_newest() -> None:
    runs = [run(str(n), 1, status="success", start=at(n)) for n in range(20)]
    board = board_of(*runs, run("old", 1, start=at(-500)), limit=3)

    assert board.shown == ["old", "19", "18"]
    assert len(board.entries) == 21

    board.apply([("changed", run("old", 2, status="success", start=at(-500)))], NOW)
    assert board.shown[0] == "old"  # who has seen it train sees it end
    board.apply([("removed", runs[19])], NOW)
    assert board.shown == ["old", "18", "17"]


def test_a_run_that_was_left_unended_long_ago_is_not_taken_for_running() -> None:
    board = board_of(run("dead", 1, updatedAt=at(-200_000)), run("new", 1, status="success", start=at(1)), limit=1)

    assert board.shown == ["new"]
    assert board.running() == set()


def test_a_run_that_is_shown_later_is_missing_until_its_document_comes_again() -> None:
    board = board_of(*[run(str(n), 1, start=at(n)) for n in range(3)], limit=1)
    board.choose(["0", "gone"])

    assert board.shown == board.missing() == ["0"]
    assert board.rows(NOW) == []
    board.apply([("initial", run("0", 1))], NOW)
    assert board.missing() == []
    assert only(board).entry.id == "0"
    board.choose(None)
    assert board.shown == ["2"]


def test_a_removed_run_vanishes_with_its_alerts() -> None:
    board = board_of(run("a", 1))
    board.alert({"_id": "1", "runId": "a", "title": "NaN", "time": at(1)})
    board.apply([("removed", run("a", 1))], NOW)

    assert board.rows(NOW) == []
    assert board.alerts == []
    assert board.metrics() == []


def test_the_metrics_are_those_that_were_asked_for() -> None:
    document = run("a", 1, logs={"acc": [1], "loss": [1], "val_loss": [1]})

    assert board_of(document).metrics() == ["loss", "val_loss", "acc"]
    assert board_of(document, metrics=["acc", "nothing"]).metrics() == ["acc"]
    assert board_of(document, metrics="acc").metrics() == ["acc"]


def test_time_is_what_was_seen_and_spread_evenly_where_nobody_looked() -> None:
    board = board_of(run("a", 4, updatedAt=at(40)))
    board.apply([("changed", run("a", 5, updatedAt=at(100)))], NOW)

    assert only(board).curves["loss"].time.tolist() == [10, 20, 30, 40, 100]


def test_a_run_that_goes_on_from_further_back_has_the_times_of_its_new_epochs() -> None:
    board = board_of(run("a", 4, updatedAt=at(40)))
    board.apply([("changed", run("a", 2, updatedAt=at(100)))], NOW)
    board.apply([("changed", run("a", 3, updatedAt=at(130)))], NOW)

    assert only(board).curves["loss"].time.tolist() == [50, 100, 130]


def chunk(id: str, first: int, count: int) -> dict[str, Any]:
    steps = list(range(first, first + count))
    return {
        "_id": id,
        "runId": "a",
        "steps": steps,
        "times": [START + step for step in steps],
        "logs": {"loss": [step / 10 for step in steps]},
    }


def test_batches_are_a_metric_of_their_own_whatever_order_they_come_in() -> None:
    board = board_of(run("a", 1))
    for document in (chunk("2", 2, 2), chunk("1", 0, 2), chunk("1", 0, 2), {**chunk("3", 4, 2), "runId": "other"}):
        board.batches(document)

    curve = only(board).curves["batch loss"]
    assert curve.x.tolist() == [0, 1, 2, 3]
    assert curve.time.tolist() == [0, 1, 2, 3]
    assert curve.total == 4
    assert board.metrics() == ["loss", "batch loss"]
    board.apply([("changed", run("a", 2))], NOW)
    assert only(board).curves["batch loss"].total == 4


def test_many_batches_are_thinned_and_counted() -> None:
    board = board_of(run("a", 1))
    for n in range(300):
        board.batches(chunk(str(n), 100 * n, 100))

    curve = only(board).curves["batch loss"]
    assert curve.total == 30_000
    assert curve.y.size <= 2_000
    assert (curve.x[0], curve.x[-1]) == (0, 29_999)


def test_the_newest_of_the_machine_is_kept_and_alerts_come_once() -> None:
    board = board_of(run("a", 1))
    for seconds in (1, 3, 2):
        board.system({"_id": str(seconds), "runId": "a", "time": at(seconds), "cpu": seconds})
    assert only(board).system is not None
    assert only(board).system["cpu"] == 3  # type: ignore[index]

    alert = {"_id": "1", "runId": "a", "title": "NaN", "time": at(1)}
    assert [board.alert(alert), board.alert(alert), board.alert({**alert, "_id": "2", "runId": "b"})] == [1, 0, 0]


def test_a_run_whose_heartbeat_stopped_is_silent() -> None:
    board = board_of(run("a", 1))
    board.heartbeat({"_id": "a", "runId": "a", "time": at(0), "interval": 30})

    assert only(board, START + 100).silent is None
    assert only(board, START + 130).silent == pytest.approx(130)
    board.heartbeat({"_id": "a", "runId": "a", "time": at(-999), "interval": 30}, START + 130)  # by a wrong clock
    assert only(board, START + 131).silent is None


def test_10_000_runs_cost_little_memory_but_for_those_that_are_shown() -> None:
    board = Board(8)
    tracemalloc.start()
    for first in range(0, 10_000, 1_000):
        documents = [run(str(n), logs={"loss": [n * 1.5] * 500}) for n in range(first, first + 1_000)]
        board.apply([("initial", document) for document in documents], NOW)
        del documents
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(board.entries) == 10_000
    assert len(board.rows(NOW)) == 8
    assert used < 10e6  # the documents have 50 MB
