"""What the docs say is so: the format's fields and events are those of the code, links and pictures are there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import marcelle_rt
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.run_data import Asset, Checkpoint, RunData

ROOT = Path(__file__).parents[2]
FORMAT = (ROOT / "docs" / "run_data.md").read_text(encoding="utf-8")


def first_column(text: str, heading: str) -> set[str]:
    """The names in the first column of the table after a heading."""
    table = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE))


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


def test_everything_public_is_named_in_the_reference() -> None:
    reference = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert [name for name in marcelle_rt.__all__ if not re.search(rf"\b{name}\b", reference)] == []


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
