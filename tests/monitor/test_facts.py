"""What a run's document tells, as all who show runs read it."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from marcelle_rt.dashboard.pages import PAGE
from marcelle_rt.monitor import facts, text
from marcelle_rt.runs.training import metrics
from marcelle_rt.runs.training.metrics import grows
from tests.support.run_documents import START, at, run

NOW = dt.datetime.fromtimestamp(START + 200, dt.timezone.utc)


def test_the_last_value_is_the_last_number() -> None:
    assert facts.last([1, 2.5, None, None]) == 2.5
    assert facts.last([None, math.nan, True]) is None
    assert facts.last([]) is None
    assert facts.last("12") is None


def test_the_best_is_the_least_loss_and_the_greatest_accuracy_and_the_first_that_is_as_good() -> None:
    values = [None, 1.0, 3.0, math.nan, 2.0, 3.0, 1.0]

    assert facts.best("val_loss", values) == (1, 1)
    assert facts.best("val_accuracy", values) == (3, 2)
    assert facts.best("F1", values) == (3, 2)
    assert facts.best("loss", [None]) is None
    assert facts.best("loss", 3) is None


@pytest.mark.parametrize(
    "metric",
    ["accuracy", "val_acc", "accuracyVal", "AUC", "F1", "mean_io_u", "dice", "BLEU", "mAP@k", "val_map50", "reward"],
)
def test_more_of_a_score_is_better(metric: str) -> None:
    assert grows(metric)


@pytest.mark.parametrize(
    "metric", ["loss", "lossVal", "dice_loss", "accuracy_error", "rmse", "perplexity", "seconds", "mape"]
)
def test_less_of_a_loss_is_better_whatever_it_is_made_of(metric: str) -> None:
    assert not grows(metric)


def test_the_dashboards_page_judges_by_the_same_names() -> None:
    page = (PAGE / "runs" / "facts.js").read_text(encoding="utf-8")

    for name, pattern in (("GROWING", metrics._GROWING), ("SHRINKING", metrics._SHRINKING)):
        assert f"const {name} = /{pattern.pattern}/;" in page


def test_losses_come_first_and_batches_last() -> None:
    assert facts.ordered(["batch loss", "acc", "loss", "val_loss"]) == ["loss", "val_loss", "acc", "batch loss"]


@pytest.mark.parametrize(
    ("fields", "took"),
    [
        ({"status": "epoch"}, 200),
        ({"status": "success", "createdAt": at(1), "updatedAt": at(30)}, 30),
        ({"status": "success", "createdAt": at(100), "updatedAt": at(900), "end": at(12)}, 12),
        ({"status": "success", "createdAt": at(100), "updatedAt": at(130)}, None),  # uploaded later
        ({"status": "success"}, None),
        ({"status": "epoch", "start": 5}, None),
        ({"status": "epoch", "start": at(0).rstrip("Z")}, 200),  # no zone: UTC
    ],
)
def test_a_run_took_what_the_backend_saw_of_it(fields: dict[str, Any], took: float | None) -> None:
    document = {"start": at(0), **fields}

    assert facts.seconds_of(document, NOW) == took
    assert facts.seconds_of({**document, "status": "epoch"}) is None


@pytest.mark.parametrize(
    ("epoch", "first", "progress"),
    [(3, 1, "3/100"), (2, 0, "3/100"), (12, 10, "12/100"), (1, 1, "3/100"), (None, 1, "3/100"), ("3", 1, "3/100")],
)
def test_epochs_are_counted_back_from_the_last(epoch: Any, first: int, progress: str) -> None:
    document = run("a", 3, epoch=epoch)

    assert list(facts.epoch_numbers(document, 3)) == [first, first + 1, first + 2]
    assert text.progress(document) == progress


@pytest.mark.parametrize(
    ("told", "length", "numbers"),
    [
        ([[0, 10, 10]], 3, [10, 20, 30]),
        ([[0, 1, 1], [2, 10, 5]], 4, [1, 2, 10, 15]),
        ([[0, 5, -2]], 2, [5, 3]),
        ([[0, 10, 10]], 0, []),
        (None, 3, [28, 29, 30]),
        ([[0, 10]], 3, [28, 29, 30]),
        ([[0, "10", 10]], 3, [28, 29, 30]),
        ([[7, 10, 10]], 3, [28, 29, 30]),
        ([[0, 1, 1], [9, 10, 5]], 3, [28, 29, 30]),
        ([[0, 1, 1], [10**15, 10, 5]], 3, [28, 29, 30]),
        ([[0, 1, 10**400]], 3, [28, 29, 30]),
        ([], 3, [28, 29, 30]),
        ("10, 20, 30", 3, [28, 29, 30]),
    ],
)
def test_the_numbers_that_a_run_tells_are_its_epochs(told: object, length: int, numbers: list[int]) -> None:
    assert list(facts.epoch_numbers({"epoch": 30, "epoch_numbers": told}, length)) == numbers


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0s"), (59.4, "59s"), (59.6, "1m 00s"), (185, "3m 05s"), (7_260, "2h 01m"), (93_600, "1d 02h")],
)
def test_a_duration_has_its_two_largest_units(seconds: float, shown: str) -> None:
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("past", "shown"), [(-5, "now"), (0.5, "now"), (59, "59s ago"), (185, "3m ago"), (93_600, "1d ago")]
)
def test_how_long_ago_has_one_unit(past: float, shown: str) -> None:
    assert text.ago(NOW - dt.timedelta(seconds=past), NOW) == shown


def test_what_is_long_ago_is_a_date() -> None:
    assert text.ago(NOW - dt.timedelta(days=40), NOW).startswith("20")
    assert text.ago(None, NOW) == ""
