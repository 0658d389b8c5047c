"""A part of the sweep over modules of PyTorch: those that came out wrong once. `scripts/sweep torch` is the whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.sweep.runners import Tfjs
from tests.support.torch_sweep import table
from tests.support.torch_sweep.case import Case, cases
from tests.support.torch_sweep.compare import COLUMNS, Comparison, onnxruntime_web

CASES = {case.name: case for case in cases()}
ONCE_WRONG = (
    "nn.AvgPool2d(2, ceil_mode=True)",
    "nn.AvgPool2d((4, 3), (3, 2), padding=(2, 1), ceil_mode=True)",
    "nn.AvgPool2d((4, 3), (3, 2), padding=(2, 1), ceil_mode=True, count_include_pad=False)",
    "nn.MaxPool2d((4, 3), (3, 2), padding=(2, 1), ceil_mode=True)",
    'nn.Conv2d(5, 4, 3, padding=2, padding_mode="circular")',
)


@pytest.fixture(scope="module")
def compare() -> Iterator[Comparison]:
    """Converts a module every way, and compares what comes of it with PyTorch."""
    with ExitStack() as stack:
        runners = (Tfjs(), onnxruntime_web("oldest"), onnxruntime_web("newest"))
        yield Comparison(dict(zip(COLUMNS, map(stack.enter_context, runners), strict=True)))


@pytest.mark.parametrize("case", [CASES[name] for name in ONCE_WRONG], ids=ONCE_WRONG)
def test_a_module_predicts_what_it_does_in_pytorch_in_each_runtime(
    case: Case, compare: Comparison, tmp_path: Path
) -> None:
    verdicts = {column: outcome.verdict for column, outcome in compare(case, tmp_path).items()}

    assert "wrong" not in verdicts.values(), verdicts
    assert verdicts["ONNX, oldest"] == verdicts["ONNX, newest"] == "right"


def test_the_docs_count_every_module_and_none_that_is_wrong() -> None:
    counts = table.read()
    assert all(sum(row) == len(CASES) for row in counts)
    assert all(right and not wrong for right, _, wrong in counts)
