"""A part of the sweep over modules of PyTorch: those that came out wrong once. `scripts/sweep torch` is the whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.sweep.runners import Tfjs
from tests.support.torch_sweep import table
from tests.support.torch_sweep.case import cases
from tests.support.torch_sweep.compare import COLUMNS, Comparison, onnxruntime_web

CASES = {case.name: case for case in cases()}
ONCE_WRONG = {
    "nn.AvgPool2d(2, ceil_mode=True)": ("right", "right"),
    "nn.AvgPool2d((4, 3), (3, 2), padding=(2, 1), ceil_mode=True)": ("right", "right"),
    "nn.AvgPool2d((4, 3), (3, 2), padding=(2, 1), ceil_mode=True, count_include_pad=False)": ("right", "right"),
    "nn.MaxPool2d((4, 3), (3, 2), padding=(2, 1), ceil_mode=True)": ("right", "right"),
    'nn.Conv2d(5, 4, 3, padding=2, padding_mode="circular")': ("right", "right"),
    "nn.Conv3d(3, 4, 3, padding=1)": ("right", "right"),
    'nn.EmbeddingBag(10, 6, mode="mean")(x.long())': ("refused", "refused"),
    "F.embedding(x.long(), torch.eye(10)[:, :4]).sum(dim=1)": ("right", "right"),
    "torch.logcumsumexp(x, dim=1)": ("right", "right"),
}
"""By the case what comes of it as a graph-model and as ONNX."""


@pytest.fixture(scope="module")
def compare() -> Iterator[Comparison]:
    """Converts a module every way, and compares what comes of it with PyTorch."""
    with ExitStack() as stack:
        runners = (Tfjs(), onnxruntime_web("oldest"), onnxruntime_web("newest"))
        yield Comparison(dict(zip(COLUMNS, map(stack.enter_context, runners), strict=True)))


@pytest.mark.parametrize("name", ONCE_WRONG)
def test_a_module_predicts_what_it_does_in_pytorch_or_is_refused(
    name: str, compare: Comparison, tmp_path: Path
) -> None:
    outcomes = compare(CASES[name], tmp_path)

    graph_model, onnx = ONCE_WRONG[name]
    assert [outcome.verdict for outcome in outcomes.values()] == [graph_model, onnx, onnx], outcomes


def test_the_docs_count_every_module_and_none_that_is_wrong() -> None:
    counts = table.read()
    assert all(sum(row) == len(list(cases())) for row in counts)
    assert all(right and not wrong for right, _, wrong in counts)
