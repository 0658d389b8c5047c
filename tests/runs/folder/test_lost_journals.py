"""A folder whose journal has lost its beginning, or is lost, is still the same run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Remote, Uploader, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import RunFolderError
from marcelle_rt.runs.folder import journal, reading
from marcelle_rt.runs.folder.beginning import own_identity, told_by

IDENTITY = "17c2e5f4-31cf-4b70-8274-a3b6fad4bbe5"
DATA = {"_id": IDENTITY, "basename": "b", "start": "2026-11-24T09:30:00.000Z", "source": "keras", "params": {"lr": 1}}


def recorded(base: Path, url: str | None = None, assets: list[Path] | None = None) -> Path:
    """The folder of a run of two epochs."""
    writer = Writer("lost", url, base_log_dir=base, remote=None if url else False)
    writer.create_run(run_params={"lr": 0.1})
    writer.train_begin(2)
    writer.save_epoch(0, {"loss": 1.0}, assets=[*(assets or [])])
    writer.save_batch(0, {"loss": 1.5})
    writer.save_epoch(1, {"loss": 0.5})
    writer.train_end()
    assert writer.run_directory is not None
    return writer.run_directory


def tear_first_line(directory: Path, instead: bytes) -> None:
    path = directory / journal.JOURNAL
    path.write_bytes(instead + b"".join(path.read_bytes().splitlines(keepends=True)[1:]))


@pytest.mark.parametrize("instead", [b"", b'{"type":"crea\n', b"\0" * 200 + b"\n", b"\0" * 200])
def test_a_run_whose_first_line_is_torn_is_read_as_it_was(tmp_path: Path, instead: bytes) -> None:
    directory = recorded(tmp_path)
    whole, _ = reading.read(directory)
    tear_first_line(directory, instead)

    run, torn = reading.read(directory)

    assert run.document() == whole.document()
    assert torn == (1 if instead.endswith(b"\n") else 0)
    assert next(event["type"] for event in journal.replay(directory)) == "create"


def test_a_run_whose_first_line_is_torn_can_be_resumed(tmp_path: Path) -> None:
    directory = recorded(tmp_path)
    identity = reading.read(directory)[0].id
    tear_first_line(directory, b"")

    writer = Writer.resume(directory, remote=False)
    writer.train_begin(3)
    writer.save_epoch(2, {"loss": 0.25})
    writer.train_end()

    document = json.loads((directory / journal.DOCUMENT).read_bytes())
    assert document["logs"] == {"loss": [1.0, 0.5, 0.25]}
    assert (document["_id"], document["status"], document["params"]) == (identity, "success", {"lr": 0.1})
    assert reading.read(directory)[0].document() == document


def test_without_any_beginning_the_folder_is_refused(tmp_path: Path) -> None:
    directory = recorded(tmp_path)
    tear_first_line(directory, b"")
    (directory / journal.DOCUMENT).unlink()
    with pytest.raises(RunFolderError, match="does not say which run it is"):
        reading.read(directory)


def test_a_folder_whose_journal_is_lost_is_the_same_run_on_the_backend(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    picture = tmp_path / "f.png"
    picture.write_bytes(b"not empty")
    directory = recorded(tmp_path / "logs", backend.url, [picture])
    identity = reading.read(directory)[0].id
    before = store.service("runs").get(identity)
    (directory / journal.JOURNAL).unlink()

    with Remote(backend.url) as remote:
        uploaded = Uploader(remote).upload(directory)

    runs = list(store.service("runs").items({"start": before["start"], "basename": "lost"}))
    assert [run["_id"] for run in runs] == [identity]
    assert (uploaded.sent, uploaded.name) == (0, before["name"])
    assert {name: runs[0][name] for name in ("logs", "status", "params", "assets")} == {
        name: before[name] for name in ("logs", "status", "params", "assets")
    }


def test_a_run_data_of_ours_tells_how_the_journal_began(tmp_path: Path) -> None:
    path = tmp_path / "run_data.json"
    path.write_text(json.dumps({**DATA, "logs": {"loss": [1]}, "status": "success", "model": {"name": "m"}}))

    event = told_by(path)

    assert event is not None
    assert event["_id"] == IDENTITY
    assert event["run"] == {name: DATA[name] for name in ("basename", "start", "source", "params")} | {
        "model": {"name": "m"}
    }


@pytest.mark.parametrize(
    "content", ["", "[]", "{", json.dumps({**DATA, "_id": "aBcDeFgHiJkLmNoP"}), json.dumps({**DATA, "basename": 3})]
)
def test_a_run_data_that_is_torn_or_of_others_tells_nothing(tmp_path: Path, content: str) -> None:
    path = tmp_path / "run_data.json"
    path.write_text(content)
    assert told_by(path) is None
    assert told_by(tmp_path / "missing.json") is None


@pytest.mark.parametrize(
    ("identity", "is_ours"),
    [(IDENTITY, True), (IDENTITY.upper(), False), ("5f43a1b2c3d4e5f6a7b8c9d0", False), (7, False), (None, False)],
)
def test_only_a_uuid_is_an_identity_that_a_writer_gave(identity: Any, is_ours: bool) -> None:
    assert own_identity({"_id": identity}) == (identity if is_ours else None)
