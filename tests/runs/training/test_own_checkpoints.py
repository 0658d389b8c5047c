"""Checkpoints from files of the user's own: checked, kept in the folder, uploaded as they are, listed in the run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
import requests

from marcelle_rt import DataStore, Remote, Uploader, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import NotFound
from tests.support.models.onnx_graphs import classifier, model_of, saved
from tests.support.models.onnx_page import RUNTIMES, onnx_page
from tests.support.writers import document, said

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def sent(backend: Backend, tmp_path: Path) -> Iterator[Writer]:
    """A writer whose run goes to the shared backend, in the format that is the default: TF.js."""
    with sending(backend, tmp_path) as writer:
        yield writer


@contextmanager
def sending(backend: Backend, folder: Path) -> Iterator[Writer]:
    with Writer("own-files", backend.url, base_log_dir=folder / "logs") as writer:
        writer.create_run()
        writer.train_begin(1)
        writer.save_epoch(1, {"loss": 1.0})
        yield writer


def checkpoints(writer: Writer) -> list[dict[str, Any]]:
    """The run's checkpoints on the backend."""
    assert writer.flush(30)
    with DataStore(writer.url) as store:
        entries: list[dict[str, Any]] = store.service("runs").get(writer.run_id)["checkpoints"]
        return entries


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_classifier_with_a_zip_map_answers_by_name_in_a_page(
    runtime: str, nedb: Backend, browser: Browser, tmp_path: Path
) -> None:
    with sending(nedb, tmp_path) as writer:
        writer.save_checkpoint(1, file=saved(classifier(), tmp_path / "c.onnx"))
        (entry,) = checkpoints(writer)

    with onnx_page(browser, nedb.url, runtime) as page:
        (answer,) = page.predict(entry["id"], np.array([[0.0, 1.0, 0.0]]), "classification")
    assert answer["label"] == "owl"
    exponents = np.exp([0, 1, 3])
    assert answer["confidences"] == pytest.approx(
        dict(zip(["cat", "dog", "owl"], exponents / exponents.sum(), strict=True)), rel=1e-5
    )


def test_an_onnx_file_goes_to_its_own_service_and_is_listed_in_the_run(sent: Writer, tmp_path: Path) -> None:
    path = saved(model_of("y = MatMul (x, w)", "float[N, 3] y"), tmp_path / "mine.onnx")
    sent.save_checkpoint(1, file=path, metadata={"note": "the first"})
    path.unlink()
    (entry,) = checkpoints(sent)

    assert entry["service"] == "onnx-models"
    assert entry["metadata"] == {
        "epoch": 1,
        "local_path": "model_checkpoint_epoch=1.onnx",
        "local_format": "onnx",
        "note": "the first",
        "inputShape": [1, 3],
    }
    answer = requests.get(f"{sent.url}/onnx-models/{entry['id']}/model_checkpoint_epoch_1.onnx", timeout=30)
    assert onnx.load_model_from_string(answer.content).graph.node[0].op_type == "MatMul"


def test_a_tfjs_model_is_taken_by_its_folder_or_its_description(sent: Writer, model: Any, tmp_path: Path) -> None:
    from marcelle_rt.models import convert

    convert(model, tmp_path / "web", "tfjs")
    sent.save_checkpoint(1, file=tmp_path / "web", metadata={"labels": ["a", "b", "c"]})
    sent.save_checkpoint("best", file=tmp_path / "web" / "model.json")
    shutil.rmtree(tmp_path / "web")
    first, second = checkpoints(sent)

    assert (first["service"], second["service"]) == ("tfjs-models", "tfjs-models")
    assert first["metadata"]["labels"] == ["a", "b", "c"]
    assert first["metadata"]["tfjsModelFormat"] == "layers-model"
    assert first["metadata"]["local_path"] == "model_checkpoint_epoch=1.tfjs"


def test_a_run_that_was_offline_is_uploaded_with_its_files(writer: Writer, remote: Remote, tmp_path: Path) -> None:
    writer.create_run()
    writer.train_begin(1)
    writer.save_epoch(1, {"loss": 1.0})
    writer.save_checkpoint(1, file=saved(classifier(), tmp_path / "c.onnx"))
    writer.train_end()
    assert writer.run_directory is not None
    Uploader(remote).upload(writer.run_directory)

    (entry,) = remote.store.service("runs").get(writer.run_id)["checkpoints"]
    assert (entry["service"], entry["metadata"]["labels"]) == ("onnx-models", ["cat", "dog", "owl"])


def test_a_run_takes_its_onnx_files_with_it_when_it_is_removed(sent: Writer, remote: Remote, tmp_path: Path) -> None:
    sent.save_checkpoint(1, file=saved(classifier(), tmp_path / "c.onnx"))
    (entry,) = checkpoints(sent)
    sent.train_end()
    run = remote.store.service("runs").get(sent.run_id)

    assert remote.remove_run(run)
    with pytest.raises(NotFound):
        remote.store.service("onnx-models").get(entry["id"])


def _wrong(folder: Path) -> dict[str, Path]:
    (folder / "model.txt").write_text("a model")
    (folder / "broken.onnx").write_bytes(b"PK\x03\x04")
    (folder / "web").mkdir()
    (folder / "web" / "model.json").write_text('{"format": "graph-model", "weightsManifest": [{"paths": ["w.bin"]}]}')
    return {
        "neither an .onnx file": folder / "model.txt",
        "not an ONNX file": folder / "broken.onnx",
        "missing or empty; check": folder / "nothing.onnx",
        "w.bin: is missing": folder / "web",
    }


WRONG = ["neither an .onnx file", "not an ONNX file", "missing or empty; check", "w.bin: is missing"]


@pytest.mark.parametrize("reason", WRONG)
def test_a_file_that_no_page_could_load_is_not_kept_and_that_is_said(
    reason: str, writer: Writer, tmp_path: Path
) -> None:
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})
    path = _wrong(tmp_path)[reason]
    (text,) = said(lambda: writer.save_checkpoint(1, file=path))

    assert reason in text
    assert text.endswith("The training goes on.")
    assert document(writer).get("checkpoints", []) == []
    assert writer.run_directory is not None
    assert not list(writer.run_directory.glob("*model_checkpoint*"))


def test_what_was_mended_is_said_once_a_run(writer: Writer, tmp_path: Path) -> None:
    path = saved(classifier(), tmp_path / "c.onnx")
    writer.create_run()
    first = said(lambda: writer.save_checkpoint(1, file=path))
    second = said(lambda: writer.save_checkpoint(2, file=path))

    assert len(first) == 2
    assert all(text.startswith("c.onnx: its ") for text in first)
    assert second == []


def test_a_link_in_a_folder_of_somebody_elses_is_not_followed(writer: Writer, remote: Remote, tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_text("a password")
    web = tmp_path / "web"
    web.mkdir()
    (web / "model.json").write_text('{"format": "graph-model", "weightsManifest": [{"paths": ["w.bin"]}]}')
    (web / "w.bin").write_text("weights")
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})
    writer.save_checkpoint(1, file=web)
    writer.train_end()
    assert writer.run_directory is not None
    kept = writer.run_directory / "model_checkpoint_epoch=1.tfjs" / "w.bin"
    kept.unlink()
    kept.symlink_to(secret)
    texts = said(lambda: Uploader(remote).upload(str(writer.run_directory)))

    assert "has a link in it" in str(texts)
    stored = remote.store.service("runs").get(writer.run_id)["checkpoints"]
    assert not any("id" in entry for entry in stored)
