"""Pauses: how long the next message about a run waits, and what ends the wait."""

from __future__ import annotations

import pytest

from marcelle_rt.runs.sync.pace import PAUSE, Pace, earlier


def test_a_first_message_waits_for_nothing() -> None:
    assert Pace(0.1).due == 0.0


@pytest.mark.parametrize(("took", "due"), [(0.0, 100.1), (0.02, 100.1), (0.025, 100.1), (0.05, 100.2), (2.0, 108.0)])
def test_the_next_message_waits_four_times_as_long_as_the_answer_took_and_at_least_a_tenth_of_a_second(
    took: float, due: float
) -> None:
    pace = Pace(PAUSE)
    pace.answered(100.0 - took, 100.0, hurried=False)
    assert pace.due == pytest.approx(due)


def test_without_a_least_pause_a_quick_answer_costs_nothing() -> None:
    pace = Pace(0.0)
    pace.answered(100.0, 100.0, hurried=False)
    assert pace.due == 100.0
    pace.answered(100.0, 100.5, hurried=False)
    assert pace.due == pytest.approx(102.5)


def test_while_somebody_waits_there_is_no_pause() -> None:
    pace = Pace(PAUSE)
    pace.answered(90.0, 100.0, hurried=True)
    assert pace.due == 100.0


def test_a_refusal_is_a_pause_of_ten_seconds_that_a_hurry_ends() -> None:
    pace = Pace(PAUSE)
    pace.refused(100.0)
    assert pace.due == 110.0
    pace.hurry()
    assert pace.due == 0.0


@pytest.mark.parametrize(
    ("one", "other", "first"),
    [(None, None, None), (1.0, None, 1.0), (None, 2.0, 2.0), (1.0, 2.0, 1.0), (2.0, 1.0, 1.0)],
)
def test_the_earlier_of_two_times(one: float | None, other: float | None, first: float | None) -> None:
    assert earlier(one, other) == first
