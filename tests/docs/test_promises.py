"""Each promise is held by a test that exists, and the counts are those of a whole soak in which nothing was lost."""

from __future__ import annotations

import ast
import re

import pytest

from tests.scenarios.soak.rounds import TRIALS
from tests.scenarios.soak.table import HEAD
from tests.support.docs.doc_pages import DOCS, ROOT

PAGE = (DOCS / "promises.md").read_text(encoding="utf-8")
KINDS = (DOCS / "faults.md").read_text(encoding="utf-8")
LINK = re.compile(r"\[[A-Z][^\]]+\.\]\(\.\./(tests/[^) ]+\.py) \"(\w+)\"\)")
PROMISES = LINK.findall(PAGE)
"""The file and the name (without `test_`) of the test behind each sentence."""


def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize(("path", "name"), PROMISES)
def test_a_promise_is_held_by_a_test(path: str, name: str) -> None:
    assert f"test_{name}" in names_in(path)


def test_each_kind_of_faults_has_tests_that_exist() -> None:
    tests = LINK.findall(KINDS)
    assert len(tests) == KINDS.count("](../tests/") > 50
    assert [pair for pair in tests if f"test_{pair[1]}" not in names_in(pair[0])] == []


def test_every_link_to_a_test_is_a_sentence_that_names_it() -> None:
    assert len(PROMISES) == PAGE.count("](../tests/") > 50


def test_every_test_of_a_fault_is_a_promise() -> None:
    promised = {f"test_{name}" for _, name in PROMISES}
    for path in (ROOT / "tests" / "scenarios" / "faults").glob("test_*.py"):
        assert names_in(str(path)) <= promised, path.name


def test_the_counts_are_of_every_row_and_add_up_and_nothing_was_lost_or_doubled() -> None:
    table = PAGE.split("## Counted")[1]
    rows = {
        cells[0].strip("* "): [int(cell.replace(",", "")) for cell in cells[1:]]
        for line in re.findall(r"^\| (.*[0-9]) \|$", table, flags=re.MULTILINE)
        if len(cells := line.split(" | ")) == len(HEAD)
    }
    total = rows.pop("all")
    assert set(rows) == set(TRIALS)
    assert [sum(column) for column in zip(*rows.values(), strict=True)] == total
    runs, kills, cuts, sent, journaled, on_server, duplicated, lost, said, wrong = total
    assert (duplicated, lost, wrong, journaled) == (0, 0, 0, on_server)
    of_trainings = kills - rows["backend killed and started again"][1]
    assert 1000 <= of_trainings <= runs
    assert said > 2000
    assert cuts > 10_000
    assert sent <= journaled <= sent + 3 * of_trainings  # an epoch with two files that a killed one could not tell of
