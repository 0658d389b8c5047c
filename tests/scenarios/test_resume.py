"""A run that goes on from its folder is one run: what the training repeats is dropped, on disk and on the backend."""

from __future__ import annotations

import json
import time
import uuid
import warnings
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Remote, Uploader, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder import journal
from tests.helpers import eventually
from tests.support.pictures import PNG
from tests.support.writers import uploads_of

keras = pytest.importorskip("keras")


def train(writer: Writer, picture: Path, epochs: range, sign: int = 1) -> None:
    """Epochs with a checkpoint and an asset each."""
    for n in epochs:
        picture.write_bytes(PNG + bytes([n]))
        writer.save_epoch(n, {"loss": sign * n / 7}, save_checkpoint=True, assets=[picture])


def epochs_of(run: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    return [c["metadata"]["epoch"] for c in run["checkpoints"]], [a["epoch"] for a in run["assets"]]


def files_in(directory: Path) -> set[str]:
    return {str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file()}


def killed(writer: Writer) -> Path:
    """What a killed process leaves of a run: the journal as it is, without an end and without a lock."""
    assert writer.run_directory is not None
    journal_file = writer.run_directory / journal.JOURNAL
    content = journal_file.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        writer.end("error", "killed")
    journal_file.write_bytes(content)
    return writer.run_directory


def test_a_resumed_run_has_the_checkpoints_and_assets_of_each_epoch_once(
    backend: Backend, store: DataStore, model: Any, picture: Path, tmp_path: Path
) -> None:
    before = uploads_of(backend)
    writer = Writer(uuid.uuid4().hex, backend.url, "keras", base_log_dir=tmp_path / "logs")
    writer.create_run(model)
    writer.train_begin(4)
    train(writer, picture, range(1, 5))
    writer.save_checkpoint("best")
    assert writer.flush()
    directory = killed(writer)

    again = Writer.resume(directory, backend_root=backend.url, disk_save_format="keras")
    again.model = model
    again.train_begin(5)
    assert again.flush()
    train(again, picture, range(3, 6), sign=-1)
    again.train_end()

    (run,) = store.service("runs").items({"basename": writer.name})
    assert run["logs"] == {"loss": [1 / 7, 2 / 7, -3 / 7, -4 / 7, -5 / 7]}
    assert epochs_of(run) == ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])
    for service, listed in (
        ("tfjs-models", [c["id"] for c in run["checkpoints"]]),
        ("assets", [a["_id"] for a in run["assets"]]),
    ):
        stored = [doc["_id"] for doc in store.service(service).items({"runId": run["_id"]})]
        assert sorted(stored) == sorted(listed)
    assert len(uploads_of(backend) - before) == 5 * 3  # model.json, weights, the picture
    assert files_in(directory) == {
        "journal.jsonl",
        "run_data.json",
        "backends.json",
        *(f"model_checkpoint_epoch={n}.keras" for n in range(1, 6)),
        *(entry["local_path"] for entry in run["assets"]),
    }
    document = json.loads((directory / "run_data.json").read_text())
    assert (document["checkpoints"], document["assets"]) == (run["checkpoints"], run["assets"])


def test_what_was_dropped_while_the_backend_was_away_is_removed_by_the_next_upload(
    backend: Backend, store: DataStore, remote: Remote, model: Any, picture: Path, tmp_path: Path
) -> None:
    before = uploads_of(backend)
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path / "logs")
    writer.create_run(model)
    writer.train_begin(3)
    train(writer, picture, range(1, 4))
    assert writer.flush()
    again = Writer.resume(killed(writer), remote=False)
    again.model = model
    train(again, picture, range(2, 4), sign=-1)
    again.train_end()

    for sent in (4, 0):
        assert Uploader(remote).upload(again.run_directory).sent == sent  # type: ignore[arg-type]
        (run,) = store.service("runs").items({"basename": writer.name})
        assert run["logs"] == {"loss": [1 / 7, -2 / 7, -3 / 7]}
        assert epochs_of(run) == ([1, 2, 3], [1, 2, 3])
        assert len(list(store.service("tfjs-models").items({"runId": run["_id"]}))) == 3
        assert len(list(store.service("assets").items({"runId": run["_id"]}))) == 3
        assert len(uploads_of(backend) - before) == 3 * 3


def test_a_run_can_be_resumed_again_and_again(picture: Path, tmp_path: Path) -> None:
    writer = Writer("again", remote=False, base_log_dir=tmp_path / "logs")
    writer.create_run()
    for n in (1, 2):
        writer.save_epoch(n, {"loss": n}, assets=[picture])
    directory = killed(writer)
    for _ in range(3):
        writer = Writer.resume(directory, remote=False)
        for n in (2, 3):
            writer.save_epoch(n, {"loss": -n}, assets=[picture])
        directory = killed(writer)
    events, _ = journal.read(directory)
    document = Run(events).document()
    assert document["logs"] == {"loss": [1, -2, -3]}
    assert [asset["epoch"] for asset in document["assets"]] == [1, 2, 3]
    assert len(list((directory / "assets").iterdir())) == 3


