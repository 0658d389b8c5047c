"""The numbers of epochs, as stretches that are evenly apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marcelle_rt.runs.document.numbering import Numbering


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([], None),
        ([7], None),
        ([0, 1, 2], None),
        ([5, 10, 15], [[0, 5, 5]]),
        ([3, 2, 1], [[0, 3, -1]]),
        ([1, 2, 5], [[0, 1, 1], [2, 5, 1]]),
        ([1, 2, 5, 9, 13], [[0, 1, 1], [2, 5, 4]]),
        ([4, 4], [[0, 4, 1], [1, 4, 1]]),
        ([4, 4, 5, 6], [[0, 4, 1], [1, 4, 1]]),
        ([0, 2, 4, 5, 6], [[0, 0, 2], [3, 5, 1]]),
    ],
)
def test_a_document_tells_of_numbers_that_are_not_consecutive(numbers: list[int], told: list[list[int]] | None) -> None:
    assert Numbering(numbers).stretches() == told


def test_too_many_stretches_are_not_told() -> None:
    many = [number for n in range(200) for number in (n * n * 10, n * n * 10 + 1)]
    assert len(Numbering(many).stretches() or ()) == 200
    assert Numbering([*many, 10**6, 10**6 + 1]).stretches() is None


def test_an_empty_one_has_no_last_number() -> None:
    numbering = Numbering()
    assert (numbering.last, len(numbering), list(numbering)) == (None, 0, [])
    assert numbering.add(7) == 0
    assert numbering.add(9) == 1
    assert (numbering.last, len(numbering), list(numbering)) == (9, 2, [7, 9])


def test_a_number_has_all_its_places() -> None:
    numbering = Numbering([1, 2, 3, 7, 2, 4, 2])
    assert [list(numbering.places(number)) for number in (1, 2, 3, 4, 7, 9)] == [[0], [1, 4, 6], [2], [5], [3], []]


@pytest.mark.parametrize("keep", range(8))
def test_what_is_cut_goes_on_as_if_it_had_never_been_longer(keep: int) -> None:
    numbers = [5, 10, 15, 20, 1, 2, 3]
    numbering = Numbering(numbers)
    numbering.cut(keep)
    again = Numbering(numbers[:keep])
    for number in (20, 25, 2, 3):
        assert (numbering.stretches(), list(numbering)) == (again.stretches(), list(again))
        assert numbering.add(number) == again.add(number)


def test_a_number_that_stays_alone_needs_no_telling() -> None:
    numbering = Numbering([5, 10, 15])
    numbering.cut(1)
    assert numbering.stretches() is None
    assert numbering.add(10) == 1
    assert numbering.stretches() == [[0, 5, 5]]


@given(st.lists(st.integers(-3, 6), max_size=12), st.integers(0, 12), st.lists(st.integers(-3, 6), max_size=4))
def test_it_holds_what_a_list_would_hold(numbers: list[int], keep: int, more: list[int]) -> None:
    numbering = Numbering(numbers)
    numbering.cut(keep)
    expected = numbers[:keep]
    assert numbering.stretches() == Numbering(expected).stretches()
    for number in more:
        turns, told = numbering.turns, numbering.stretches()
        assert numbering.add(number) == len(expected)
        expected.append(number)
        assert numbering.stretches() == told or numbering.turns > turns
    assert (list(numbering), len(numbering)) == (expected, len(expected))
    assert numbering.last == (expected[-1] if expected else None)
    for number in range(-3, 7):
        assert list(numbering.places(number)) == [place for place, other in enumerate(expected) if other == number]
