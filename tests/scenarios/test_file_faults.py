"""Checkpoints and assets when the line, the database, a converter or a caller fails."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import ConnectionLost
from tests.support.lean import lean_environment
from tests.support.writers import offline_run, said, uploads_of


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("losses", [1, 3])
def test_a_line_that_drops_while_documents_are_created_leaves_neither_copies_nor_files_of_nobody(
    backend: Backend,
    store: DataStore,
    model: Any,
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    carried_out: bool,
    losses: int,
) -> None:
    from marcelle_rt.client.service import Service

    create, get, lost = Service.create, Service.get, {"tfjs-models": losses, "assets": losses}

    def drop(self: Any, *arguments: Any, **named: Any) -> Any:
        if lost.get(self.name, 0) == 0:
            return create(self, *arguments, **named)
        lost[self.name] -= 1
        if carried_out and lost[self.name] == losses - 1:
            create(self, *arguments, **named)
        raise ConnectionLost(backend.url, f"{self.name}.create")

    def away(self: Any, *arguments: Any, **named: Any) -> Any:
        if losses > 1 and lost.get(self.name, 0) > 0:
            lost[self.name] -= 1
            raise ConnectionLost(backend.url, f"{self.name}.get")
        return get(self, *arguments, **named)

    monkeypatch.setattr(Service, "create", drop)
    monkeypatch.setattr(Service, "get", away)
    before = uploads_of(backend)
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path / "logs")
    writer.create_run(model)
    writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True, assets=[picture])
    writer.train_end()
    (run,) = store.service("runs").items({"basename": writer.name})
    assert (len(run["checkpoints"]), len(run["assets"])) == (1, 1)
    for service, entry in (("tfjs-models", run["checkpoints"][0]["id"]), ("assets", run["assets"][0]["_id"])):
        assert [doc["_id"] for doc in store.service(service).items({"runId": run["_id"]})] == [entry]
    assert len(uploads_of(backend) - before) == 3


def test_a_table_of_uploads_keeps_what_stands_in_brackets(
    backend: Backend, model: Any, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from marcelle_rt import models
    from marcelle_rt.commands.upload import upload_many
    from marcelle_rt.errors import ConversionError

    def refuse(*_: Any, **__: Any) -> Any:
        raise ConversionError("onnx", "tf2onnx", "`pip install x[onnx]`")

    monkeypatch.setenv("COLUMNS", "250")
    writer = offline_run(tmp_path, model, picture)
    monkeypatch.setattr(models, "convert", refuse)
    with DataStore(backend.url) as store:
        assert not upload_many(store, [Path(str(writer.run_directory))], "tfjs", overwrite=False, as_json=False)
    assert "pip install x[onnx]" in capsys.readouterr().out


@pytest.mark.parametrize("assets", [[None], ["a\0b.png"], None])
def test_assets_that_are_no_paths_raise_nothing_into_the_training(tmp_path: Path, assets: Any) -> None:
    writer = Writer("odd", remote=False, base_log_dir=tmp_path)
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0}, assets=assets)
    writer.save_epoch(2, {"loss": 1.0})
    writer.train_end()
    assert json.loads((writer.run_directory / "run_data.json").read_text())["epoch"] == 2  # type: ignore[operator]


def test_one_path_instead_of_a_list_is_one_asset(picture: Path, tmp_path: Path) -> None:
    writer = Writer("one", remote=False, base_log_dir=tmp_path)
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0}, assets=str(picture))
    writer.train_end()
    document = json.loads((writer.run_directory / "run_data.json").read_text())  # type: ignore[operator]
    assert [asset["filename"] for asset in document["assets"]] == ["fig.png"]


def test_checkpoints_for_whose_conversion_memory_runs_out_warn_once_and_the_training_goes_on(
    backend: Backend, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = tmp_path / "killed"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(killed))
    writer = Writer("once", backend.url, remote_save_format="onnx", base_log_dir=tmp_path)
    writer.create_run(model)

    def train() -> None:
        for epoch in (1, 2, 3):
            writer.save_epoch(epoch, {"loss": 1.0}, save_checkpoint=True)
        writer.train_end()

    (sentence,) = [sentence for sentence in said(train) if "memory runs out" in sentence]
    assert "The training goes on; all of it is kept in" in sentence
    run = json.loads((writer.run_directory / "run_data.json").read_text())  # type: ignore[operator]
    assert (run["status"], len(run["checkpoints"])) == ("success", 3)


def test_a_backend_that_lost_its_database_gets_run_and_files_again(
    own_backend: Callable[..., Backend], model: Any, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in lean_environment().items():  # of the process that converts the checkpoint again
        monkeypatch.setenv(name, value)
    first = own_backend()
    writer = Writer("emptied", first.url, base_log_dir=tmp_path / "logs")
    writer.create_run(model)
    writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True, assets=[picture])
    assert writer.flush()
    first.stop()
    with Backend(port=int(first.url.rpartition(":")[2])) as second, DataStore(second.url) as store:
        writer.save_epoch(2, {"loss": 0.5})
        writer.train_end()
        (run,) = store.service("runs").items()
        assert [c["id"] for c in run["checkpoints"]] == [d["_id"] for d in store.service("tfjs-models").items()]
        assert [a["_id"] for a in run["assets"]] == [d["_id"] for d in store.service("assets").items()]
        assert (len(run["checkpoints"]), len(run["assets"])) == (1, 1)


def test_a_file_that_two_processes_upload_at_once_is_there_once(
    backend: Backend, store: DataStore, picture: Path
) -> None:
    before = uploads_of(backend)
    file = {"runId": str(uuid.uuid4()), "key": uuid.uuid4().hex}
    with Remote(backend.url) as one, Remote(backend.url) as other:
        first = one.upload_asset(str(picture), file)
        second = other.upload_asset(str(picture), file)
    assert second == first
    assert list(store.service("assets").items({"runId": file["runId"]})) == [first]
    assert len(uploads_of(backend) - before) == 1