def test_a_final_checkpoint_of_a_run_that_is_trained_further_stays(tmp_path: Path, model: Any) -> None:
    with Writer("further", remote=False, base_log_dir=tmp_path) as writer:
        writer.create_run(model)
        writer.save_epoch(1, {"loss": 1})
        writer.save_checkpoint("first-round")
    with Writer.resume(writer.run_directory, remote=False) as again:  # type: ignore[arg-type]
        again.save_epoch(2, {"loss": 0.5})
    assert again.run_directory is not None
    assert (again.run_directory / "model_checkpoint_first-round.h5").exists()
    document = json.loads((again.run_directory / "run_data.json").read_text())
    assert [c["metadata"]["epoch"] for c in document["checkpoints"]] == ["first-round"]


def test_a_checkpoint_saved_before_the_first_epoch_says_where_a_resumed_run_goes_on(tmp_path: Path, model: Any) -> None:
    writer = Writer("before", remote=False, base_log_dir=tmp_path)
    writer.create_run(model)
    for n in (1, 2):
        writer.save_epoch(n, {"loss": n}, save_checkpoint=True)
    again = Writer.resume(killed(writer), remote=False)
    again.model = model
    again.save_checkpoint("start")
    again.save_checkpoint(2)
    again.save_epoch(2, {"loss": -2})
    again.train_end()
    assert again.run_directory is not None
    document = json.loads((again.run_directory / "run_data.json").read_text())
    paths = [c["metadata"]["local_path"] for c in document["checkpoints"]]
    assert paths == ["model_checkpoint_epoch=1.h5", "model_checkpoint_start.h5", "model_checkpoint_epoch=2.h5"]
    assert all((again.run_directory / path).exists() for path in paths)
    assert document["logs"] == {"loss": [1, -2]}


def test_files_outside_of_the_folder_are_never_removed(tmp_path: Path) -> None:
    writer = Writer("outside", remote=False, base_log_dir=tmp_path / "logs")
    writer.create_run()
    writer.save_epoch(1, {"loss": 1})
    directory = killed(writer)
    mine = tmp_path / "mine.png"
    mine.write_bytes(PNG)
    event = {"type": "asset", "epoch": 1, "filename": "mine.png", "mime": "image/png", "time": 0}
    with open(directory / journal.JOURNAL, "ab") as file:
        for key, path in (("a", str(mine)), ("b", "../../mine.png"), ("c", "")):
            file.write(json.dumps({**event, "key": key, "path": path}).encode() + b"\n")
    again = Writer.resume(directory, remote=False)
    again.save_epoch(1, {"loss": -1})
    again.train_end()
    assert mine.exists()
    assert directory.is_dir()
    assert json.loads((directory / "run_data.json").read_text())["assets"] == []


@pytest.mark.parametrize("disk_format", ["h5", "keras", "saved_model"])
def test_a_checkpoint_that_fails_half_way_leaves_no_part_and_the_old_one(
    tmp_path: Path, model: Any, monkeypatch: pytest.MonkeyPatch, disk_format: str
) -> None:
    from marcelle_rt.models import disk

    def full(model: Any, path: str, **_: Any) -> None:
        Path(path).write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    first = disk.save(model, tmp_path, "m", disk_format)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    monkeypatch.setattr(type(model), "export" if disk_format == "saved_model" else "save", full)
    with pytest.raises(OSError, match="No space"):
        disk.save(model, tmp_path, "m", disk_format)
    monkeypatch.undo()
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before
    assert disk.save(model, tmp_path, "m", disk_format) == first
    assert [p.name for p in tmp_path.iterdir()] == [first.name]


def test_a_folder_that_is_no_run_gets_no_journal_by_an_attempt_to_resume_it(tmp_path: Path) -> None:
    from marcelle_rt.errors import RunFolderError

    with pytest.raises(RunFolderError):
        Writer.resume(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("live", [True, False], ids=["live", "by upload"])
def test_a_resumed_run_has_each_batch_once(
    backend: Backend, store: DataStore, remote: Remote, tmp_path: Path, live: bool
) -> None:
    def steps() -> list[list[int]]:
        (run,) = store.service("runs").items({"basename": writer.name})
        return sorted(chunk["steps"] for chunk in store.service("run-batches").items({"runId": run["_id"]}))

    def a_while() -> None:  # longer than the times in a chunk are exact
        now = time.monotonic()
        eventually(lambda: time.monotonic() > now + 0.005)

    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    writer.create_run()
    writer.save_batch(1, {"loss": 1})
    writer.save_batch(2, {"loss": 2})
    writer.save_epoch(1, {"loss": 1})
    a_while()
    writer.save_batch(3, {"loss": 3})
    assert writer.flush()
    writer.save_epoch(2, {"loss": 2})
    a_while()
    writer.save_batch(4, {"loss": 4})
    assert writer.flush()
    assert steps() == [[1], [2, 3], [4]]
    again = Writer.resume(killed(writer), **({"backend_root": backend.url} if live else {"remote": False}))
    assert again.flush()  # live, the backend has all of it before the first epoch says what goes
    again.save_batch(3, {"loss": -3})
    again.save_epoch(2, {"loss": -2})
    again.train_end()
    for _ in range(1 if live else 2):
        if not live:
            Uploader(remote).upload(again.run_directory)  # type: ignore[arg-type]
        assert steps() == [[1], [2], [3]]
