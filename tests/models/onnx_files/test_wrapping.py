"""Padding that wraps around: written by slices, it gives the same."""

from __future__ import annotations

import numpy as np
import pytest

from marcelle_rt.models.onnx_files.fitting import fit
from marcelle_rt.models.onnx_files.running import run
from marcelle_rt.models.onnx_files.wrapping import settle_wraps
from tests.support.models.onnx_graphs import model_of

IMAGES = np.random.default_rng(4).normal(size=(2, 3, 4, 5)).astype("float32")
WIDTHS = {
    "around two axes": ("0, 0, 1, 2, 0, 0, 3, 0", ((0, 0), (0, 0), (1, 3), (2, 0))),
    "around none": ("0, 0, 0, 0, 0, 0, 0, 0", ((0, 0), (0, 0), (0, 0), (0, 0))),
}


@pytest.mark.parametrize(("widths", "expected"), WIDTHS.values(), ids=WIDTHS)
def test_what_is_written_by_slices_gives_the_same(widths: str, expected: tuple[tuple[int, int], ...]) -> None:
    body = f'widths = Constant <value = int64[8] {{{widths}}}> () a = Pad <mode = "wrap"> (x, widths) y = Neg (a)'
    model = model_of(body, "float[N, C, H, W] y", inputs="float[N, 3, 4, 5] x", opset=19)

    assert fit(model, "n.onnx").remarks == []

    assert {opset.domain: opset.version for opset in model.opset_import}[""] == 18
    np.testing.assert_array_equal(run(model, IMAGES)["y"], -np.pad(IMAGES, expected, mode="wrap"))


def test_only_the_named_axes_are_padded() -> None:
    body = "widths = Constant <value = int64[2] {1, 2}> () axes = Constant <value = int64[1] {-1}> () "
    body += 'y = Pad <mode = "wrap"> (x, widths, , axes)'
    model = model_of(body, "float[N, C, H, W] y", inputs="float[N, 3, 4, 5] x", opset=19)

    assert settle_wraps(model) == []

    expected = np.pad(IMAGES, ((0, 0), (0, 0), (0, 0), (1, 2)), mode="wrap")
    np.testing.assert_array_equal(run(model, IMAGES)["y"], expected)


def test_padding_that_is_computed_is_left_and_told() -> None:
    body = """
        eight = Constant <value_ints = [8]> ()
        ones = ConstantOfShape <value = int64[1] {1}> (eight)
        a = Pad <mode = "wrap"> (x, ones)
        y = Neg (a)
    """
    model = model_of(body, "float[N, C, H, W] y", inputs="float[N, 3, 4, 5] x", opset=19)

    assert any("wraps around (a)" in remark for remark in fit(model, "n.onnx").remarks)
