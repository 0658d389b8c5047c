"""Curves in one line of text."""

from __future__ import annotations

import math
import sys

import pytest

from marcelle_rt.monitor.terminal.sparkline import sparkline


def test_a_rising_curve_rises() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([7, 0], 8) == "█▁"


def test_a_terminal_without_unicode_gets_ascii() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, ascii=True) == "_.-~=*^#"


def test_a_long_curve_is_drawn_by_the_means_of_its_pieces() -> None:
    line = sparkline([math.sin(n / 1000) for n in range(100_000)], 20)

    assert len(line) == 20
    assert sparkline([0, 2, 10, 10], 2) == "▁█"
    assert len(sparkline(list(range(7)), 5)) == 5


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_leaves_a_gap(value: float | None) -> None:
    assert sparkline([1, value, 2], 5) == "▁ █"
    assert sparkline([value, value], 5) == ""


def test_a_curve_that_never_changes_is_drawn_at_the_middle() -> None:
    assert sparkline([0.1] * 3, 5) == "▄▄▄"


def test_nothing_and_no_room_are_drawn_as_nothing() -> None:
    assert sparkline([], 5) == ""
    assert sparkline([1, 2], 0) == ""


def test_the_largest_floats_are_drawn() -> None:
    largest = sys.float_info.max
    assert sparkline([-largest, 0, largest], 3) == "▁▅█"
    assert sparkline([largest] * 4, 2) == "▄▄"
