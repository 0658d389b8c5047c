"""The order in which a run gets its metrics: a stock live plot stops at the first that it doesn't know."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.callbacks.first_epoch import FirstEpoch
from marcelle_rt.callbacks.names import known_first

TRAINED = {"loss": 1.0, "grad_norm": 2.0, "learning_rate": 0.1}
VALIDATED = {"lossVal": 3.0, "accuracyVal": 0.5}


@pytest.mark.parametrize(
    "pieces", [(TRAINED, VALIDATED), (VALIDATED, TRAINED)], ids=["trained first", "validated first"]
)
def test_losses_go_out_at_once_and_before_all_else(pieces: tuple[dict[str, Any], dict[str, Any]]) -> None:
    first = FirstEpoch()

    ((_, early),) = first.ready(1, pieces[0], more=True)
    ((_, late),) = first.ready(1, pieces[1], more=False)

    assert list(early) == [name for name in pieces[0] if name in ("loss", "lossVal")]
    assert {**early, **late} == {**TRAINED, **VALIDATED}
    assert list({**early, **late})[2:] == ["accuracyVal", "grad_norm", "learning_rate"]
    assert first.ready(2, TRAINED, more=True) == [(2, TRAINED)], "only a first epoch says in which order"


def test_what_waits_for_losses_that_never_come_is_saved_with_its_own_epoch() -> None:
    first = FirstEpoch()

    assert first.ready(1, TRAINED, more=True) == [(1, {"loss": 1.0})]
    assert first.ready(2, TRAINED, more=True) == [(1, {"grad_norm": 2.0, "learning_rate": 0.1}), (2, TRAINED)]


def test_what_still_waits_at_the_end_is_told() -> None:
    first = FirstEpoch()
    first.ready(1, VALIDATED, more=True)

    assert first.rest() == [(1, {"accuracyVal": 0.5})]
    assert first.rest() == []


def test_the_order_is_by_the_names_that_metrics_will_have() -> None:
    logs = {"accuracy": 1.0, "learning_rate": 2.0, "loss": 3.0, "val_loss": 4.0}

    assert list(known_first(logs, {})) == ["loss", "accuracy", "val_loss", "learning_rate"]
    assert list(known_first(logs, {"val_loss": "lossVal"})) == ["loss", "val_loss", "accuracy", "learning_rate"]
