"""Folders of images, without a backend: what is written is what is read, or nothing is."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.datasets.files import folders
from marcelle_rt.datasets.stored.unreadable import Unreadable

with io.BytesIO() as _file:
    pytest.importorskip("PIL.Image").new("RGB", (2, 2)).save(_file, "PNG")
    PNG = _file.getvalue()
X = "data:image/png;base64," + base64.b64encode(PNG).decode()
LONG = ["x" * 300, "x" * 300 + "y", "é" * 150, "../" * 100, "." * 201]


def instances(*labels: str | None) -> Iterator[dict[str, Any]]:
    return ({"_id": str(place), "x": X, "y": label} for place, label in enumerate(labels))


def test_labels_of_any_length_come_back(tmp_path: Path) -> None:
    labels = ["cat", "007", ".hidden", "a/b", "%2F", folders.LABELS, "x" * 200, *LONG, "", None]
    assert folders.write(tmp_path / "out", instances(*labels)) == len(labels)
    read = [document()["y"] for _, document in folders.read(tmp_path / "out")]
    assert sorted(map(str, read)) == sorted(str(label or None) for label in labels)
    names = {entry.name for entry in (tmp_path / "out").iterdir()}
    assert set(json.loads((tmp_path / "out" / folders.LABELS).read_text()).values()) == set(LONG)
    assert max(len(name.encode()) for name in names) <= 200
    assert {"cat", "x" * 200} < names


@pytest.mark.parametrize("is_there", [True, False])
def test_an_export_that_fails_leaves_nothing(is_there: bool, tmp_path: Path) -> None:
    target = tmp_path / "out"
    if is_there:
        target.mkdir()

    def broken() -> Iterator[dict[str, Any]]:
        yield from instances("cat")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folders.write(target, broken())
    assert target.exists() == is_there
    assert list(tmp_path.rglob("*")) == ([target] if is_there else [])


def test_an_export_that_was_cut_off_is_not_read_as_whole(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "0.png").write_bytes(PNG)
    (tmp_path / ".unfinished").mkdir()
    with pytest.raises(Unreadable, match="cut off"):
        next(folders.read(tmp_path))
    (tmp_path / ".unfinished").rmdir()
    assert len(list(folders.read(tmp_path))) == 1


@pytest.mark.parametrize("text", ["", "[1]", '{"cat": 1}', "[" * 100_000])
def test_labels_that_cannot_be_read_are_said(text: str, tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(PNG)
    (tmp_path / folders.LABELS).write_text(text)
    with pytest.raises(Unreadable, match=folders.LABELS):
        next(folders.read(tmp_path))
