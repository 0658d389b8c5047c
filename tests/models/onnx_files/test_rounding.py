"""Pools whose last windows reach over the edge: written otherwise, they give the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from marcelle_rt.models.onnx_files.rounding import settle_pools
from marcelle_rt.models.onnx_files.running import run
from tests.support.models.onnx_graphs import model_of

IMAGES = np.random.default_rng(4).normal(size=(2, 3, 8, 9)).astype("float32")
RAISED = "ceil_mode = 1"


def pooled(op: str, given: str, inputs: str = "float[N, 3, 8, 9] x", output: str = "float[N, 3, H, W] y") -> Any:
    body = f"a = Relu (x) b = {op} <kernel_shape = [3, 2], {given}> (a) y = Neg (b)"
    return model_of(body, output, inputs=inputs)


def whether_they_round_up(model: Any) -> list[bool]:
    found = [item for node in model.graph.node for item in node.attribute if item.name == "ceil_mode"]
    return [bool(item.i) for item in found]


@pytest.mark.parametrize("given", ["strides = [2, 2]", "strides = [2, 3], pads = [1, 1, 1, 0]", "strides = [3, 2]"])
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool", "AveragePool, with its pads"])
def test_what_is_written_otherwise_gives_the_same(op: str, given: str) -> None:
    op, _, counted = op.partition(",")
    model = pooled(op, f"{given}, {RAISED}" + (", count_include_pad = 1" if counted else ""))
    expected = run(model, IMAGES)["y"]

    assert settle_pools(model) == []
    assert whether_they_round_up(model) == []
    np.testing.assert_allclose(run(model, IMAGES)["y"], expected, atol=1e-6)


def test_a_last_window_that_would_begin_behind_the_image_is_left_out_as_pytorch_does() -> None:
    model = pooled("MaxPool", f"strides = [2, 3], {RAISED}", output="float[N, 3, 4, 3] y")
    model.graph.value_info.add().CopyFrom(model.graph.output[0])
    model.graph.value_info[0].name = "b"

    settle_pools(model)

    assert run(model, IMAGES)["y"].shape == (2, 3, 4, 3)


@pytest.mark.parametrize(
    ("inputs", "given"),
    [
        ("float[N, 3, H, W] x", RAISED),
        ("float[N, 3, 8, 9] x", f'auto_pad = "SAME_UPPER", {RAISED}'),
    ],
    ids=["sizes that are open", "padding that is found out"],
)
def test_a_pool_whose_edge_is_not_known_is_left_and_told(inputs: str, given: str) -> None:
    model = pooled("AveragePool", f"strides = [2, 2], {given}", inputs)

    assert settle_pools(model) == ["b"]
    assert whether_they_round_up(model) == [True]


def test_a_pool_that_its_maker_counted_otherwise_is_left() -> None:
    model = pooled("AveragePool", f"strides = [2, 3], {RAISED}")  # which makes four of nine, also the one behind them

    assert settle_pools(model) == ["b"]
