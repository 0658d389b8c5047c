"""What the docs say is so: the README's programs run, and the format's fields and events are those of the code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.run_data import Asset, Checkpoint, RunData
from tests.support.lean import lean_environment

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FORMAT = (ROOT / "docs" / "run_data.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(scope="module")
def readers_backend(node: None) -> Iterator[Backend]:
    """A backend that only the README's programs write to."""
    with Backend() as running:
        yield running


def first_column(text: str, heading: str) -> set[str]:
    """The names in the first column of the table after a heading."""
    table = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.splitlines()[-1].strip())
def test_a_program_of_the_readme_runs_as_it_stands(program: str, readers_backend: Backend, tmp_path: Path) -> None:
    env = {**os.environ, "MARCELLE_BACKEND": readers_backend.url}
    if "import keras" in program:
        pytest.importorskip("keras")
        env |= lean_environment()
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=180
    )

    assert answer.returncode == 0, answer.stderr
    assert "MarcelleWarning" not in answer.stderr
    folders = list(tmp_path.glob("marcelle-logs/*"))
    assert len(folders) == ("Writer" in program or "KerasCallback" in program)
    for folder in folders:
        document = json.loads((folder / "run_data.json").read_bytes())
        assert stored(readers_backend, document["_id"])["status"] == "success"


def stored(backend: Backend, run_id: str) -> dict[str, Any]:
    with DataStore(backend.url) as store:
        return store.service("runs").get(run_id)


def test_the_readme_has_its_programs() -> None:
    assert any("KerasCallback" in program for program in PROGRAMS)
    assert any("writer.save_epoch" in program for program in PROGRAMS)
    assert any("notes.on" in program for program in PROGRAMS)


def test_the_format_names_every_field_of_a_run() -> None:
    assert first_column(FORMAT, "The document") == set(RunData.__annotations__)
    for field in (*Checkpoint.__annotations__, *Asset.__annotations__):
        assert f"`{field}`" in FORMAT


def test_the_formats_example_is_a_run() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", FORMAT, flags=re.DOTALL)
    document = json.loads(example)

    written = {"tags", "group", "notes", "summary", "outcome", "reason"}
    rare = {"error", "steering", "origin", "rev", "writer", "epoch_numbers", "x"} | written
    assert set(document) == set(RunData.__annotations__) - rare
    assert set(document["checkpoints"][0]) == set(Checkpoint.__annotations__)
    assert set(document["assets"][0]) == set(Asset.__annotations__)
    assert {len(values) for values in document["logs"].values()} == {document["epoch"]}


def test_the_format_names_the_events_that_a_journal_has() -> None:
    in_code = set(re.findall(r"^\| `(\w+)` \|", events.__doc__ or "", flags=re.MULTILINE))

    assert in_code
    assert first_column(FORMAT, "The journal's events") == in_code


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=lambda path: path.name)
def test_links_to_files_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)# ]+)", path.read_text(encoding="utf-8")):
        assert "://" in target or (path.parent / target).exists(), target


def test_each_picture_is_seen_on_a_page_with_words_for_those_who_do_not_see_it_and_is_small() -> None:
    seen = {
        (path.parent / target).resolve(): words
        for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
        for words, target in re.findall(r"!\[([^\]]*)\]\(([^)# ]+)", path.read_text(encoding="utf-8"))
    }
    assert all(len(words) > 20 for words in seen.values())
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture in seen
        assert picture.stat().st_size < 120_000, picture.name
