"""Frameworks copy and pickle what they are given: a copy is what the original was made of, without its run."""

from __future__ import annotations

import copy
import json
import pickle
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.backend import Backend
from tests.support.writers import said

copies = pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))], ids=["deepcopy", "pickle"]
)


@copies
def test_a_copy_of_a_writer_with_an_open_run_is_one_of_the_same_arguments_without_it(
    copied: Callable[[Any], Any], tmp_path: Path
) -> None:
    writer = Writer("copied", remote=False, base_log_dir=tmp_path, rename={"loss": "lossTrain"}, finish_timeout=3.0)
    writer.on_nan()
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})
    other = copied(writer)
    assert (other.name, other.base_log_dir, other.finish_timeout) == ("copied", tmp_path, 3.0)
    assert (other.is_open, other.run_directory, writer.is_open) == (False, None, True)
    other.create_run()
    assert other.run_directory != writer.run_directory
    other.save_epoch(1, {"loss": float("nan")})
    for each in (writer, other):
        each.train_end()
    assert other.run_directory is not None
    lines = [json.loads(line) for line in (other.run_directory / "journal.jsonl").read_text().splitlines()]
    assert [line["logs"] for line in lines if line["type"] == "epoch"] == [{"lossTrain": None}]
    assert [line["document"]["title"] for line in lines if line["type"] == "document"] == ["loss is NaN"]


@copies
def test_a_copy_of_a_writer_sends_its_runs_to_the_same_backend(
    copied: Callable[[Any], Any], backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    with Remote(backend.url) as remote:
        for each in (copied(Writer(name, backend.url, base_log_dir=tmp_path)), copied(Writer(name, remote=remote))):
            each.base_log_dir = tmp_path
            with each:
                each.create_run()
    assert store.service("runs").count({"basename": name, "status": "success"}) == 2


@copies
def test_a_copy_of_a_remote_uploads_in_the_same_format(copied: Callable[[Any], Any], backend: Backend) -> None:
    with Remote(backend.url, "onnx", "torch") as remote:
        remote.create({"basename": "copied"})
        with copied(remote) as other:
            assert (other.location, other.save_format, other.source) == (backend.url, "onnx", "torch")
            assert other.create({"basename": "copied"})["source"] == "torch"
        assert remote.store.status != "closed"


@copies
def test_a_copy_says_again_what_was_said(copied: Callable[[Any], Any], tmp_path: Path) -> None:
    writer = Writer("copied", remote=False, base_log_dir=tmp_path)
    for each in (writer, copied(writer)):
        each.create_run()
        assert len(said(lambda each=each: each.save_epoch(1, {"loss": "much"}))) == 1
        each.train_end()
