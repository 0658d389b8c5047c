"""What may go on the wire: each kind of value, and what becomes of it on both ways out."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections import UserDict, UserList
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from marcelle_rt import values
from marcelle_rt.errors import InvalidData
from marcelle_rt.foreign import utf8
from marcelle_rt.values import (
    canonical,
    dumps,
    loads,
    measured,
    number,
    safe_key,
    to_run,
    to_wire,
)

EAST = dt.timezone(dt.timedelta(hours=2))


def shown(value: Any) -> str:
    """How an error shows a value."""
    return InvalidData("", value, "").value


class Color(enum.Enum):
    RED = "red"
    TWO = 2
    PAIR = (1, 2)


class Holder(enum.Enum):
    BAD = MappingProxyType({"b": {1}})
    OPERATOR = MappingProxyType({"$gt": 1})


class Level(enum.IntEnum):
    LOW = 1


class Name(str):
    pass


class Whole(int):
    pass


class Real(float):
    pass


class Tensor:
    """A TensorFlow tensor, as far as values look at one: no `tolist`, but `numpy`."""

    def __init__(self, value: Any, error: type[Exception] | None = None) -> None:
        self.value, self.error = value, error

    def numpy(self) -> Any:
        if self.error is not None:
            raise self.error("no value")
        return np.array(self.value)


class Torch:
    """A PyTorch tensor that wants its gradient: `tolist` only after `detach`."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def detach(self) -> Any:
        return np.array(self.value)

    def tolist(self) -> Any:
        raise RuntimeError("detach first")


class Broken:
    """An array whose memory is gone."""

    def tolist(self) -> Any:
        raise RuntimeError("deleted")


class Mute:
    def __repr__(self) -> str:
        raise ValueError("no text")


class Itself:
    def tolist(self) -> Any:
        return self


class Bytes:
    def tolist(self) -> Any:
        return b"x"


PLAIN: list[tuple[Any, Any]] = [
    ("a", "a"),
    ("", ""),
    (True, True),
    (False, False),
    (None, None),
    (3, 3),
    (2**70, 2**70),
    (0.5, 0.5),
    (math.nan, None),
    (math.inf, None),
    (-math.inf, None),
    ({"a": {"b": [1, (2.5, None)]}}, {"a": {"b": [1, [2.5, None]]}}),
    (UserDict({"a": math.nan}), {"a": None}),
    (UserList([1, 2]), [1, 2]),
    (range(3), [0, 1, 2]),
    ((), []),
    ({}, {}),
    (Color.RED, "red"),
    (Color.PAIR, [1, 2]),
    (Level.LOW, 1),
    (Name("n"), "n"),
    (Whole(7), 7),
    (Real(0.25), 0.25),
    (Real("nan"), None),
    (np.float32(0.5), 0.5),
    (np.float64("inf"), None),
    (np.int64(5), 5),
    (np.bool_(True), True),
    (np.str_("s"), "s"),
    (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (np.array([0.5, math.nan]), [0.5, None]),
    (np.array(1.5), 1.5),
    (Tensor([1.0, 2.0]), [1.0, 2.0]),
    (Torch([3, 4]), [3, 4]),
    (dt.datetime(2026, 11, 25, 10, 0, 1, 234567, tzinfo=EAST), "2026-11-25T08:00:01.234Z"),
    (dt.date(2026, 11, 25), "2026-11-25"),
    (dt.time(10, 30), "10:30:00"),
    (PurePosixPath("a/b"), "a/b"),
    (1 + 2j, {"real": 1.0, "imag": 2.0}),
    (memoryview(b"ab"), [97, 98]),
]

REFUSED: list[Any] = [
    object(),
    {1, 2},
    b"bytes",
    bytearray(b"b"),
    Itself(),
    Bytes(),
    Tensor(1, NotImplementedError),
    Tensor(1, AttributeError),
    Tensor(1, RuntimeError),
]


@pytest.mark.parametrize(("value", "plain"), PLAIN, ids=[str(n) for n in range(len(PLAIN))])
def test_a_value_becomes_plain_json_of_its_own_kind(value: Any, plain: Any) -> None:
    wired = to_wire([value])[0]

    assert wired == plain
    assert type(wired) is type(plain)
    assert to_run(value, "params") == (plain, []) or isinstance(plain, int)


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: type(value).__name__)
def test_what_json_cant_hold_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(InvalidData) as refusal:
        to_wire({"a": [0, {"b": value}]})

    assert refusal.value.path == "data.a[1].b"
    assert refusal.value.value == shown(value)
    kind = type(value).__name__
    assert f"is a {kind}, which JSON can't hold; convert it first" in str(refusal.value)


