"""Checkpoints and assets: from the training into a backend, live, later, again, and away."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from marcelle_rt import DataStore, Remote, Uploader, Writer
from marcelle_rt.backend import Backend, users
from marcelle_rt.errors import (
    ConnectionLost,
    RunFolderError,
)
from marcelle_rt.notices import MarcelleWarning
from tests.support.pictures import PNG
from tests.support.writers import offline_run, uploads_of

keras = pytest.importorskip("keras")


@pytest.mark.parametrize("local_format", ["h5", "keras", "saved_model"])
def test_a_checkpoint_and_an_asset_show_up_in_the_run_while_it_trains(
    backend: Backend, store: DataStore, model: Any, picture: Path, tmp_path: Path, local_format: str
) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, local_format, base_log_dir=tmp_path / "logs")
    writer.create_run(model)
    writer.train_begin(2)
    writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True, assets=[picture])
    picture.write_bytes(b"written over by the next epoch")
    assert writer.flush()
    (run,) = store.service("runs").items({"basename": writer.name})
    assert run["status"] == "epoch"
    (checkpoint,) = run["checkpoints"]
    assert checkpoint["service"] == "tfjs-models"
    assert checkpoint["name"] == f"{run['name']}@1"
    assert checkpoint["metadata"]["local_format"] == local_format
    stored = store.service("tfjs-models").get(checkpoint["id"])
    assert stored["format"] == "tfjs"
    assert stored["metadata"]["tfjsModelFormat"] in ("layers-model", "graph-model")
    assert stored["files"][0][0] == "model.json"
    (asset,) = run["assets"]
    assert (asset["filename"], asset["mime"], asset["epoch"]) == ("fig.png", "image/png", 1)
    assert requests.get(f"{backend.url}/assets/{asset['url']}", timeout=10).content == PNG
    writer.train_end()
    document = json.loads((writer.run_directory / "run_data.json").read_text())  # type: ignore[operator]
    assert document["checkpoints"][0]["id"] == checkpoint["id"]
    assert not list(writer.run_directory.glob("*.tfjs"))  # type: ignore[union-attr]


def test_an_offline_run_is_uploaded_with_all_of_it_and_the_second_time_nothing_is_sent(
    backend: Backend, store: DataStore, remote: Remote, model: Any, picture: Path, tmp_path: Path
) -> None:
    writer = offline_run(tmp_path, model, picture)
    moved = tmp_path / "moved somewhere"
    shutil.move(str(writer.run_directory), moved)
    done = Uploader(remote).upload(moved)
    assert (done.epochs, done.sent, done.refused) == (2, 4, {})
    before = uploads_of(backend)
    (run,) = store.service("runs").items({"basename": writer.name})
    assert [c["metadata"]["epoch"] for c in run["checkpoints"]] == [1, "final"]
    assert [a["epoch"] for a in run["assets"]] == [1, 2]
    assert Uploader(remote).upload(moved).sent == 0
    (same,) = store.service("runs").items({"basename": writer.name})
    assert same == run
    assert uploads_of(backend) == before


def test_an_upload_that_was_cut_off_goes_on_where_it_stopped(
    backend: Backend, store: DataStore, model: Any, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = offline_run(tmp_path, model, picture)
    assert writer.run_directory is not None
    from marcelle_rt.runs.remote.uploads import FileUploads

    real, calls = FileUploads.asset, []

    def cut(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise ConnectionLost(backend.url, "assets/upload")
        return real(*arguments)

    monkeypatch.setattr(FileUploads, "asset", cut)
    with Remote(backend.url) as remote:
        with pytest.raises(ConnectionLost):
            Uploader(remote).upload(writer.run_directory)
        Uploader(remote).upload(writer.run_directory)
    (run,) = store.service("runs").items({"basename": writer.name})
    assert len(run["checkpoints"]) == 2
    assert [a["epoch"] for a in run["assets"]] == [1, 2]
    assert len(list(store.service("assets").items({"runId": run["_id"]}))) == 2


def test_overwriting_replaces_everything_and_leaves_nothing_behind(
    backend: Backend, store: DataStore, remote: Remote, model: Any, picture: Path, tmp_path: Path
) -> None:
    writer = offline_run(tmp_path, model, picture)
    assert writer.run_directory is not None
    Uploader(remote).upload(writer.run_directory)
    (old,) = store.service("runs").items({"basename": writer.name})
    files = uploads_of(backend)
    done = Uploader(remote).upload(writer.run_directory, overwrite=True)
    (new,) = store.service("runs").items({"basename": writer.name})
    assert done.sent == 4
    assert new["name"] == old["name"]
    assert {c["id"] for c in new["checkpoints"]}.isdisjoint(c["id"] for c in old["checkpoints"])
    assert len(uploads_of(backend)) == len(files)
    assert uploads_of(backend) - files


def test_overwriting_that_fails_half_way_leaves_the_old_and_the_next_upload_finishes_it(
    backend: Backend, store: DataStore, model: Any, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = offline_run(tmp_path, model, picture)
    assert writer.run_directory is not None
    from marcelle_rt.runs.remote.uploads import FileUploads

    with Remote(backend.url) as remote:
        Uploader(remote).upload(writer.run_directory)
        (old,) = store.service("runs").items({"basename": writer.name})

        def away(*_: Any) -> Any:
            raise ConnectionLost(backend.url, "assets/upload")

        with monkeypatch.context() as patched:
            patched.setattr(FileUploads, "asset", away)
            with pytest.raises(ConnectionLost):
                Uploader(remote).upload(writer.run_directory, overwrite=True)
        assert store.service("runs").get(old["_id"]) == old
        Uploader(remote).upload(writer.run_directory)
    (run,) = store.service("runs").items({"basename": writer.name})
    assert run["_id"] != old["_id"]
    assert (len(run["checkpoints"]), len(run["assets"])) == (2, 2)


def test_a_second_backend_gets_all_of_it_too(
    own_backend: Callable[..., Backend], remote: Remote, model: Any, picture: Path, tmp_path: Path
) -> None:
    writer = offline_run(tmp_path, model, picture)
    assert writer.run_directory is not None
    Uploader(remote).upload(writer.run_directory)
    with Remote(own_backend().url) as other:
        assert Uploader(other).upload(writer.run_directory).sent == 4


@pytest.mark.parametrize("slash", ["/", "\\"])
def test_a_folder_of_2021_of_any_system_is_uploaded_with_its_models(
    store: DataStore, remote: Remote, model: Any, tmp_path: Path, slash: str
) -> None:
    name = uuid.uuid4().hex
    directory = tmp_path / "2021-05-04T10-11-12"
    directory.mkdir()
    names = [f"model_checkpoint_{end}.h5" for end in ("epoch=1", "final")]
    paths = [slash.join(["marcelle-logs", directory.name, file]) for file in names]
    for file in names:
        model.save(directory / file)
    (directory / "run_data.json").write_text(
        json.dumps(
            {
                "basename": name,
                "start": "2021-05-04T10:11:12",
                "source": "keras",
                "status": "success",
                "params": {"a.b": 1},
                "logs": {"loss": [1.0, float("nan")]},
                "epoch": 2,
                "epochs": 2,
                "name": f"{name}-7",
                "checkpoints": [
                    {"metadata": {"epoch": e, "local_path": p, "local_format": "h5"}, "name": f"x@{e}"}
                    for e, p in zip((1, "final"), paths, strict=True)
                ],
                "assets": [],
            }
        )
    )
    assert Uploader(remote).upload(directory).sent == 2
    assert Uploader(remote).upload(directory).sent == 0
    (run,) = store.service("runs").items({"basename": name})
    assert run["start"] == "2021-05-04T10:11:12"
    assert run["logs"] == {"loss": [1.0, None]}
    assert [c["metadata"]["local_path"] for c in run["checkpoints"]] == paths


def test_remove_run_takes_the_run_its_models_and_its_assets(
    backend: Backend, store: DataStore, remote: Remote, model: Any, picture: Path, tmp_path: Path
) -> None:
    before = uploads_of(backend)
    writer = offline_run(tmp_path, model, picture)
    assert writer.run_directory is not None
    Uploader(remote).upload(writer.run_directory)
    assert uploads_of(backend) - before
    (run,) = store.service("runs").items({"basename": writer.name})
    assert remote.remove_run(run) is True
    assert list(store.service("runs").items({"basename": writer.name})) == []
    assert uploads_of(backend) == before


def test_a_model_that_cannot_be_converted_keeps_its_file_and_the_training_goes_on(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    import numpy as np

    class Strange(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            import tensorflow as tf

            return tf.numpy_function(np.sort, [x], tf.float32)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    strange = keras.Sequential([keras.Input((4,)), Strange()])
    writer = Writer(uuid.uuid4().hex, backend.url, "keras", base_log_dir=tmp_path)
    writer.create_run(strange)
    writer.train_begin(2)
    with pytest.warns(MarcelleWarning, match=r"kept in .* alone") as caught:
        writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True)
    writer.save_epoch(2, {"loss": 1.0}, save_checkpoint=True)
    writer.train_end()
    assert len(caught) == 1
    assert writer.run_directory is not None
    assert len(list(writer.run_directory.glob("*.keras"))) == 2
    (run,) = store.service("runs").items({"basename": writer.name})
    assert (run["status"], run["logs"], run["checkpoints"]) == ("success", {"loss": [1.0, 1.0]}, [])


@pytest.mark.parametrize("content", [None, "{", "[]", '{"a": 1}'])
def test_a_folder_that_is_no_run_is_named(remote: Remote, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "run_data.json").write_text(content)
    with pytest.raises(RunFolderError, match=str(tmp_path)):
        Uploader(remote).upload(tmp_path)
    with pytest.raises(RunFolderError, match="is not a folder"):
        Uploader(remote).upload(tmp_path / "missing")


def test_a_run_that_was_killed_is_uploaded_as_an_error(store: DataStore, remote: Remote, tmp_path: Path) -> None:
    writer = Writer(uuid.uuid4().hex, remote=False, base_log_dir=tmp_path)
    writer.create_run()
    writer.train_begin(3)
    writer.save_epoch(1, {"loss": 1.0})
    assert writer.flush()
    copy = tmp_path / "copy"
    shutil.copytree(str(writer.run_directory), copy)  # what a killed process leaves: no end, and no lock
    writer.end("success")
    Uploader(remote).upload(copy)
    (run,) = store.service("runs").items({"basename": writer.name})
    assert (run["status"], run["error"]) == ("error", "the program stopped without reporting an end")


def test_a_run_with_its_files_goes_to_a_backend_that_asks_for_a_login(
    asking: Backend, model: Any, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = {"email": "ada@example.org", "password": "count on me"}
    users.add(asking.data, **login)
    monkeypatch.setenv("MARCELLE_BACKEND", asking.url)
    monkeypatch.setenv("MARCELLE_EMAIL", login["email"])
    monkeypatch.setenv("MARCELLE_PASSWORD", login["password"])
    with Writer(uuid.uuid4().hex, base_log_dir=tmp_path / "logs") as writer:
        writer.create_run(model)
        writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True, assets=[picture])
    with DataStore(**login) as store:
        (run,) = store.service("runs").items({"basename": writer.name})
    assert (run["status"], len(run["checkpoints"]), len(run["assets"])) == ("success", 1, 1)
    assert writer.run_directory is not None
    for file in writer.run_directory.rglob("*.json*"):
        assert login["password"].encode() not in file.read_bytes()


def folder_of_2021(base: Path, name: str, model: Any, **changes: Any) -> tuple[Path, dict[str, Any]]:
    directory = base / name
    directory.mkdir()
    path = f"marcelle-logs/{name}/model_checkpoint_epoch=1.h5"
    model.save(directory / Path(path).name)
    checkpoint = {"metadata": {"epoch": 1, "local_path": path, "local_format": "h5"}, "name": f"{name}@1"}
    data: dict[str, Any] = {
        "basename": name,
        "start": "2021-05-04T10:11:12",
        "source": "keras",
        "status": "success",
        "params": {},
        "logs": {"loss": [1.0, 0.5]},
        "epoch": 2,
        "epochs": 2,
        "name": f"{name}-1",
        "checkpoints": [checkpoint],
        "assets": [],
    }
    (directory / "run_data.json").write_text(json.dumps({**data, **changes}))
    return directory, data


def test_what_the_client_of_2021_had_uploaded_is_completed_in_place(
    store: DataStore, remote: Remote, model: Any, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    directory, data = folder_of_2021(tmp_path, name, model)
    stored = remote.upload_model(str(directory / "model_checkpoint_epoch=1.h5"), "h5")
    there = {**data["checkpoints"][0], "id": stored["_id"], "service": "tfjs-models"}
    theirs = store.service("runs").create({**data, "checkpoints": [there], "logs": {"loss": [1.0]}})
    assert Uploader(remote).upload(directory).sent == 0
    (run,) = store.service("runs").items({"basename": name})
    assert (run["_id"], run["logs"]) == (theirs["_id"], {"loss": [1.0, 0.5]})
    assert [c["id"] for c in run["checkpoints"]] == [stored["_id"]]
    assert Uploader(remote).upload(directory).sent == 0
    assert Uploader(remote).upload(directory, overwrite=True).sent == 1
    (run,) = store.service("runs").items({"basename": name})
    assert run["_id"] != theirs["_id"]


def test_an_upload_without_overwrite_removes_no_document_of_2021(
    store: DataStore, remote: Remote, model: Any, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    directory, data = folder_of_2021(tmp_path, name, model)
    for number in (1, 2):
        store.service("runs").create({**data, "name": f"{name}-{number}", "checkpoints": []})
    Uploader(remote).upload(directory)
    Uploader(remote).upload(directory, overwrite=True)
    assert len(list(store.service("runs").items({"basename": name}))) == 2


def test_two_machines_runs_of_one_name_and_start_stay_two(store: DataStore, remote: Remote, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    for number in (1, 2):
        writer = Writer(name, remote=False, base_log_dir=tmp_path / str(number))
        writer.create_run()
        writer.save_epoch(1, {"loss": float(number)})
        writer.train_end()
        assert writer.run_directory is not None
        journal = writer.run_directory / "journal.jsonl"
        start = json.loads((writer.run_directory / "run_data.json").read_text())["start"]
        journal.write_text(journal.read_text().replace(start, "2026-11-24T09:30:00.000Z"))
        Uploader(remote).upload(writer.run_directory)
    runs = store.service("runs").items({"basename": name})
    assert sorted(run["logs"]["loss"][0] for run in runs) == [1.0, 2.0]


def test_overwriting_keeps_what_the_folder_has_no_longer(
    backend: Backend, store: DataStore, remote: Remote, model: Any, picture: Path, tmp_path: Path
) -> None:
    writer = offline_run(tmp_path, model, picture)
    assert writer.run_directory is not None
    Uploader(remote).upload(writer.run_directory)
    before, runs = uploads_of(backend), list(store.service("runs").items({"basename": writer.name}))
    (writer.run_directory / "model_checkpoint_epoch=1.h5").unlink()
    with pytest.warns(MarcelleWarning, match=r"not overwritten.*model_checkpoint_epoch=1\.h5"):
        done = Uploader(remote).upload(writer.run_directory, overwrite=True)
    assert list(done.refused) == ["model_checkpoint_epoch=1.h5"]
    assert list(store.service("runs").items({"basename": writer.name})) == runs
    assert uploads_of(backend) == before


@pytest.mark.parametrize(
    "changes",
    [{"logs": [1]}, {"logs": {"loss": 3}}, {"checkpoints": ["x"]}, {"checkpoints": {"a": 1}}, {"assets": ["a.png"]}],
)
def test_a_folder_of_2021_with_other_contents_is_named(
    remote: Remote, model: Any, tmp_path: Path, changes: dict[str, Any]
) -> None:
    directory, _ = folder_of_2021(tmp_path, uuid.uuid4().hex, model, **changes)
    with pytest.raises(RunFolderError, match=str(directory)):
        Uploader(remote).upload(directory)
