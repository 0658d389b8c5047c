"""The words by which runs are chosen mean the same in the command, on a backend and in the page."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend.node import find_node
from marcelle_rt.commands.runs.filters import query_of, selection_of
from marcelle_rt.commands.runs.finding import select
from marcelle_rt.errors import InvalidData

CASES = json.loads((Path(__file__).parent / "filters.json").read_text(encoding="utf-8"))
RUNS: dict[str, dict[str, Any]] = {
    key: {"_id": f"00000000-0000-4000-8000-00000000000{key}", **run} for key, run in CASES["runs"].items()
}
FOUND: dict[str, list[str]] = CASES["found"]

PROGRAM = """
const [, facts, filter, text] = process.argv;
const { rowOf } = await import(facts);
const { filterOf } = await import(filter);
const { runs, found, broken, spaced } = JSON.parse(text);
const stateOf = (row) => ({ idle: 'waiting', success: 'finished', error: 'failed' })[row.status] ?? 'training';
const rows = Object.entries(runs).map(([key, run]) => [key, rowOf({ _id: key, ...run })]);
const holding = (words) => rows.filter(([, row]) => filterOf(words).holds(row, stateOf(row))).map(([key]) => key);
const all = (words, ask) => Object.fromEntries(Object.keys(words).map((each) => [each, ask(each)]));
const wrong = (words) => filterOf(words).wrong.join(' ');
const answers = { found: all(found, holding), spaced: all(spaced, holding), broken: all(broken, wrong) };
process.stdout.write(JSON.stringify(answers));
"""


@pytest.mark.parametrize("words", FOUND)
def test_runs_on_disk_are_chosen_by_the_words(words: str) -> None:
    selection = selection_of([words])

    assert [key for key, run in RUNS.items() if selection.finds(run)] == FOUND[words]


def test_the_page_chooses_the_same_runs_by_the_same_words(node: None) -> None:
    folder = Path(__file__).parents[3] / "marcelle_rt" / "dashboard" / "page" / "runs"
    command = [find_node().executable, "--input-type=module", "-e", PROGRAM]
    paths = [(folder / name).as_uri() for name in ("facts.js", "filter.js")]
    answer = subprocess.run([*command, *paths, json.dumps(CASES)], capture_output=True, text=True, check=True)
    page = json.loads(answer.stdout)

    assert page["found"] == FOUND
    assert page["spaced"] == CASES["spaced"]
    # The page needs no quotes around what a shell would take for its own.
    right = {words: (way_out.replace("'", ""), page["broken"][words]) for words, way_out in CASES["broken"].items()}
    assert {words: said for words, (way_out, said) in right.items() if way_out not in said.replace("'", "")} == {}


def test_a_backend_finds_the_same_runs_by_the_same_words(own_store: DataStore) -> None:
    for run in RUNS.values():
        own_store.service("runs").create({**run, "start": f"2026-01-01T00:00:00.{ord(run['_id'][-1])}Z"})

    found = {words: [run["_id"][-1] for run in select(own_store, selection_of([words]))] for words in FOUND}

    assert {words: sorted(keys) for words, keys in found.items()} == FOUND


def test_several_filters_hold_together_also_for_one_name() -> None:
    both = selection_of(["tag=baseline", "tag=wide", '{"epoch": {"$lt": 3}}'])

    assert [key for key, run in RUNS.items() if both.finds(run)] == ["b"]


@pytest.mark.parametrize("words", ["lr<0.1", "val_loss<0.5", "digits", "status=silent"])
def test_what_a_backend_cannot_be_asked_cannot_be_followed(words: str) -> None:
    with pytest.raises(InvalidData, match=r"params\.lr"):
        query_of([words])


@pytest.mark.parametrize(
    ("words", "way_out"),
    [
        *CASES["broken"].items(),
        ("the loss<0.3", "'val_loss<0.3'"),
        ("", "'val_loss<0.3'"),
        ('{"lr": 1', "is not JSON"),
    ],
)
def test_a_broken_filter_is_refused_with_what_to_write(words: str, way_out: str) -> None:
    with pytest.raises(InvalidData, match=re.escape(way_out)):
        selection_of([words])


def test_spaces_around_a_sign_mean_nothing() -> None:
    assert [key for key, run in RUNS.items() if selection_of(["val_loss < 0.5"]).finds(run)] == ["a", "c"]
