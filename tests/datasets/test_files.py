"""Datasets as files: Marcelle's JSON, folders of images, tables; and files of other kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import Dataset, DataStore
from marcelle_rt.errors import DatasetError, UnsupportedFormat
from marcelle_rt.notices import MarcelleWarning

Image = pytest.importorskip("PIL.Image")

GREY = np.full((6, 8, 3), 128, np.uint8)


@pytest.fixture
def other(store: DataStore, name: str) -> Dataset:
    """Another dataset to load into."""
    return Dataset(store, f"{name} loaded")


def rows(dataset: Dataset, *without: str) -> list[Any]:
    kept = [
        {k: v.tolist() if hasattr(v, "tolist") else v for k, v in d.items() if k not in (*without, *SERVERS)}
        for d in dataset
    ]
    return sorted(kept, key=lambda row: json.dumps(row, sort_keys=True))


SERVERS = ("_id", "datasetName", "createdAt", "updatedAt")


def test_marcelles_json_holds_a_whole_dataset(dataset: Dataset, other: Dataset, tmp_path: Path) -> None:
    dataset.add_many([[float(n)] for n in range(120)], ["a", "b"] * 60, gently=False)
    dataset.add(GREY, "picture", note="kept")
    dataset.add("text", None)

    assert dataset.export(tmp_path / "all.json") == 122
    assert len(other.load(tmp_path / "all.json", gently=False)) == 122

    assert rows(other) == rows(dataset)
    content = json.loads((tmp_path / "all.json").read_bytes())
    assert content["marcelleMeta"]["type"] == "dataset"
    assert {instance["datasetName"] for instance in content["instances"]} == {dataset.name}
    assert all("id" in instance for instance in content["instances"])


def test_a_download_that_may_have_been_cut_says_so(other: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "page.json"
    file.write_text(json.dumps({"marcelleMeta": {"type": "dataset"}, "instances": [{"x": [1], "y": "a"}] * 100}))
    with pytest.warns(MarcelleWarning, match="the most that a page's download writes"):
        other.load(file, gently=False)


def test_a_folder_has_an_image_a_file_in_a_folder_a_label(dataset: Dataset, other: Dataset, tmp_path: Path) -> None:
    labels = ["cat", "../dog", "a/b", ".hidden", "50%", None, 7, "è: *"]
    dataset.add_many([GREY] * len(labels), labels, gently=False)

    assert dataset.export(tmp_path / "images") == len(labels)

    files = [file.relative_to(tmp_path / "images") for file in (tmp_path / "images").rglob("*") if file.is_file()]
    assert len(files) == len(labels)
    assert {len(file.parts) for file in files} == {1, 2}
    assert not (tmp_path / "dog").exists()
    other.load(tmp_path / "images", gently=False)
    assert other.labels() == sorted(str(label) for label in labels if label is not None)
    assert len(other) == len(labels)
    assert np.array_equal(next(iter(other))["x"], next(iter(dataset))["x"])
    with pytest.raises(DatasetError, match="has something in it"):
        dataset.export(tmp_path / "images")


def test_a_folder_with_stray_and_broken_files_says_which(other: Dataset, tmp_path: Path) -> None:
    (tmp_path / "cat" / "deeper").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    for place in ("cat/one.png", "two.jpg", "cat/deeper/three.png", ".git/four.png"):
        Image.new("RGB", (4, 3), (9, 9, 9)).save(tmp_path / place)
    (tmp_path / "cat" / "notes.txt").write_text("not an image")
    (tmp_path / "cat" / "empty.jpg").write_bytes(b"")
    (tmp_path / "cat" / "text.jpg").write_text("not an image")
    cut = (tmp_path / "two.jpg").read_bytes()
    (tmp_path / "cat" / "cut.jpg").write_bytes(cut[:-30])

    with pytest.warns(MarcelleWarning) as told:
        other.load(tmp_path, on_error="skip")

    said = " ".join(str(warning.message) for warning in told)
    for name in ("notes.txt", "three.png", "empty.jpg", "text.jpg", "cut.jpg"):
        assert name in said
    assert "four.png" not in said
    assert rows(other, "x", "thumbnail") == [{"y": "cat"}, {"y": None}]
    assert all(document["thumbnail"].startswith("data:image/jpeg;base64,") for document in other)
    other.clear()
    (tmp_path / "cat" / "cut.jpg").rename(tmp_path / "zebra.jpg")  # after images that can be read
    for broken in ("empty", "text"):
        (tmp_path / "cat" / f"{broken}.jpg").unlink()
    with pytest.warns(MarcelleWarning), pytest.raises(DatasetError, match=r"zebra\.jpg"):
        other.load(tmp_path)
    assert len(other) == 0


def test_a_label_s_folder_may_be_a_link_and_a_link_that_leads_nowhere_is_named(other: Dataset, tmp_path: Path) -> None:
    images, elsewhere = tmp_path / "images", tmp_path / "elsewhere"
    for folder in (images / "dog", elsewhere):
        folder.mkdir(parents=True)
        Image.new("RGB", (4, 3)).save(folder / "one.png")
    (images / "cat").symlink_to(elsewhere)
    (images / "dog" / "two.png").symlink_to(elsewhere / "one.png")
    (images / "dog" / "gone.png").symlink_to(elsewhere / "none.png")

    with pytest.warns(MarcelleWarning, match=r"dog/gone\.png': x can't be read: No such file"):
        other.load(images, on_error="skip", gently=False)

    assert (other.count("cat"), other.count("dog")) == (1, 2)
    other.clear()
    with pytest.raises(DatasetError, match=r"dog/gone\.png"):
        other.load(images)


def test_tables_go_out_and_come_back(dataset: Dataset, other: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    dataset.add(None, "setosa", length=5.1, note="=1+1")
    dataset.add(None, "virginica", length=6.0, note=None)
    dataset.add(None, "virginica", length=None, note="'-quoted")

    for kind in ("csv", "parquet"):
        assert dataset.export(tmp_path / f"table.{kind}") == 3
        assert len(other.load(tmp_path / f"table.{kind}")) == 3
        assert rows(other) == rows(dataset)
        other.clear()
    assert ",=1+1" not in (tmp_path / "table.csv").read_text()


def test_a_csv_file_changes_no_text_and_no_code(dataset: Dataset, other: Dataset, tmp_path: Path) -> None:
    labels = ["007", "NA", "None", "nan", "True", "1e5", "a,b", "line\nbreak", 'a "word"', " pad ", "-1", "'=x", "é🙂"]
    for n, label in enumerate(labels):
        number = None if n == 3 else n
        dataset.add(None, label, code=f"{n:05}", n=number, part=n / 3, whole=n % 2 == 0)

    dataset.export(tmp_path / "a.csv")
    other.load(tmp_path / "a.csv", gently=False)

    assert rows(other) == rows(dataset)


def test_what_means_nothing_is_nothing_among_numbers_and_a_word_among_texts(other: Dataset, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("age,country,y\n31,NA,yes\nNA,FR,\n2.5,null,no\n")

    other.load(tmp_path / "a.csv", gently=False)

    assert {row["country"]: (row["age"], row["y"]) for row in other} == {
        "NA": (31.0, "yes"),
        "FR": (None, None),
        "null": (2.5, "no"),
    }


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("a.json", b"{", "is not JSON"),
        ("a.json", b"", "is not JSON"),
        ("a.json", b'{"nodes": []}', "JSON of another kind"),
        ("a.json", b"[1, 2]", "JSON of another kind"),
        ("a.json", b'{"instances": [1]}', "JSON of another kind"),
        ("a.json", b'{"instances": [{"x": "data:image/jpeg;base64,aaaa"}]}', r"instances\[0\]"),
        ("a.csv", b"", "can't be read as a table"),
        ("a.csv", b"sepal.length,y\n1,a\n", "sepal_length"),
        ("a.csv", b"$a,y\n1,a\n", "rename it"),
        ("a.csv", b"datasetName\n1\n", "my_datasetName"),
        ("a.parquet", b"no parquet", "can't be read as a table"),
    ],
)
def test_a_file_of_another_kind_says_what_is_wrong(
    other: Dataset, tmp_path: Path, file: str, content: bytes, reason: str
) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / file).write_bytes(content)
    with pytest.raises(DatasetError, match=reason):
        other.load(tmp_path / file)
    assert len(other) == 0


def test_what_a_file_can_not_hold_says_which_can(dataset: Dataset, tmp_path: Path) -> None:
    dataset.add(GREY, [1, 2])
    (tmp_path / "old.csv").write_text("kept")
    with pytest.raises(DatasetError, match=r"export to a"):
        dataset.export(tmp_path / "old.csv")
    assert (tmp_path / "old.csv").read_text() == "kept"
    assert [file.name for file in tmp_path.iterdir()] == ["old.csv"]
    with pytest.raises(DatasetError, match=r"not one label; export to a \.json file"):
        dataset.export(tmp_path / "folder")
    with pytest.raises(UnsupportedFormat, match=r"\.json, \.csv, \.parquet, a folder of images"):
        dataset.export(tmp_path / "a.zip")
    with pytest.raises(UnsupportedFormat):
        dataset.load(tmp_path / "a.zip")
    with pytest.raises(OSError, match="No such file"):
        dataset.load(tmp_path / "missing.json")
    with pytest.raises(DatasetError, match="is not there"):
        dataset.load(tmp_path / "missing")


def test_a_reader_of_every_kind_says_what_is_not_installed(
    other: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    (tmp_path / "a.csv").write_text("y\na\n")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"marcelle-rt\[pandas\]"):
        other.load(tmp_path / "a.csv")
