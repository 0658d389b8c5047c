"""Names of metrics as Marcelle's components expect them, whatever a framework calls them."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.callbacks.names import dashboard_name, for_dashboards, of_data_sets


@pytest.mark.parametrize(
    ("name", "known"),
    [
        *((name, "loss") for name in ("loss", "train_loss", "loss_epoch", "train_loss_epoch", "train/loss")),
        *((name, "lossVal") for name in ("val_loss", "valid_loss", "eval_loss", "validation/loss", "val-loss")),
        *((name, "accuracy") for name in ("acc", "accuracy", "train_acc", "train/accuracy", "acc_epoch")),
        *((name, "accuracyVal") for name in ("val_acc", "val_accuracy", "eval_accuracy", "valid_acc")),
        ("f1_epoch", "f1"),
        ("val_f1", "val_f1"),
        ("test_loss", "test_loss"),
        ("box_loss", "box_loss"),
        ("value_loss", "value_loss"),
        ("training", "training"),
    ],
)
def test_known_metrics_get_the_names_of_dashboards(name: str, known: str) -> None:
    assert dashboard_name(name) == known


def test_known_metrics_come_first_and_what_few_look_at_last() -> None:
    logs = {"learning_rate": 1, "grad_norm": 2, "f1": 3, "val_acc": 4, "val_loss": 5, "lr-Adam": 6, "train_loss": 7}
    names = list(for_dashboards(logs))
    assert names == ["loss", "lossVal", "accuracyVal", "f1", "learning_rate", "grad_norm", "lr-Adam"]


@pytest.mark.parametrize(
    ("logs", "kept"),
    [
        ({"loss": 1, "loss_step": 2, "loss_epoch": 1}, {"loss": 1}),
        ({"train_loss_step": 2, "train_loss_epoch": 1}, {"loss": 1}),
        ({"train_loss": 1, "loss": 2}, {"loss": 2, "train_loss": 1}),
        ({"eval_loss": 1, "eval_runtime": 2, "eval_steps_per_second": 3, "epoch": 1.5}, {"lossVal": 1}),
        ({"valid_loss": 1, "valid_loss_best": True, "train_batch_count": 4, "dur": 0.1}, {"lossVal": 1}),
        ({"time_step": 0.1}, {"time_step": 0.1}),
    ],
)
def test_what_is_said_twice_or_is_of_the_framework_itself_is_left_out(
    logs: dict[str, Any], kept: dict[str, Any]
) -> None:
    assert for_dashboards(logs) == kept


def test_names_that_somebody_has_given_are_left_alone() -> None:
    assert for_dashboards({"val_loss": 1, "epoch": 2}, keep={"val_loss": "validation", "epoch": "e"}) == {
        "val_loss": 1,
        "epoch": 2,
    }


@pytest.mark.parametrize(
    ("logs", "named"),
    [
        ({"train": {"auc": 1, "rmse": 2}, "test": {"auc": 3, "rmse": 4}}, ["loss", "lossVal", "train-auc", "test-auc"]),
        ({"validation_0": {"rmse": 1}}, ["lossVal"]),
        ({"validation_0": {"rmse": 1}, "validation_1": {"rmse": 2}}, ["loss", "lossVal"]),
        ({"training": {"rmse": 1}}, ["loss"]),
        ({"valid_0": {"rmse": 1}, "training": {"rmse": 2}, "more": {"rmse": 3}}, ["loss", "lossVal", "more-rmse"]),
        ({"train": {"auc": 1}}, ["train-auc"]),
        ({}, []),
    ],
)
def test_data_sets_of_boosters_are_told_apart(logs: dict[str, dict[str, Any]], named: list[str]) -> None:
    assert list(of_data_sets(logs, {"rmse"})) == named
