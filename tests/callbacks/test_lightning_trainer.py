"""What a trainer of Lightning's tells of a training, without Lightning."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from marcelle_rt.callbacks.lightning_trainer import hparams_of, planned, without_loss


def trainer(**told: Any) -> Any:
    facts = {"max_epochs": None, "max_steps": -1, "num_training_batches": 10, "accumulate_grad_batches": 1}
    of_logs = {"log_every_n_steps": 50, "current_epoch": 3, "is_global_zero": True, "state": SimpleNamespace(fn="fit")}
    return SimpleNamespace(**{**facts, **of_logs, **told})


@pytest.mark.parametrize(
    ("told", "epochs"),
    [
        ({"max_epochs": 7, "max_steps": 3}, 7),
        ({"max_epochs": -1}, 0),
        ({"max_steps": 25}, 3),
        ({"max_steps": 25, "accumulate_grad_batches": 4}, 9),
        ({"max_steps": 25, "num_training_batches": math.inf}, 0),
        ({"max_steps": 25, "num_training_batches": 0}, 0),
        ({"max_steps": None}, 0),
    ],
)
def test_epochs_are_planned_by_their_number_or_by_steps(told: dict[str, Any], epochs: int) -> None:
    assert planned(trainer(**told)) == epochs


def test_an_epoch_whose_loss_is_not_logged_is_told_with_what_helps() -> None:
    said = str(without_loss(trainer(), {1}, is_recorded=True))
    assert said.startswith("epoch 3 has no 'loss': an epoch has 10 batches, and Lightning logs once in 50 steps.")
    assert "Trainer(log_every_n_steps=5)" in said
    assert "and there is no run yet" in str(without_loss(trainer(num_training_batches=1), (), is_recorded=False))


@pytest.mark.parametrize(
    "told",
    [
        {"log_every_n_steps": 10},
        {"current_epoch": 0},
        {"current_epoch": 2},  # the one before had a loss
        {"is_global_zero": False},
        {"state": SimpleNamespace(fn="validate")},
    ],
)
def test_where_there_is_a_loss_or_none_to_miss_nothing_is_said(told: dict[str, Any]) -> None:
    assert without_loss(trainer(**told), {1}, is_recorded=True) is None


def test_hyperparameters_are_those_that_a_module_keeps() -> None:
    assert hparams_of(SimpleNamespace(hparams={"lr": 1})) == {"lr": 1}
    assert hparams_of(None) == hparams_of(SimpleNamespace(hparams=None)) == {}
