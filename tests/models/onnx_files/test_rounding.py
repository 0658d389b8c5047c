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
        ("double[N, 3, H, W] x", RAISED),
        ("float[N, 3, 8, 9] x", f'auto_pad = "SAME_UPPER", {RAISED}'),
    ],
    ids=["sizes that are open, of doubles", "padding that is found out"],
)
def test_a_pool_whose_edge_is_not_known_is_left_and_told(inputs: str, given: str) -> None:
    model = pooled("AveragePool", f"strides = [2, 2], {given}", inputs, inputs.replace("x", "y"))

    assert settle_pools(model) == ["b"]
    assert whether_they_round_up(model) == [True]


def test_a_pool_that_its_maker_counted_otherwise_is_left() -> None:
    model = pooled("AveragePool", f"strides = [2, 3], {RAISED}")  # which makes four of nine, also the one behind them

    assert settle_pools(model) == ["b"]


def averages(images: Any, kernel: list[int], strides: list[int], pads: list[int], counted: bool) -> Any:
    """As PyTorch has them: no window begins behind the image, and what is behind the pads does not count."""
    height, width = images.shape[2:]
    begins, ends = pads[:2], pads[2:]
    places = [
        [
            start - begin
            for start in range(0, size + begin, stride)
            if start - stride + reach < size + begin + end or start == 0
        ]
        for size, begin, end, stride, reach in zip((height, width), begins, ends, strides, kernel, strict=True)
    ]
    answer = np.zeros((*images.shape[:2], len(places[0]), len(places[1])), "float32")
    for row, top in enumerate(places[0]):
        for column, left in enumerate(places[1]):
            rows, columns = slice(max(0, top), top + kernel[0]), slice(max(0, left), left + kernel[1])
            window = images[:, :, rows, columns]
            bottom, right = min(top + kernel[0], height + ends[0]), min(left + kernel[1], width + ends[1])
            count = (bottom - top) * (right - left) if counted else window.shape[2] * window.shape[3]
            answer[:, :, row, column] = window.sum(axis=(2, 3)) / count
    return answer


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize(
    ("strides", "pads"),
    [([2, 2], [0, 0, 0, 0]), ([2, 3], [1, 1, 1, 0]), ([3, 2], [0, 0, 1, 1]), ([1, 1], [1, 0, 1, 1])],
)
def test_averages_of_images_of_any_size_count_their_edge_themselves(
    strides: list[int], pads: list[int], counted: bool
) -> None:
    given = f"strides = {strides}, pads = {pads}, {RAISED}, count_include_pad = {int(counted)}"
    model = pooled("AveragePool", given, "float[N, 3, H, W] x")

    assert settle_pools(model) == []
    assert whether_they_round_up(model) == []
    for height in range(3, 9):
        for width in range(2, 8):
            images = IMAGES[:, :, :height, :width]
            expected = -averages(np.maximum(images, 0), [3, 2], strides, pads, counted)
            np.testing.assert_allclose(run(model, images)["y"], expected, atol=1e-6)
