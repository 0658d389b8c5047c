"""Values of machines in other time zones and of other libraries, and the whole of what an error says."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import Any

import pytest

from marcelle_rt.errors import InvalidData
from marcelle_rt.values import iso, measured, number, to_wire


@pytest.fixture
def in_kolkata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's time is 5:30 h before UTC's."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_kolkata")
def test_times_are_written_in_utc_wherever_the_machine_is() -> None:
    assert iso(dt.datetime(2026, 1, 1, 5, 30)) == "2026-01-01T00:00:00.000Z"
    assert iso(dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)) == "2026-01-01T00:00:00.000Z"
    assert iso()[:16] in {
        f"{dt.datetime.now(dt.timezone.utc) - dt.timedelta(seconds=s):%Y-%m-%dT%H:%M}" for s in (0, 5)
    }


class Array:
    """What several libraries' arrays have in common."""

    def __init__(self, values: Any) -> None:
        self._values = values

    def tolist(self) -> Any:
        return self._values


class ArrayOfTwoKinds(Array):
    """An array that is better not asked for NumPy's."""

    def numpy(self) -> Any:
        raise AssertionError("it was asked for NumPy's array, and has a list")


class Tensor:
    """A tensor that gives NumPy's array alone."""

    def __init__(self, values: Any) -> None:
        self._values = values

    def numpy(self) -> Array:
        return Array(self._values)


@pytest.mark.parametrize("kind", [Array, ArrayOfTwoKinds, Tensor])
def test_arrays_of_any_library_are_taken(kind: type) -> None:
    assert to_wire(kind([1, 2.5])) == [1, 2.5]
    assert number(kind([[0.5]])) == 0.5
    assert number(kind([True])) == 1
    assert number(kind([1, 2])) is None
    assert measured(kind(float("inf"))) == float("inf")


@pytest.mark.parametrize("value", ["1", b"1", {"a": 1}, {}, None, [], (), object()])
def test_what_is_no_number_is_none(value: object) -> None:
    assert measured(value) is None


REFUSED = "can't be a key: the database refuses '.' and a leading '$'; use '_' or '/'"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"a.b": 1}, "data.a.b: 'a.b' can't be a key: the database refuses '.' and a leading '$'; use '_' or '/'"),
        (
            {"a": {"$b": 1}},
            "data.a.$b: '$b' can't be a key: the database refuses '.' and a leading '$'; use '_' or '/'",
        ),
        ({"a": [b"x"]}, "data.a[0]: b'x' is a bytes, which JSON can't hold; convert it first"),
    ],
)
def test_an_error_names_the_place_the_value_and_the_way_out(data: Any, said: str) -> None:
    with pytest.raises(InvalidData) as raised:
        to_wire(data)
    assert str(raised.value) == said


def test_what_is_nested_without_end_says_so() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(InvalidData) as raised:
        to_wire(endless)
    assert str(raised.value) == "data: <class 'list'> is nested too deeply, or contains itself"
