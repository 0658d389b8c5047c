"""A run's parameters, whatever people keep them in."""

from __future__ import annotations

import argparse
import dataclasses
from collections import namedtuple
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import Writer
from marcelle_rt.runs.training.params import params_of
from tests.support.writers import document


@dataclasses.dataclass
class Settings:
    lr: float = 0.1


class Config(Mapping[str, Any]):
    """As configuration libraries have them: a value that is missing raises when it is read."""

    def __getitem__(self, key: str) -> Any:
        if key == "missing":
            raise LookupError(key)
        return 0.1

    def __iter__(self) -> Iterator[str]:
        return iter(["lr", "missing"])

    def __len__(self) -> int:
        return 2


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__
    __hash__ = object.__hash__


CIRCLE: dict[str, Any] = {}
CIRCLE["itself"] = CIRCLE


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, {}),
        ({"lr": 0.1}, {"lr": 0.1}),
        (argparse.Namespace(lr=0.1), {"lr": 0.1}),
        (Settings(), {"lr": 0.1}),
        (namedtuple("Pair", "lr")(0.1), {"lr": 0.1}),
        (Config(), {"lr": 0.1, "missing": "<LookupError>"}),
        ({"lr": 0.1, "net": CIRCLE}, {"lr": 0.1, "net": "{'itself': {...}}"}),
        ({"lr": 0.1, "f": Hostile()}, {"lr": 0.1, "f": "<Hostile>"}),
        ({"a.b": 1, "a_b": 2}, {"a_b_2": 1, "a_b": 2}),
        ("sgd", {"run_params": "sgd"}),
        ([1, 2], {"run_params": [1, 2]}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_fields_is_taken_by_them_and_a_bad_one_costs_no_other(given: Any, kept: dict[str, Any]) -> None:
    assert params_of(given)[0] == kept


def test_a_key_without_a_text_raises_nothing() -> None:
    fields, remarks = params_of({"lr": 0.1, Hostile(): 1})
    assert isinstance(fields, dict)
    assert remarks


def test_a_run_has_the_parameters_of_a_namespace(tmp_path: Path) -> None:
    writer = Writer("params", remote=False, base_log_dir=tmp_path)
    writer.create_run(run_params=argparse.Namespace(lr=0.1, layers=[8, 8]))  # type: ignore[arg-type]
    writer.train_end()
    assert document(writer)["params"] == {"lr": 0.1, "layers": [8, 8]}
