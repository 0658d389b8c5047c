"""A task's parameters: what a signature becomes for a page's form, and which values are taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest

from marcelle_rt import TrainingServer
from marcelle_rt.errors import InvalidData
from marcelle_rt.serving.parameters import Range, checked, parameters_of
from marcelle_rt.serving.tasks import Task, check_name


def shapes(
    job: Any,
    *,
    epochs: Annotated[int, Range(1, 100)] = 10,
    rate: Annotated[float, Range(1e-5, 1)] = 1e-3,
    kind: Literal["cnn", "mlp"] = "cnn",
    sizes: list[int] = [32, 16],  # noqa: B006
    weights: list[float] = [0.5],  # noqa: B006
    shuffle: bool = True,
    note: str = "",
    seed=7,  # type: ignore[no-untyped-def]
) -> None: ...


PARAMETERS = parameters_of(shapes)


def test_a_signature_is_what_a_form_needs() -> None:
    assert json.loads(json.dumps(PARAMETERS)) == [
        {"name": "epochs", "type": "integer", "default": 10, "min": 1, "max": 100},
        {"name": "rate", "type": "number", "default": 0.001, "min": 1e-5, "max": 1},
        {"name": "kind", "type": "choice", "default": "cnn", "options": ["cnn", "mlp"]},
        {"name": "sizes", "type": "integer array", "default": [32, 16]},
        {"name": "weights", "type": "number array", "default": [0.5]},
        {"name": "shuffle", "type": "boolean", "default": True},
        {"name": "note", "type": "string", "default": ""},
        {"name": "seed", "type": "integer", "default": 7},
    ]


def test_what_is_not_given_has_its_default_and_numbers_are_those_of_python() -> None:
    values = checked(PARAMETERS, {"epochs": 20.0, "rate": 1, "sizes": [8.0], "weights": [1]})

    assert values == {
        "epochs": 20, "rate": 1, "kind": "cnn", "sizes": [8], "weights": [1], "shuffle": True, "note": "", "seed": 7
    }  # fmt: skip
    numbers = (values["epochs"], values["rate"], values["sizes"][0], values["weights"][0])
    assert [type(number) for number in numbers] == [int, float, int, float]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("epochs", 2.5, "is not a whole number"),
        ("epochs", True, "is not a whole number"),
        ("epochs", 0, "is out of range; use 1 to 100"),
        ("rate", float("nan"), "is not a number"),
        ("rate", "0.1", "is not a number"),
        ("rate", 2, "is out of range"),
        ("kind", "rnn", "is not one of 'cnn', 'mlp'"),
        ("kind", ["cnn"], "is not one of"),
        ("sizes", [1, 2.5], "is not a list of whole numbers"),
        ("weights", [1, None], "is not a list of numbers"),
        ("weights", 3, "is not a list of numbers"),
        ("shuffle", 1, "is not true or false"),
        ("note", {"$gt": ""}, "is not a text"),
        ("note", "x" * 10_001, "is not a text"),
        ("job", 1, "is not a parameter; the task has epochs"),
        ("../epochs", 1, "is not a parameter"),
    ],
)
def test_a_value_that_does_not_fit_is_named(name: str, value: object, reason: str) -> None:
    with pytest.raises(InvalidData, match=reason) as refused:
        checked(PARAMETERS, {name: value})

    assert refused.value.path == name


def test_what_has_no_default_must_be_given() -> None:
    def needs(job: Any, *, name: str) -> None: ...

    with pytest.raises(InvalidData, match="name: None is missing; give a text"):
        checked(parameters_of(needs), {})
    assert checked(parameters_of(needs), {"name": "a"}) == {"name": "a"}


def without_a_job() -> None: ...
def of_anything(job: Any, *, what: dict[str, int]) -> None: ...
def of_more(job: Any, **more: int) -> None: ...
def out_of_its_range(job: Any, *, rate: Annotated[float, Range(0, 1)] = 2.0) -> None: ...
def a_range_of_texts(job: Any, *, name: Annotated[str, Range(0, 1)] = "") -> None: ...


@pytest.mark.parametrize("function", [without_a_job, of_anything, of_more, out_of_its_range, a_range_of_texts])
def test_a_function_that_no_form_fits_is_refused_when_it_is_written(function: Callable[..., None]) -> None:
    with pytest.raises(InvalidData, match=function.__name__):
        Task.of(function, 1)


async def waits(job: Any) -> None: ...


def yields(job: Any) -> Any:
    yield 1


@pytest.mark.parametrize(("function", "reason"), [(waits, "is `async`"), (yields, "has `yield`"), (3, "is not a func")])
def test_a_function_whose_call_does_nothing_is_refused_when_it_is_written(function: Any, reason: str) -> None:
    with pytest.raises(InvalidData, match=f"task: .*{reason}"):
        Task.of(function, 1)
    with pytest.raises(InvalidData, match=f"predictor: .*{reason}"):
        TrainingServer().predictor("waits")(function)


@pytest.mark.parametrize("name", ["", "a b", "../a", "a.b", "<lambda>", "é", "a" * 65, None, "os;system"])
def test_a_name_is_plain(name: object) -> None:
    with pytest.raises(InvalidData):
        check_name("task", name)


@pytest.mark.parametrize("bounds", [(1, 0), ("a", 1), (0, float("inf"))])
def test_a_range_has_two_numbers_in_order(bounds: tuple[Any, Any]) -> None:
    with pytest.raises(InvalidData, match="Range"):
        Range(*bounds)
