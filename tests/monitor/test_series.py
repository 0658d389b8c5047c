"""Which points of a curve are drawn, and how they are smoothed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marcelle_rt.monitor.series import keep, numbers, smooth


def test_a_short_curve_keeps_all_its_numbers() -> None:
    assert keep(numbers([1, None, 3])).tolist() == [0, 2]


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=300), st.integers(4, 40))
def test_a_thinned_curve_keeps_its_ends_and_its_extremes(values: list[float | None], limit: int) -> None:
    y = numbers(values)
    kept = keep(y, limit)

    finite = y[np.isfinite(y)]
    assert kept.size <= max(limit, 0)
    assert kept.tolist() == sorted(set(kept.tolist()))
    if finite.size:
        assert y[kept[0]] == finite[0]
        assert y[kept[-1]] == finite[-1]
        assert y[kept].min() == finite.min()
        assert y[kept].max() == finite.max()


def test_100_000_points_become_2_000_and_keep_a_single_spike() -> None:
    y = np.sin(np.arange(100_000) / 5_000)
    y[77_777] = 9

    kept = keep(y)

    assert 1_900 < kept.size <= 2_000
    assert 77_777 in kept


def test_what_is_no_number_is_none_for_drawing() -> None:
    assert np.isnan(numbers([None, "x", [1], True])).tolist() == [True] * 4
    assert numbers(["x", 2, 3.5])[1:].tolist() == [2, 3.5]
    assert numbers({"0": 1}).size == 0
    assert numbers(None).size == 0


def test_smoothing_is_an_average_without_a_bias_towards_zero() -> None:
    y = np.array([4.0, 0.0, 4.0])

    assert smooth(y, 0).tolist() == [4, 0, 4]
    # ((4 * .5) / .5), ((4 * .25 + 0) / .75), ((4 * .125 + 0 + 4 * .5) / .875)
    assert smooth(y, 0.5).tolist() == pytest.approx([4, 4 / 3, 20 / 7])
    assert smooth(np.full(50, 0.3), 0.99).tolist() == pytest.approx([0.3] * 50)
