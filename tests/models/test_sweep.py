"""A part of the sweep over all layers and ops of Keras; `scripts/sweep` is the whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import pytest

from tests.support.sweep import applications, layers, ops, table, work
from tests.support.sweep.case import Case, parse
from tests.support.sweep.compare import Comparison, Outcome, differ, predict
from tests.support.sweep.names import NAMES, untried
from tests.support.sweep.results import Results
from tests.support.sweep.runners import InPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LAYERS, OPS = parse(layers.CASES, NAMES), parse(ops.CASES, NAMES)
EVERY = 8
IN_PAGE = {case.name for case in (*LAYERS[:: 4 * EVERY], *OPS[:: 4 * EVERY])}


@pytest.fixture(scope="module")
def in_page(browser: Browser, node: None) -> Iterator[InPage]:
    """TF.js in a page, which computes by WebGL."""
    context = browser.new_context()
    yield InPage(context.new_page())
    context.close()


@pytest.mark.parametrize("case", LAYERS[::EVERY], ids=lambda case: case.name)
def test_a_layer_predicts_what_it_does_in_keras_or_is_refused(case: Case, compare: Comparison, in_page: InPage) -> None:
    outcomes = compare(case, page=in_page if case.name in IN_PAGE else None)
    assert "wrong" not in [outcome.verdict for outcome in outcomes.values()], outcomes


@pytest.mark.parametrize("case", OPS[::EVERY], ids=lambda case: case.name)
def test_an_op_computes_what_it_does_in_keras_or_is_refused(case: Case, compare: Comparison, in_page: InPage) -> None:
    outcomes = compare(case, ("graph-model", "ONNX"), in_page if case.name in IN_PAGE else None)
    assert "wrong" not in [outcome.verdict for outcome in outcomes.values()], outcomes


def test_a_page_that_predicts_something_else_is_seen(
    compare: Comparison, in_page: InPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case,) = parse("4 | Dense(3)(a)", NAMES)
    assert [outcome.in_page for outcome in compare(case, page=in_page).values()] == [True, True, False]
    monkeypatch.setattr(InPage, "predict", lambda page, path, samples: [samples[0][:, :3]])
    assert [outcome.verdict for outcome in compare(case, page=in_page).values()] == ["wrong", "wrong", "right"]


def test_a_sweep_that_was_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    right, wrong = Outcome("right", in_page=True), Outcome("wrong", "differs")
    Results("abc", tmp_path).add("ops", "first", {"graph-model": right, "ONNX": wrong}, 2.0)
    again = Results("abc", tmp_path)
    again.add("ops", "second", {"graph-model": right, "ONNX": right}, 1.0)
    assert again.has("ops", "first")
    assert not again.has("layers", "first")
    assert again.counts("ops") == {("graph-model", "right"): 2, ("ONNX", "wrong"): 1, ("ONNX", "right"): 1}
    assert (again.seconds, again.in_page()) == (3.0, 3)
    assert not Results("another", tmp_path).has("ops", "first")


def test_a_large_architecture_has_a_process_of_its_own() -> None:
    small = [f"Net{number}x" for number in range(2 * work.TOGETHER)]
    names = ["ConvNeXtLarge", *small, "ResNet152"]
    rows = [small[: work.TOGETHER], small[work.TOGETHER :]]
    assert work.shares("applications", names) == [*rows, ["ConvNeXtLarge"], ["ResNet152"]]
    assert [len(share) for share in work.shares("ops", names)] == [work.TOGETHER, work.TOGETHER, 2]


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


def test_a_fault_in_one_layer_of_an_architecture_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    model = applications.build("MobileNet")
    samples = applications.samples(model)
    right = applications.exact("MobileNet", model, samples)
    assert not differ([np.asarray(predict(model, samples))], right)
    epsilon, activation, stride = ("conv_pw_13_bn", "epsilon", 1e-2), ("conv_dw_6_relu", "negative_slope", 1.0), (1, 1)
    for name, setting, other in (epsilon, activation, ("conv_dw_6", "strides", stride)):
        with monkeypatch.context() as patch:
            patch.setattr(model.get_layer(name), setting, other)
            assert differ([np.asarray(predict(model, samples))], right), name
