"""A program that changes its directory, or loses it, keeps its run whole."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import Writer
from marcelle_rt.notices import MarcelleWarning


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MARCELLE_LOG_DIR", raising=False)
    monkeypatch.chdir(tmp_path)


def files_of(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def test_a_run_stays_in_its_folder_when_the_directory_changes(
    tmp_path: Path, model: Any, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    writer = Writer("moved", remote=False)
    writer.create_run(model)
    writer.train_begin(2)
    monkeypatch.chdir(tmp_path / "elsewhere")
    with warnings.catch_warnings():
        warnings.simplefilter("error", MarcelleWarning)
        for epoch in (1, 2):
            writer.save_epoch(epoch, {"loss": 1.0}, save_checkpoint=True, assets=[picture])
        writer.train_end()
    directory = writer.run_directory
    assert directory is not None
    assert directory.parent == tmp_path / "marcelle-logs"
    assert files_of(directory) == [
        "assets/fig-2.png",
        "assets/fig.png",
        "journal.jsonl",
        "model_checkpoint_epoch=1.h5",
        "model_checkpoint_epoch=2.h5",
        "run_data.json",
    ]
    assert json.loads((directory / "run_data.json").read_text())["status"] == "success"
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_run_that_goes_on_stays_in_its_folder_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer("moved", remote=False)
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})
    writer.train_end()
    assert writer.run_directory is not None
    resumed = Writer.resume(writer.run_directory.relative_to(tmp_path), remote=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    resumed.save_epoch(2, {"loss": 0.5})
    resumed.train_end()
    assert resumed.run_directory == writer.run_directory
    assert json.loads((writer.run_directory / "run_data.json").read_text())["logs"] == {"loss": [1.0, 0.5]}


@pytest.mark.parametrize("by", ["argument", "variable"])
def test_a_tilde_is_the_users_home(by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    if by == "variable":
        monkeypatch.setenv("MARCELLE_LOG_DIR", "~/logs")
    writer = Writer("home", remote=False, **({"base_log_dir": "~/logs"} if by == "argument" else {}))
    assert writer.base_log_dir == tmp_path / "home" / "logs"


def test_a_folder_of_the_variable_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARCELLE_LOG_DIR", "logs")
    assert Writer("variable", remote=False).base_log_dir == tmp_path / "logs"


def test_a_directory_that_is_gone_is_said_and_the_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    writer = Writer("gone", remote=False)
    with pytest.warns(MarcelleWarning, match="No folder for the run can be made in marcelle-logs"):
        writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})
    writer.train_end()
    assert writer.run_directory is None
    os.chdir(tmp_path)
