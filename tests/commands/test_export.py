"""`marcelle-rt export`: the history of runs and run folders, read back by other programs."""

from __future__ import annotations

import csv
import io
import json
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from marcelle_rt import Writer
from marcelle_rt.backend import Backend
from marcelle_rt.cli import app
from tests.support.command import as_a_process, at_a_terminal, marcelle_rt

MakeRun = Callable[..., dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Writer("w", remote=False, base_log_dir=tmp_path / "logs") as writer:
        writer.create_run()
        writer.save_epoch(0, {"loss": 1.0})
        writer.save_epoch(1, {"acc": 0.5})
    assert writer.run_directory is not None
    return writer.run_directory


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_run_is_a_row_an_epoch(backend: Backend, make_run: MakeRun) -> None:
    run = make_run(f"{uuid.uuid4().hex}-1", epoch=12, logs={"loss": [1.0, None, 0.25], "acc": [0.5, 0.75, 1]})

    done = as_a_process("export", run["name"], "--backend", backend.url)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["epoch,loss,acc", "10,1,0.5", "11,,0.75", "12,0.25,1"]


def test_several_runs_and_folders_share_a_table_and_are_told_apart(
    backend: Backend, make_run: MakeRun, folder: Path, tmp_path: Path
) -> None:
    run = make_run(f"{uuid.uuid4().hex}-1")
    target = tmp_path / "all.json"

    done = marcelle_rt("export", run["_id"], folder, "--format", "json", "-o", target, "--backend", backend.url)

    assert (done.returncode, done.stdout) == (0, "")
    rows = json.loads(target.read_text())
    assert [(row["run"], row["epoch"], row["loss"]) for row in rows] == [
        (run["name"], 1, 1.0),
        (run["name"], 2, 0.5),
        (run["name"], 3, 0.25),
        (folder.name, 0, 1.0),
        (folder.name, 1, None),
    ]
    assert set(rows[0]) == {"run", "epoch", "loss", "accuracy", "acc"}


def test_a_folder_needs_no_backend_and_may_be_of_2021(unused_url: str, folder: Path, tmp_path: Path) -> None:
    assert [row["loss"] for row in rows_of(marcelle_rt("export", folder, "--backend", unused_url).stdout)] == [
        "1.0",
        "",
    ]
    old = tmp_path / "old"
    old.mkdir()
    data = {"basename": "old", "start": "2021-05-01T00:00:00.000Z", "logs": {"loss": [3.0, 2.0]}}
    (old / "run_data.json").write_text(json.dumps(data))

    rows = rows_of(marcelle_rt("export", old, "--backend", unused_url).stdout)

    assert [(row["epoch"], row["loss"]) for row in rows] == [("1", "3.0"), ("2", "2.0")]


def test_parquet_is_read_back_by_pandas(folder: Path, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    target = tmp_path / "w.parquet"

    assert marcelle_rt("export", folder, "--format", "parquet", "-o", target).returncode == 0

    frame = pandas.read_parquet(target)
    assert list(frame.columns) == ["epoch", "loss", "acc"]
    assert frame["loss"][0] == 1.0
    assert frame["acc"].isna().tolist() == [True, False]

    code, shown = at_a_terminal("export", folder, "--format", "parquet", columns=100)
    assert code == 1
    assert "-o FILE" in shown


def test_parquet_without_its_libraries_says_what_to_install(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)  # as if it were not installed

    done = CliRunner().invoke(app, ["export", str(folder), "--format", "parquet", "-o", str(tmp_path / "x")])

    assert "pip install" in str(done.exception)
    assert not (tmp_path / "x").exists()


def test_the_files_ending_names_the_format_and_must_not_contradict_the_option(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "history.json"
    assert marcelle_rt("export", folder, "-o", target).returncode == 0
    assert [row["epoch"] for row in json.loads(target.read_text())] == [0, 1]
    refused = marcelle_rt("export", folder, "-o", target, "--format", "csv")
    assert refused.returncode == 2
    assert "would hold csv" in " ".join(refused.stderr.split())


def test_what_can_not_be_exported_is_said(backend: Backend, folder: Path, tmp_path: Path) -> None:
    unknown = marcelle_rt("export", f"no-{uuid.uuid4().hex}", "--backend", backend.url)
    assert unknown.returncode == 1
    assert "is not a run" in unknown.stderr

    nowhere = marcelle_rt("export", folder, "-o", tmp_path / "no" / "folder.csv")
    assert nowhere.returncode == 1
    assert "can't be written" in nowhere.stderr

    shutil.rmtree(folder)
    folder.mkdir()
    empty = marcelle_rt("export", folder)
    assert empty.returncode == 1
    assert "no run" in empty.stderr


def test_a_run_without_logs_is_a_table_without_rows(backend: Backend, make_run: MakeRun) -> None:
    run = make_run(f"{uuid.uuid4().hex}-1", logs={})

    assert marcelle_rt("export", run["name"], "--backend", backend.url).stdout == "epoch\n"


def test_metrics_with_the_names_of_other_columns_are_told_from_them(tmp_path: Path) -> None:
    with Writer("lightning", remote=False, base_log_dir=tmp_path / "logs") as writer:
        writer.create_run()
        for epoch in (1, 2):
            writer.save_epoch(epoch, {"loss": 0.5, "epoch": epoch - 1.0, "run": 7.0})
    done = marcelle_rt("export", writer.run_directory)
    assert done.stdout.splitlines() == ["epoch,loss,logs.epoch,logs.run", "1,0.5,0.0,7.0", "2,0.5,1.0,7.0"]


def test_what_is_not_a_file_is_written_into_and_a_file_keeps_its_mode_and_its_links(
    folder: Path, tmp_path: Path
) -> None:
    private, link = tmp_path / "private.csv", tmp_path / "link.csv"
    private.write_text("")
    private.chmod(0o600)
    link.symlink_to(private)
    assert marcelle_rt("export", folder, "-o", link).returncode == 0
    assert link.is_symlink()
    assert (private.stat().st_mode & 0o777, len(rows_of(private.read_text()))) == (0o600, 2)

    out = tmp_path / "stdout"
    out.symlink_to("/proc/self/fd/1")
    done = as_a_process("export", folder, "-o", out)
    assert len(rows_of(done.stdout)) == 2, done.stderr
    assert out.is_symlink()
