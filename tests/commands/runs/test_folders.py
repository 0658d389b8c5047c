"""Runs and their folders know each other: what is shown, listed and removed of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from tests.support.command import answer_of, marcelle_rt

Record = Callable[..., Writer]


@pytest.fixture
def name() -> str:
    return uuid.uuid4().hex[:12]


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of run folders, as the environment names it."""
    monkeypatch.setenv("MARCELLE_LOG_DIR", str(tmp_path / "logs"))
    return tmp_path / "logs"


@pytest.fixture
def record(logs: Path, backend: Backend) -> Record:
    """Records a run that has ended; options as for `Writer`."""

    def make(name: str, **options: Any) -> Writer:
        with Writer(name, **({} if "remote" in options else {"backend_root": backend.url}), **options) as writer:
            writer.create_run(run_params={"lr": 0.1})
            writer.train_begin(2)
            for epoch in (1, 2):
                writer.save_epoch(epoch, {"loss": 1 / epoch})
        return writer

    return make


def doctor(url: str) -> dict[str, Any]:
    return {check["name"]: check for check in answer_of("doctor", "--backend", url)["checks"]}


def test_a_run_is_shown_with_its_folder_and_a_folder_with_its_run(record: Record, backend: Backend, name: str) -> None:
    directory = str(record(name).run_directory)

    assert answer_of("runs", "show", f"{name}-1", "--backend", backend.url)["folder"] == directory
    assert directory in marcelle_rt("runs", "show", f"{name}-1", "--backend", backend.url).stdout
    shown = answer_of("runs", "show", directory)
    assert (shown["name"], shown["logs"], shown["folder"]) == (f"{name}-1", {"loss": [1.0, 0.5]}, directory)


def test_folders_are_listed_without_a_backend(record: Record, unused_url: str, name: str) -> None:
    sent, kept = record(name), record(f"{name}-kept", remote=False)

    listed = answer_of("runs", "--local", "--backend", unused_url)
    assert [(run["name"], run["folder"]) for run in listed] == [
        (f"{name}-kept", str(kept.run_directory)),
        (f"{name}-1", str(sent.run_directory)),
    ]
    assert [run["name"] for run in answer_of("runs", "--local", "-q", "name:kept")] == [f"{name}-kept"]
    table = marcelle_rt("runs", "--local").stdout
    assert kept.run_directory is not None
    assert kept.run_directory.name in table.splitlines()[1]
    assert "no such run" in marcelle_rt("runs", "--local", "-q", "lr>7").stdout

    empty = marcelle_rt("runs", "--local", MARCELLE_LOG_DIR="/nothing-here").stdout
    assert "There is no run in /nothing-here. Is it another folder?" in empty


def test_rm_tells_of_the_folder_and_doctor_brings_nothing_back(record: Record, backend: Backend, name: str) -> None:
    directory = str(record(name).run_directory)

    done = marcelle_rt("runs", "rm", f"{name}-1", "--yes", "--backend", backend.url)

    assert f"its folder stays: {directory}" in done.stdout
    assert "--local" in done.stdout
    found = doctor(backend.url)
    assert "not uploaded" not in found
    assert "1 of runs that were removed from the backend" in found["run folders"]["found"]


def test_doctor_knows_what_a_page_has_removed(record: Record, backend: Backend, store: DataStore, name: str) -> None:
    store.service("runs").create({"name": "older", "start": "2026-01-01T00:00:00.000Z"})
    gone, lost = record(name), record(f"{name}-offline", remote=False)

    store.service("runs").remove(gone.run_id)

    found = doctor(backend.url)
    assert lost.run_directory is not None
    assert found["not uploaded"]["found"].endswith(f": {lost.run_directory.name}")


def test_what_a_backend_without_a_data_folder_has_lost_is_still_to_be_uploaded(
    record: Record, own_backend: Callable[..., Backend], name: str
) -> None:
    first = own_backend()
    with Writer(name, first.url) as writer:
        writer.create_run()
        writer.save_epoch(1, {"loss": 1.0})
    port = int(first.url.rpartition(":")[2])
    first.stop()

    found = doctor(own_backend(port=port).url)

    assert writer.run_directory is not None
    assert writer.run_directory.name in found["not uploaded"]["found"]


def test_rm_local_removes_the_folder_too_but_none_that_is_written(record: Record, backend: Backend, name: str) -> None:
    directory = record(name).run_directory
    assert directory is not None
    [done] = answer_of("runs", "rm", f"{name}-1", "--local", "--yes", "--backend", backend.url)
    assert (done["removed"], done["folder_removed"], directory.exists()) == (True, True, False)

    writing = Writer(name, backend.url)
    writing.create_run()
    assert writing.flush()
    refused = marcelle_rt("runs", "rm", writing.run_name, "--local", "--yes", "--backend", backend.url)
    assert refused.returncode == 1
    assert "a program is writing the run" in refused.stderr
    assert writing.run_directory is not None
    assert writing.run_directory.exists()
    with pytest.warns(match="removed"):
        writing.end("success")


def test_an_uploaded_folder_knows_its_name(record: Record, backend: Backend, name: str) -> None:
    directory = record(name, remote=False).run_directory
    assert marcelle_rt("upload", directory, "--backend", backend.url).returncode == 0

    resumed = Writer.resume(f"{name}-1", remote=False)
    resumed.close()

    assert resumed.run_directory == directory
