"""What an event's file is called: in the run on disk, in the run on a backend, in the file's own document."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from marcelle_rt.runs.document import entries, events

CHECKPOINT = events.checkpoint(0, 2, "m.h5", "h5", metadata={"labels": ["a", "b"]}, key="k1")
ASSET = events.asset(0, 2, "assets/f.png", "f.png", "image/png", metadata={"by": "me"}, key="k2")


def test_a_file_that_is_on_disk_alone_is_named_by_its_path() -> None:
    assert entries.local_entry(CHECKPOINT) == {
        "metadata": {"epoch": 2, "local_path": "m.h5", "local_format": "h5", "labels": ["a", "b"]}
    }
    assert entries.local_entry(ASSET) == {
        "by": "me",
        "filename": "f.png",
        "mime": "image/png",
        "epoch": 2,
        "local_path": "assets/f.png",
    }
    assert entries.local_entry(events.asset(0, 2, "p", "f", "m", key="k")) == {
        "filename": "f",
        "mime": "m",
        "epoch": 2,
        "local_path": "p",
    }


def test_a_checkpoint_that_another_tool_wrote_may_have_no_metadata() -> None:
    event = {name: value for name, value in CHECKPOINT.items() if name != "metadata"}
    entry = {"metadata": {"epoch": 2, "local_path": "m.h5", "local_format": "h5"}}
    assert entries.local_entry(event) == entry


def test_a_models_document_says_of_which_run_and_epoch_it_is() -> None:
    own = {"epoch": 2, "local_path": "m.h5", "local_format": "h5", "labels": ["a", "b"], "runId": "r", "key": "k1"}
    assert entries.model_document(CHECKPOINT, "r", "digits-3") == {"name": "digits-3@2", **own}


def test_a_models_name_may_be_the_users() -> None:
    event = events.checkpoint(0, 2, "m.h5", "h5", metadata={"name": "best"}, key="k")
    assert entries.model_document(event, "r", "digits-3")["name"] == "best"


def test_an_assets_document_says_of_which_run_and_epoch_it_is() -> None:
    assert entries.asset_document(ASSET, "r") == {
        "by": "me",
        "runId": "r",
        "key": "k2",
        "epoch": 2,
        "local_path": "assets/f.png",
        "filename": "f.png",
    }


def test_a_stored_models_entry_is_how_a_dashboard_finds_it() -> None:
    document = {
        "_id": "m1",
        "name": "digits-3@2",
        "files": [["model.json", "x/model.json"]],
        "metadata": {"epoch": 2, "runId": "r", "key": "k1"},
    }
    entry = {"id": "m1", "name": "digits-3@2", "service": "tfjs-models", "metadata": {"epoch": 2}}
    assert entries.stored_entry(document, "tfjs-models") == entry
    bare = {"id": "m1", "name": "", "service": "onnx-models", "metadata": {}}
    assert entries.stored_entry({"_id": "m1"}, "onnx-models") == bare


def test_a_stored_assets_entry_has_what_a_dashboard_shows() -> None:
    shown = {"_id": "a", "url": "a/f.png", "filename": "f", "mime": "m", "epoch": 2, "local_path": "p"}
    assert entries.stored_entry({**shown, "runId": "r", "key": "k", "extension": ".png"}, "assets") == shown
    assert entries.stored_entry({"_id": "a"}, "assets") == {"_id": "a"}


@pytest.mark.parametrize(
    ("name", "mime"), [("f.png", "image/png"), ("a.wav", "audio/x-wav"), ("x.unheard", "application/octet-stream")]
)
def test_a_files_kind_is_told_by_its_name(name: str, mime: str) -> None:
    assert entries.mime_of(PurePosixPath(name)) == mime


def test_an_asset_without_metadata_has_a_document_all_the_same() -> None:
    bare = entries.asset_document(events.asset(0, 2, "p", "f", "m", key="k"), "r")
    assert bare == {"runId": "r", "key": "k", "epoch": 2, "local_path": "p", "filename": "f"}