def test_the_place_begins_with_the_name_that_is_given() -> None:
    with pytest.raises(InvalidData, match=r"run\.params"):
        to_wire({"params": object()}, "run")
    with pytest.raises(InvalidData) as refusal:
        to_wire(object(), "run")
    assert refusal.value.path == "run"


def test_an_error_of_a_values_own_is_not_taken_for_ours() -> None:
    with pytest.raises(RuntimeError, match="deleted"):
        to_wire(Broken())


def test_what_holds_itself_is_refused_and_named() -> None:
    loop: list[Any] = []
    loop.append(loop)

    with pytest.raises(InvalidData, match="is nested too deeply, or contains itself") as refusal:
        to_wire(loop, "params")
    assert refusal.value.path == "params"
    assert refusal.value.value == shown(list)
    copy, remarks = to_run(loop, "params")
    assert copy == "[[...]]"
    (remark,) = remarks
    assert remark.startswith("params can't be written as JSON (")
    assert remark.endswith("); its text was kept instead")


def test_an_integer_that_javascript_would_change_is_refused_on_the_wire_with_its_place() -> None:
    kept = [2**53 - 1, 2**53, 2**60, -(2**53)]
    assert to_wire({"kept": kept}) == {"kept": kept}
    for lost in (2**53 + 1, -(2**53) - 1, 1_700_000_000_123_456_789):
        with pytest.raises(InvalidData) as refusal:
            to_wire({"a": [0, lost]})
        said = "has more digits than JavaScript's numbers keep (2**53); store it as a text"
        assert str(refusal.value) == str(InvalidData("data.a[1]", lost, said))


def test_what_a_members_value_holds_is_looked_at_where_it_stands() -> None:
    with pytest.raises(InvalidData) as refusal:
        to_wire({"a": Holder.BAD})
    assert refusal.value.path == "data.a.b"
    with pytest.raises(InvalidData):
        to_wire(Holder.OPERATOR)
    assert to_wire(Holder.OPERATOR, operators=True) == {"$gt": 1}
    assert to_run({"a": Holder.OPERATOR}, "p")[1] == ["p.a is a Holder that JSON can't hold; its text was kept instead"]


def test_what_nests_deeper_than_json_may_is_kept_as_text() -> None:
    deep: list[Any] = []
    for _ in range(256):
        deep = [deep]
    copy, remarks = to_run(deep, "p")
    assert copy == [[[["[" * 253 + "]" * 253]]]]
    assert remarks == ["p[0][0][0][0] is nested too deeply for a backend; its text was kept instead"]


def test_names_of_files_that_are_no_utf8_can_be_written() -> None:
    bad = "caf\udce9"
    assert utf8(bad) == "caf?"
    assert utf8("café") == "café"
    assert safe_key(f"{bad}.h5") == "caf?_h5"
    assert to_run([bad], "params") == (["caf?"], [])
    assert to_run({bad: 1}, "p")[0] == {"caf?": 1}


def test_what_json_cant_hold_is_kept_as_text_in_a_run_and_said() -> None:
    @dataclass
    class Thing:
        length: int

        def __repr__(self) -> str:
            return "t" * self.length

    for length, text in ((3, "ttt"), (1000, "t" * 1000), (1001, "t" * 997 + "...")):
        said = "params.a[1] is a Thing that JSON can't hold; its text was kept instead"
        assert to_run({"a": [1, Thing(length)]}, "params") == ({"a": [1, text]}, [said])
    assert to_run(Mute(), "p") == ("<Mute>", ["p is a Mute that JSON can't hold; its text was kept instead"])
    assert to_run({1, 2} | {3}, "p") == ([1, 2, 3], [])
    assert to_run(frozenset([4]), "p") == ([4], [])
    assert to_run((1, Color.RED), "p") == ([1, "red"], [])
    copy, remarks = to_run({"lost": Broken()}, "p")
    assert "Broken object" in copy["lost"]
    assert remarks == ["p.lost is a Broken that JSON can't hold; its text was kept instead"]


