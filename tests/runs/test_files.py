"""Checkpoints and assets: from the training into a backend, live, later, again, and away."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from marcelle_rt import DataStore, Remote, Uploader, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import (
    BadRequest,
    ConnectionLost,
    ConversionError,
    InvalidData,
    MarcelleError,
    RunFolderError,
    UnsupportedFormat,
)
from marcelle_rt.notices import MarcelleWarning

keras = pytest.importorskip("keras")

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@pytest.fixture
def remote(backend: Backend) -> Iterator[Remote]:
    with Remote(backend.url) as opened:
        yield opened


@pytest.fixture
def model() -> Any:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "fig.png"
    path.write_bytes(PNG)
    return path


def offline_run(base: Path, model: Any, picture: Path, **options: Any) -> Writer:
    writer = Writer(uuid.uuid4().hex, remote=False, base_log_dir=base / "logs", **options)
    writer.create_run(model)
    writer.train_begin(2)
    writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True, assets=[picture])
    writer.save_epoch(2, {"loss": 0.5}, assets=[picture])
    writer.train_end(save_checkpoint=True)
    return writer


def uploads_of(backend: Backend) -> set[Path]:
    return {p for p in (Path(backend.data) / "uploads").rglob("*") if p.is_file()}


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
    from marcelle_rt.runs import stored

    real, calls = stored.upload_asset, []

    def cut(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise ConnectionLost(backend.url, "assets/upload")
        return real(*arguments)

    monkeypatch.setattr(stored, "upload_asset", cut)
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
    from marcelle_rt.runs import stored

    with Remote(backend.url) as remote:
        Uploader(remote).upload(writer.run_directory)
        (old,) = store.service("runs").items({"basename": writer.name})

        def away(*_: Any) -> Any:
            raise ConnectionLost(backend.url, "assets/upload")

        with monkeypatch.context() as patched:
            patched.setattr(stored, "upload_asset", away)
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


def test_a_folder_of_2021_is_uploaded_with_its_models(
    store: DataStore, remote: Remote, model: Any, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    directory = tmp_path / "2021-05-04T10-11-12"
    directory.mkdir()
    paths = [f"marcelle-logs/2021-05-04T10-11-12/model_checkpoint_{end}.h5" for end in ("epoch=1", "final")]
    for path in paths:
        model.save(directory / Path(path).name)
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


@pytest.mark.parametrize("name", ["with space.png", 'it\'s "quoted".png', "ünïcödé-日本.png", "UPPER.PNG"])
def test_assets_of_any_name_are_kept_and_come_back(backend: Backend, remote: Remote, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(PNG)
    document = remote.upload_asset(str(path), {"note": "mine"})
    assert (document["filename"], document["mime"], document["note"]) == (name, "image/png", "mine")
    answer = requests.get(f"{backend.url}/assets/{document['url']}", timeout=10)
    assert answer.content == PNG


def test_an_asset_that_the_backend_does_not_take_is_refused_with_the_list(remote: Remote, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(InvalidData, match=r"notes\.txt.*jpg,jpeg,png,wav"):
        remote.upload_asset(str(path))


@pytest.mark.parametrize("content", [None, b""])
def test_a_missing_or_empty_asset_is_named(remote: Remote, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "nothing.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidData, match=r"nothing\.png"):
        remote.upload_asset(str(path))


def test_a_truncated_model_is_named_and_nothing_is_stored(
    backend: Backend, remote: Remote, model: Any, tmp_path: Path
) -> None:
    before = uploads_of(backend)
    path = tmp_path / "model.h5"
    model.save(path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ConversionError, match=r"model\.h5"):
        remote.upload_model(str(path), "h5")
    with pytest.raises(ConversionError, match=r"missing\.keras"):
        remote.upload_model(str(tmp_path / "missing.keras"), "keras")
    with pytest.raises(UnsupportedFormat, match=r"h5.*saved_model.*keras"):
        remote.upload_model(str(path), "pickle")
    assert uploads_of(backend) == before


def test_a_weights_file_that_is_missing_is_named(remote: Remote, tmp_path: Path) -> None:
    manifest = {"format": "layers-model", "weightsManifest": [{"paths": ["a-shard.bin"], "weights": []}]}
    (tmp_path / "model.json").write_text(json.dumps(manifest))
    with pytest.raises(ConversionError, match=r"a-shard\.bin"):
        remote.upload_tfjs_model(str(tmp_path))


def test_files_that_the_backend_drops_leave_nothing_behind(backend: Backend, remote: Remote, tmp_path: Path) -> None:
    # Its route drops a weights file without `shard` in its name, with status 200.
    before = uploads_of(backend)
    manifest = {"format": "layers-model", "weightsManifest": [{"paths": ["weights.bin"], "weights": []}]}
    (tmp_path / "model.json").write_text(json.dumps(manifest))
    (tmp_path / "weights.bin").write_bytes(b"1234")
    with pytest.raises(BadRequest, match=r"did not keep weights\.bin"):
        remote.upload_tfjs_model(str(tmp_path))
    assert uploads_of(backend) == before


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "a/../../b", "a\\..\\b"])
def test_a_path_that_leads_out_of_the_backends_folder_is_refused(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    from marcelle_rt.client.rest import Uploads

    monkeypatch.setattr(Uploads, "post_files", lambda self, url, files, **_: {files[0][1]: path})
    file = tmp_path / "fig.png"
    file.write_bytes(PNG)
    with pytest.raises(InvalidData, match="outside"):
        remote.upload_asset(str(file))


@pytest.mark.parametrize("content", [None, "{", "[]", '{"a": 1}'])
def test_a_folder_that_is_no_run_is_named(remote: Remote, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "run_data.json").write_text(content)
    with pytest.raises(RunFolderError, match=str(tmp_path)):
        Uploader(remote).upload(tmp_path)
    with pytest.raises(RunFolderError, match="is no folder"):
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
    assert (run["status"], run["error"]) == ("error", "the program ended without a word")


def test_a_users_metadata_is_kept_where_dashboards_and_old_readers_look(
    store: DataStore, remote: Remote, model: Any, tmp_path: Path
) -> None:
    model.save(tmp_path / "m.keras")
    document = remote.upload_model(str(tmp_path / "m.keras"), "keras", {"labels": ["a", "b", "c"], "author": "me"})
    assert document["metadata"]["labels"] == ["a", "b", "c"]
    assert (document["labels"], document["author"]) == (["a", "b", "c"], "me")
    with pytest.raises(MarcelleError):
        remote.upload_model(str(tmp_path / "m.keras"), "keras", {"bad": object()})


def test_onnx_is_uploaded_by_name(backend: Backend, store: DataStore, model: Any, tmp_path: Path) -> None:
    pytest.importorskip("tf2onnx")
    model.save(tmp_path / "m.h5")
    with Remote(backend.url, "onnx") as remote:
        document = remote.upload_model(str(tmp_path / "m.h5"), "h5")
    ((filename, path),) = document["files"]
    assert filename.endswith(".onnx")
    answer = requests.get(f"{backend.url}/onnx-models/{document['_id']}/{filename}", timeout=10)
    assert answer.status_code == 200, path
    assert len(answer.content) > 100
