"""Keys of documents: which become texts, which are refused on the wire, and how a run's are mended."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np
import pytest

from marcelle_rt import foreign
from marcelle_rt.errors import InvalidData, UnsupportedFormat
from marcelle_rt.values import FIT_KEYS, LONGEST_KEY, number, safe_key, safe_keys, to_run, to_wire


class Color(enum.Enum):
    RED = "red"
    TWO = 2


class Level(enum.IntEnum):
    LOW = 1


def shown(value: Any) -> str:
    """How an error shows a value."""
    return InvalidData("", value, "").value


KEYS: list[tuple[Any, str]] = [
    ("a", "a"),
    (1, "1"),
    (-1, "-1"),
    (np.int64(7), "7"),
    (Level.LOW, "1"),
    (Color.RED, "red"),
    (Color.TWO, "2"),
    ("a$", "a$"),
]


@pytest.mark.parametrize(("key", "name"), KEYS, ids=lambda key: repr(key))
def test_keys_become_texts(key: Any, name: str) -> None:
    assert to_wire({key: 0}) == {name: 0}
    assert safe_keys({key: 0}, "params", remarks := []) == {key: name}
    assert remarks == []


@pytest.mark.parametrize("key", [None, True, 1.5, (1, 2), b"x"], ids=repr)
def test_other_keys_are_refused_on_the_wire_and_written_out_in_a_run(key: Any) -> None:
    with pytest.raises(InvalidData) as refusal:
        to_wire({"a": {key: 0}})
    assert refusal.value.path == "data.a"
    assert refusal.value.value == shown(key)
    assert f"is a {type(key).__name__} and can't be a key; use a string" in str(refusal.value)

    name = safe_key(str(key))
    stored = f"params.a: the key {key!r} is stored as {name!r} ({FIT_KEYS})"
    assert to_run({"a": {key: 0}}, "params") == ({"a": {name: 0}}, [stored])


@pytest.mark.parametrize("key", ["a.b", "$set", ".", "$"])
def test_keys_that_a_database_refuses_pass_as_operators_alone(key: str) -> None:
    with pytest.raises(InvalidData) as refusal:
        to_wire({"q": {key: 0}})
    assert refusal.value.path == f"data.q.{key}"
    assert refusal.value.value == shown(key)
    assert "can't be a key: the database refuses '.' and a leading '$'; use '_' or '/'" in str(refusal.value)
    assert to_wire({"q": [{key: 0}]}, operators=True) == {"q": [{key: 0}]}


@pytest.mark.parametrize("key", ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"])
def test_keys_that_lead_into_javascripts_own_objects_are_renamed_in_a_run(key: str) -> None:
    assert to_run({key: 1, f"{key}_": 2}, "params")[0] == {f"{key}__2": 1, f"{key}_": 2}


def test_a_bad_key_of_a_run_is_mended_and_a_clash_counted() -> None:
    given = {"a.b": 1, "a_b": 2, "a.b.c": 3, "$x": 4, "x$.": 5, "a\0b": 6, "a$b": 7}

    copy, remarks = to_run({"deep": [given]}, "params")

    assert copy == {"deep": [{"a_b_2": 1, "a_b": 2, "a_b_c": 3, "_x": 4, "x$_": 5, "a_b_3": 6, "a$b": 7}]}
    assert remarks == [
        f"params.deep[0]: the key {key!r} is stored as {name!r} ({FIT_KEYS})"
        for key, name in (("a.b", "a_b_2"), ("a.b.c", "a_b_c"), ("$x", "_x"), ("x$.", "x$_"), ("a\0b", "a_b_3"))
    ]


def test_an_empty_key_is_none_of_a_path_and_gets_a_letter_in_a_run() -> None:
    assert to_run({"": 1, "_": 2}, "params")[0] == {"__2": 1, "_": 2}
    assert to_wire({"": 1}) == {"": 1}


def test_keys_that_are_only_equal_as_text_are_kept_apart() -> None:
    remarks: list[str] = []
    assert safe_keys({2.5: "a", "2_5": "b"}, "p", remarks) == {2.5: "2_5_2", "2_5": "2_5"}
    assert len(remarks) == 1


def test_a_key_that_is_too_long_for_a_path_is_shortened_and_stays_its_own() -> None:
    long = "layer/" * 400
    names = [safe_key(f"{long}{end}") for end in ("kernel", "bias")]
    assert [len(name) for name in names] == [LONGEST_KEY, LONGEST_KEY]
    assert len(set(names)) == 2
    assert names == [safe_key(f"{long}{end}") for end in ("kernel", "bias")]
    assert all(name.startswith("layer/layer/") for name in names)
    assert safe_key("k" * LONGEST_KEY) == "k" * LONGEST_KEY


def test_what_is_nested_deeper_than_a_backend_takes_is_kept_as_text() -> None:
    deep: object = 1
    for _ in range(5):
        deep = [deep]
    copy, remarks = to_run({"fits": [[[[1]]]], "deep": deep}, "params")
    assert copy == {"fits": [[[[1]]]], "deep": [[[["[1]"]]]]}
    assert remarks == ["params.deep[0][0][0][0] is nested too deeply for a backend; its text was kept instead"]
    tower: dict[str, object] = {}
    for _ in range(200):
        tower = {"in": tower}
    copy, remarks = to_run(tower, "params")
    assert len(remarks) == 1
    for _ in range(50):
        copy = copy["in"]
    assert isinstance(copy, str)


class Hostile(float):
    """Each of whose methods raises what no program expects."""

    def __float__(self) -> float:
        raise SystemExit(3)

    __str__ = __repr__ = __hash__ = __float__  # type: ignore[assignment]


def test_a_value_whose_own_text_raises_is_shown_by_its_class() -> None:
    assert foreign.shown(Hostile(1)) == foreign.spelled(Hostile(1)) == "<Hostile>"
    assert InvalidData("a", Hostile(1), "is none").value == "<Hostile>"
    assert str(UnsupportedFormat("f", Hostile(1), ["h5"])) == "f: <Hostile> is not supported. Use one of: h5."
    assert to_run({"a": Hostile(1)}, "params")[0] == {"a": "<Hostile>"}
    assert number(Hostile(1)) is None
