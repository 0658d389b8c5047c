"""CSV files of instances, without a backend: what is written is what is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from marcelle_rt.datasets.files import tables

TEXTS = [
    *("two\rlines", "a\r\nb", "a\nb", "\r", "\n", "x\r", "\rx", 'q"q', '"', "a,b", " lead", "trail ", "a\\b"),
    *("=1", "'=1", "\t=1", "\r=1", "a\u2028b", "\x0b\x0c\x85", "a\0b", "\ufeffbom", "\x1a"),
]


@pytest.mark.parametrize("column", ["y", "a\rb"])
def test_any_text_is_one_cell_of_its_row(column: str, tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    rows = [{"x": "first", column: "one"}, *({"x": text, column: text} for text in TEXTS), {"x": "last", column: "two"}]
    tables.write(tmp_path / "t.csv", [{"_id": str(place), **row} for place, row in enumerate(rows)])
    assert [row() for _, row in tables.read(tmp_path / "t.csv")] == rows


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_text_that_is_no_utf8_is_written_as_far_as_it_can_be(name: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    tables.write(tmp_path / name, [{"_id": "a", "x": "caf\udce9", "n\udce9": 1}])
    assert [row() for _, row in tables.read(tmp_path / name)] == [{"x": "caf?", "n?": 1}]