def test_an_integer_that_json_cant_hold_is_text_in_a_run_and_an_error_on_the_wire() -> None:
    assert to_run({"n": 2**70}, "p") == (
        {"n": str(2**70)},
        ["p.n is a int that JSON can't hold; its text was kept instead"],
    )
    with pytest.raises(InvalidData, match="can't be written as JSON") as refusal:
        dumps({"n": 2**70}, "patch")
    assert refusal.value.path == "patch"
    with pytest.raises(InvalidData) as refusal:
        dumps(2**70)
    assert (refusal.value.path, refusal.value.value) == ("data", shown(2**70))


def test_json_is_compact_and_canonical_json_sorted() -> None:
    assert dumps({"b": [1, None], "a": "é"}) == '{"b":[1,null],"a":"é"}'.encode()
    assert canonical({"b": 1, "a": {"d": 2, "c": 3}}) == b'{"a":{"c":3,"d":2},"b":1}'
    assert loads('{"a": [1.5]}') == loads(b'{"a": [1.5]}') == {"a": [1.5]}


NUMBERS: list[tuple[Any, Any]] = [
    (0.5, 0.5),
    (3, 3),
    (True, 1),
    (False, 0),
    (np.float32(0.5), 0.5),
    (np.int8(3), 3),
    (np.bool_(True), 1),
    (np.array([0.25]), 0.25),
    (np.array([[7]]), 7),
    ([5], 5),
    (([2.5],), 2.5),
    ([True], 1),
    (Tensor(1.5), 1.5),
    (Torch([2.0]), 2.0),
    (Level.LOW, 1),
    (Real(0.75), 0.75),
    (Whole(9), 9),
    (Decimal("0.5"), 0.5),
    (Fraction(1, 4), 0.25),
    (Decimal("sNaN"), None),
    (2**53 - 1, 2**53 - 1),
    (-(2**53) + 1, -(2**53) + 1),
    (2**53, 2.0**53),
    (-(2**53), -(2.0**53)),
    (10**400, None),
    (-(10**400), None),
    ("1", None),
    (b"1", None),
    (None, None),
    ({}, None),
    ({"a": 1}, None),
    ([], None),
    ([1, 2], None),
    (np.array([1.0, 2.0]), None),
    (["1"], None),
    (object(), None),
    (Broken(), None),
    (1 + 0j, None),
]


@pytest.mark.parametrize(("value", "expected"), NUMBERS, ids=[str(n) for n in range(len(NUMBERS))])
def test_a_log_value_is_a_number_or_nothing(value: Any, expected: Any) -> None:
    for read in (number, measured):
        assert read(value) == expected
        assert type(read(value)) is type(expected)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, np.float32("nan"), Decimal("NaN"), [math.inf]], ids=repr
)
def test_what_is_not_finite_is_measured_and_no_number(value: Any) -> None:
    assert number(value) is None
    known = measured(value)
    assert known is not None
    assert not math.isfinite(known)


def test_the_limits_are_those_of_the_servers() -> None:
    assert (values.SOCKET_LIMIT, values.REST_LIMIT, values.ANSWER_LIMIT) == (1_000_000, 100_000, 100_000_000)
    assert values.SAFE_INTEGER == 2**53


class Interrupted:
    """What somebody reads when he presses Ctrl-C."""

    def tolist(self) -> Any:
        raise KeyboardInterrupt

    __repr__ = tolist


class Read(Interrupted):
    def __repr__(self) -> str:
        return "read"


class Key:
    """A key whose text somebody reads when he presses Ctrl-C."""

    def __str__(self) -> str:
        raise KeyboardInterrupt


class Silent(Interrupted):
    def tolist(self) -> Any:
        raise RuntimeError("no values")


@pytest.mark.parametrize(
    "read",
    [
        lambda: measured(Interrupted()),
        lambda: to_run({"a": Read()}, "params"),
        lambda: to_run({"a": Silent()}, "params"),
        lambda: to_run({Key(): 1}, "params"),
        lambda: to_wire({"a": Interrupted()}),
    ],
    ids=["a log", "a value", "its text", "a key", "the wire"],
)
def test_ctrl_c_is_not_taken_for_a_fault_of_what_is_read(read: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        read()
