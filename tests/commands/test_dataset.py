"""`marcelle-rt dataset`: what a backend has, and files of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from marcelle_rt import Dataset, DataStore
from marcelle_rt.backend import Backend
from tests.support.command import answer_of, as_a_process, marcelle_rt

pytest.importorskip("PIL")


@pytest.fixture
def sketches(store: DataStore) -> Dataset:
    dataset = Dataset(store, f"Sketches {uuid.uuid4().hex[:6]}")
    dataset.add_many([np.full((6, 8), n * 80, np.uint8) for n in range(3)], ["cat", "dog", "cat"], gently=False)
    return dataset


def test_datasets_are_listed_with_how_many_instances_they_have(backend: Backend, sketches: Dataset) -> None:
    done = as_a_process("dataset", "list", "--backend", backend.url)

    assert done.returncode == 0, done.stderr
    assert [sketches.name, "3"] in [line.rsplit(maxsplit=1) for line in done.stdout.splitlines()]
    listed = json.loads(marcelle_rt("dataset", "list", "--backend", backend.url, "--json").stdout)
    assert {"name": sketches.name, "instances": 3, "service": sketches.name.lower().replace(" ", "-")} in [
        {**entry, "service": entry["service"].removeprefix("instances-")} for entry in listed
    ]


def test_a_backend_without_datasets_says_so(own_backend: Callable[..., Backend]) -> None:
    done = marcelle_rt("dataset", "list", "--backend", own_backend().url)
    assert done.returncode == 0
    assert "no datasets" in done.stdout


def test_a_dataset_is_shown_with_its_labels_and_what_its_fields_are(
    backend: Backend, sketches: Dataset, store: DataStore
) -> None:
    done = marcelle_rt("dataset", "show", sketches.name, "--backend", backend.url)
    assert "3 instances" in done.stdout
    assert ["cat", "2"] in [line.split() for line in done.stdout.splitlines()]
    assert "x: image, 8 x 6" in done.stdout

    sketches.add([1.0, 2.0], [5, 6], note="a list")
    service = store.service(json.loads(listed(backend))[sketches.name])
    service.create({"datasetName": sketches.name, "x": "data:image/jpeg;base64,", "y": "cat"})
    shown = json.loads(marcelle_rt("dataset", "show", sketches.name, "--json", "--backend", backend.url).stdout)
    assert shown["instances"] == 5
    assert {entry["label"]: entry["instances"] for entry in shown["labels"]} == {"cat": 3, "dog": 1, "(list)": 1}
    assert (shown["fields"]["note"], shown["unreadable"]) == ("text", 1)


def listed(backend: Backend) -> str:
    entries = answer_of("dataset", "--backend", backend.url)
    return json.dumps({entry["name"]: entry["service"] for entry in entries})


def test_a_dataset_goes_to_a_file_and_back(
    backend: Backend, sketches: Dataset, store: DataStore, tmp_path: Path
) -> None:
    other = f"{sketches.name} again"
    for target in ("all.json", "images"):
        done = marcelle_rt("dataset", "export", sketches.name, tmp_path / target, "--backend", backend.url)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert "3 instances are in" in done.stderr

        done = marcelle_rt("dataset", "load", other, tmp_path / target, "--backend", backend.url)
        assert done.returncode == 0, done.stderr
        assert "3 instances were added" in done.stderr
    assert (
        answer_of("dataset", "export", sketches.name, tmp_path / "b.json", "--backend", backend.url)["instances"] == 3
    )
    assert len(answer_of("dataset", "load", other, tmp_path / "b.json", "--backend", backend.url)["ids"]) == 3
    assert Dataset(store, other).count("cat") == 6


def test_what_was_passed_over_is_a_sentence_without_code(backend: Backend, sketches: Dataset, tmp_path: Path) -> None:
    sketches.export(tmp_path / "images")
    (tmp_path / "images" / "notes.txt").write_text("not an image")
    (tmp_path / "images" / "cat" / "broken.jpg").write_text("not an image")

    command = ("dataset", "load", sketches.name, tmp_path / "images", "--backend", backend.url)
    refused, done = as_a_process(*command), as_a_process(*command, "--skip")

    assert refused.returncode == 1
    stray, why = refused.stderr.splitlines()
    assert stray.startswith("marcelle-rt: ")
    assert stray.endswith("notes.txt")
    assert "cat/broken.jpg" in why
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["marcelle-rt:", "marcelle-rt:", "3"]
    assert len(sketches) == 6


def test_what_is_wrong_is_one_sentence(backend: Backend, sketches: Dataset, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    for words, said in [
        (("show", "unknown"), "has no instances; this backend has"),
        (("export", "unknown", tmp_path / "a.json"), "has no instances"),
        (("export", sketches.name, tmp_path / "missing" / "a.json"), "No such file"),
        (("load", sketches.name, tmp_path / "missing.json"), "No such file"),
        (("load", sketches.name, tmp_path / "other.json"), "a JSON of another kind"),
        (("load", sketches.name, tmp_path / "other.zip"), "is not supported"),
    ]:
        done = marcelle_rt("dataset", *words, "--backend", backend.url)
        assert (done.returncode, done.stdout) == (1, "")
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
