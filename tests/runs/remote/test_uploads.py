"""Single models and assets, uploaded by Remote: what it keeps, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from marcelle_rt import DataStore, Remote
from marcelle_rt.backend import Backend
from marcelle_rt.errors import (
    BadRequest,
    ConversionError,
    InvalidData,
    MarcelleError,
    UnsupportedFormat,
)
from tests.support.pictures import PNG
from tests.support.writers import uploads_of


@pytest.fixture
def on_nedb(nedb: Backend) -> Iterator[Remote]:
    """A `Remote` on a backend whose files can be looked at."""
    with Remote(nedb.url) as remote:
        yield remote


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
    with pytest.raises(InvalidData, match=r"notes\.txt.*jpg, ?jpeg, ?png(,| and) ?wav.*\. Save it as one of these"):
        remote.upload_asset(str(path))


@pytest.mark.parametrize("content", [None, b""])
def test_a_missing_or_empty_asset_is_named(remote: Remote, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "nothing.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidData, match=r"nothing\.png"):
        remote.upload_asset(str(path))


def test_a_truncated_model_is_named_and_nothing_is_stored(
    nedb: Backend, on_nedb: Remote, model: Any, tmp_path: Path
) -> None:
    before = uploads_of(nedb)
    path = tmp_path / "model.h5"
    model.save(path)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ConversionError, match=r"model\.h5"):
        on_nedb.upload_model(str(path), "h5")
    with pytest.raises(ConversionError, match=r"missing\.keras"):
        on_nedb.upload_model(str(tmp_path / "missing.keras"), "keras")
    with pytest.raises(UnsupportedFormat, match=r"h5.*saved_model.*keras"):
        on_nedb.upload_model(str(path), "pickle")
    assert uploads_of(nedb) == before


def test_a_weights_file_that_is_missing_is_named(remote: Remote, tmp_path: Path) -> None:
    manifest = {"format": "layers-model", "weightsManifest": [{"paths": ["a-shard.bin"], "weights": []}]}
    (tmp_path / "model.json").write_text(json.dumps(manifest))
    with pytest.raises(ConversionError, match=r"a-shard\.bin"):
        remote.upload_tfjs_model(str(tmp_path))


def test_files_that_the_backend_drops_leave_nothing_behind(nedb: Backend, on_nedb: Remote, tmp_path: Path) -> None:
    # Its route drops a weights file without `shard` in its name, with status 200.
    before = uploads_of(nedb)
    manifest = {"format": "layers-model", "weightsManifest": [{"paths": ["weights.bin"], "weights": []}]}
    (tmp_path / "model.json").write_text(json.dumps(manifest))
    (tmp_path / "weights.bin").write_bytes(b"1234")
    with pytest.raises(BadRequest, match=r"did not keep weights\.bin"):
        on_nedb.upload_tfjs_model(str(tmp_path))
    assert uploads_of(nedb) == before


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "a/../../b", "a\\..\\b"])
def test_a_path_that_leads_out_of_the_backends_folder_is_refused(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    from marcelle_rt.client.rest.uploads import Uploads

    monkeypatch.setattr(Uploads, "post_files", lambda self, url, files, **_: {files[0][1]: path})
    file = tmp_path / "fig.png"
    file.write_bytes(PNG)
    with pytest.raises(InvalidData, match="outside"):
        remote.upload_asset(str(file))


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
