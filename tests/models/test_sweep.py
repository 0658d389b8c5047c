"""A part of the sweep over all layers and ops of Keras; `scripts/sweep` is the whole."""

from __future__ import annotations

import keras
import pytest

from tests.support.sweep import layers, ops, table
from tests.support.sweep.case import Case, parse
from tests.support.sweep.compare import Comparison
from tests.support.sweep.names import NAMES, untried

LAYERS, OPS = parse(layers.CASES, NAMES), parse(ops.CASES, NAMES)
EVERY = 8


@pytest.mark.parametrize("case", LAYERS[::EVERY], ids=lambda case: case.name)
def test_a_layer_predicts_what_it_does_in_keras_or_is_refused(case: Case, compare: Comparison) -> None:
    outcomes = compare(case)
    assert "wrong" not in [outcome.verdict for outcome in outcomes.values()], outcomes


@pytest.mark.parametrize("case", OPS[::EVERY], ids=lambda case: case.name)
def test_an_op_computes_what_it_does_in_keras_or_is_refused(case: Case, compare: Comparison) -> None:
    outcomes = compare(case, ("graph-model", "ONNX"))
    assert "wrong" not in [outcome.verdict for outcome in outcomes.values()], outcomes


def test_every_layer_and_op_of_keras_is_tried() -> None:
    assert not untried("layers", layers.CASES) - layers.NOT_IN_A_MODEL.keys()
    assert not untried("ops", ops.CASES) - ops.NOT_IN_A_MODEL.keys()


def test_the_comparison_sees_a_model_that_predicts_something_else(
    compare: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case,) = parse("4 | Dense(3)(a)", NAMES)
    assert {outcome.verdict for outcome in compare(case).values()} == {"right"}
    weights = iter([1.0, 1.001, 1.001, 1.001])
    predict = keras.Model.__call__
    monkeypatch.setattr(
        "tests.support.sweep.compare.predict", lambda model, samples: predict(model, samples[0]) * next(weights) + 0.001
    )
    assert {outcome.verdict for outcome in compare(case).values()} == {"wrong"}


def test_the_docs_count_every_case_and_none_that_is_wrong() -> None:
    counts = table.read()
    assert all(right and not wrong for rows in counts.values() for right, _, wrong in rows if (right, wrong) != (0, 0))
    assert [sum(row) for row in counts["layers"]] == [len(LAYERS)] * 3
    assert [sum(row) for row in counts["ops"]][1:] == [len(OPS)] * 2
