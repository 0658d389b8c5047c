"""A folder whose journal has lost its beginning, or is lost, is still the same run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, MarcelleWarning, Remote, Uploader, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import RunFolderError
from marcelle_rt.runs.document import events
from marcelle_rt.runs.folder import journal, reading
from marcelle_rt.runs.folder.beginning import own_identity, told_by
from marcelle_rt.runs.folder.mending import mended

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


@pytest.mark.parametrize(
    "keep", [0, 1, 2, 4], ids=["emptied", "the first line stays", "two lines stay", "two epochs stay"]
)
def test_a_journal_that_is_cut_short_meanwhile_is_said_and_the_folder_keeps_the_run(keep: int, tmp_path: Path) -> None:
    writer = Writer("cut", remote=False, base_log_dir=tmp_path)
    writer.create_run(run_params={"lr": 0.1})
    writer.train_begin(6)
    for epoch in range(5, 8):
        writer.save_epoch(epoch, {"loss": float(epoch)})
    assert writer.flush()
    assert writer.run_directory is not None
    path = writer.run_directory / journal.JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    with path.open("r+b") as file:
        file.truncate(sum(map(len, lines[:keep])))

    for epoch in range(8, 11):
        writer.save_epoch(epoch, {"loss": float(epoch), "late": 1.0})
    assert not writer.flush(5)
    assert not writer.status.complete
    assert "cut short" in str(writer.status.problem)
    with pytest.warns(MarcelleWarning, match="has lost some of it .the journal was cut short"):
        writer.train_end()

    run, torn = reading.read(writer.run_directory)
    assert torn == 0
    assert run.logs() == {
        "loss": [5.0, 6.0, 7.0, 8.0, 9.0, 10.0],
        "late": [None, None, None, 1.0, 1.0, 1.0],
    }
    assert run.epochs == [5, 6, 7, 8, 9, 10]
    assert (run.fields["status"], run.fields["epoch"], run.fields["params"]) == ("success", 10, {"lr": 0.1})

    again = Writer.resume(writer.run_directory, remote=False)  # which writes `run_data.json` of what the journal has
    again.save_epoch(10, {"loss": 0.5})
    again.save_epoch(11, {"loss": 0.25})
    again.train_end()
    run, torn = reading.read(writer.run_directory)
    assert (run.logs()["loss"], run.epochs, torn) == ([5.0, 6.0, 7.0, 8.0, 9.0, 0.5, 0.25], [5, 6, 7, 8, 9, 10, 11], 0)
    assert json.loads((writer.run_directory / journal.DOCUMENT).read_bytes()) == run.document()


def test_a_folder_that_is_renamed_meanwhile_is_said_until_it_is_back(tmp_path: Path) -> None:
    writer = Writer("renamed", remote=False, base_log_dir=tmp_path)
    writer.create_run()
    writer.train_begin(3)
    writer.save_epoch(1, {"loss": 1.0})
    assert writer.flush()
    assert writer.run_directory is not None
    elsewhere = writer.run_directory.rename(tmp_path / "elsewhere")
    writer.save_epoch(2, {"loss": 0.5})
    assert not writer.flush(5)
    assert "moved or renamed" in str(writer.status.problem)
    assert reading.read(elsewhere)[0].logs() == {"loss": [1.0, 0.5]}

    elsewhere.rename(writer.run_directory)
    writer.save_epoch(3, {"loss": 0.2})
    assert writer.flush()
    writer.run_directory.rename(elsewhere)
    with pytest.warns(MarcelleWarning, match="its folder was moved .* its journal is kept where .* was moved to"):
        writer.train_end()
    assert not writer.status.complete
    run = reading.read(elsewhere)[0]
    assert (run.fields["status"], run.logs()) == ("success", {"loss": [1.0, 0.5, 0.2]})


def test_what_a_journal_lost_is_not_taken_from_another_run_or_from_what_was_before_a_resumption(tmp_path: Path) -> None:
    path = tmp_path / "run_data.json"
    path.write_text(
        json.dumps({**DATA, "logs": {"loss": [1.0, 2.0, 3.0]}, "epoch": 30, "epoch_numbers": [[0, 10, 10]]})
    )
    create = events.create(1.0, IDENTITY, {name: DATA[name] for name in ("basename", "start")})
    gap = [create, events.epoch(1.0, 30, 2, {"loss": 3.0})]

    assert [event.get("epoch") for event in mended(gap, path)] == [None, 10, 20, 30]
    assert mended([{**create, "_id": "another"}, gap[1]], path)[1:] == gap[1:]
    resumed = [*gap, events.resume(1.0, 1, [], [])]
    assert mended(resumed, path) == resumed
    assert mended([create, events.epoch(1.0, 10, 0, {})], path) == [create, events.epoch(1.0, 10, 0, {})]
    for torn in ("", "[]", json.dumps({**DATA, "logs": [1]}), json.dumps({**DATA, "logs": {"loss": ["x", {}, None]}})):
        path.write_text(torn)
        assert [event.get("epoch") for event in mended(gap, path)][-1] == 30
