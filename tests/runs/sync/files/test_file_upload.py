"""One file of a run on its way up: what goes, what is converted first, what is refused, and what is tidied away."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.errors import ConversionError, RunFolderError
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.events import Event
from marcelle_rt.runs.sync.file_upload import upload
from tests.runs.sync.memory_link import MemoryLink


class Sent:
    """Stands for a backend's uploads: keeps what it is given, and what the files held."""

    def __init__(self, save_format: str = "tfjs") -> None:
        self.link = MemoryLink()
        self.link.save_format = save_format
        self.given: list[tuple[Any, ...]] = []
        self.found: dict[str, str] = {}

    def asset(self, path: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
        self.given.append((path, metadata))
        return {"_id": "a", "url": "/a", "filename": metadata["filename"], "other": 1}

    def converted(self, path: Path, metadata: Mapping[str, Any], remote_format: str | None = None) -> dict[str, Any]:
        self.given.append((path, metadata, remote_format))
        self.found = {file.name: file.read_text() for file in path.iterdir()} if path.is_dir() else {}
        return {"_id": "m", "name": metadata["name"], "format": remote_format or "onnx", "metadata": dict(metadata)}


def refuse(*given: Any, **options: Any) -> None:
    raise AssertionError("nothing is to be converted")


def send(folder: Path | None, event: Any, sent: Sent, convert: Any = refuse) -> Event:
    return upload(sent, folder, event, "r", "digits-4", convert)  # type: ignore[arg-type]


def checkpoint(kind: str, path: str = "m", converted: Any = None) -> events.Checkpoint:
    return events.checkpoint(0, 3, path, kind, converted=converted, metadata={"labels": ["a"]}, key="k")


METADATA = {
    "name": "digits-4@3",
    "epoch": 3,
    "local_path": "m",
    "labels": ["a"],
    "runId": "r",
    "key": "k",
}
ENTRY = {"epoch": 3, "local_path": "m", "labels": ["a"]}


def told(kind: str) -> dict[str, Any]:
    """The metadata of a model that was saved in a format."""
    return {**METADATA, "local_format": kind}


@pytest.mark.parametrize("is_in_folder", [True, False])
def test_an_asset_goes_up_as_it_is(tmp_path: Path, is_in_folder: bool) -> None:
    (tmp_path / "f.png").write_bytes(b"x")
    path = "f.png" if is_in_folder else str(tmp_path / "f.png")
    event = events.asset(0, 3, path, "figure.png", "image/png", key="k")
    sent = Sent()

    answer = send(tmp_path if is_in_folder else None, event, sent)

    metadata = {"runId": "r", "key": "k", "epoch": 3, "local_path": path, "filename": "figure.png"}
    assert sent.given == [(str(tmp_path / "f.png"), metadata)]
    assert answer == events.uploaded("assets", "k", {"_id": "a", "url": "/a", "filename": "figure.png"})


def test_an_asset_may_lie_elsewhere_and_a_checkpoint_may_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marcelle_rt.runs.folder.files.COPY_LIMIT", 0)
    other = tmp_path / "large.bin"
    other.write_bytes(b"xx")
    run = tmp_path / "run"
    run.mkdir()
    sent = Sent()
    send(run, events.asset(0, 3, str(other), "large.bin", "a/b", key="k"), sent)
    assert sent.given[0][0] == str(other)
    with pytest.raises(RunFolderError, match="not in this folder"):
        send(run, checkpoint("h5", str(other)), sent)
    with pytest.raises(RunFolderError, match="is missing"):
        send(run, checkpoint("h5", "nothing.h5"), sent)


@pytest.mark.parametrize("is_in_folder", [True, False])
@pytest.mark.parametrize("kind", ["h5", "keras", "saved_model"])
def test_a_model_that_was_converted_at_the_epochs_end_goes_up_so_and_what_was_made_of_it_is_removed(
    tmp_path: Path, kind: str, is_in_folder: bool
) -> None:
    (tmp_path / "m").write_bytes(b"saved")
    (tmp_path / "m.tfjs").mkdir()
    (tmp_path / "m.tfjs" / "model.json").write_text("{}")
    path = str(tmp_path / "m") if not is_in_folder else "m"
    ready = str(tmp_path / "m.tfjs") if not is_in_folder else "m.tfjs"
    sent = Sent()

    answer = send(tmp_path if is_in_folder else None, checkpoint(kind, path, {"path": ready, "format": "tfjs"}), sent)

    metadata = {**told(kind), "local_path": path}
    assert sent.given == [(tmp_path / "m.tfjs", metadata, "tfjs")]
    assert sent.found == {"model.json": "{}"}
    entry = {**ENTRY, "local_path": path, "local_format": kind, "name": "digits-4@3"}
    stored = {"id": "m", "name": "digits-4@3", "service": "tfjs-models", "metadata": entry}
    assert answer == events.uploaded("checkpoints", "k", stored)
    assert not (tmp_path / "m.tfjs").exists()
    assert (tmp_path / "m").exists()


@pytest.mark.parametrize("converted", [None, {"path": "gone", "format": "onnx"}, {"path": "m.tfjs", "format": "tfjs"}])
def test_a_model_that_is_not_ready_in_the_backends_format_is_converted_first(tmp_path: Path, converted: Any) -> None:
    (tmp_path / "m").write_bytes(b"saved")
    (tmp_path / "m.tfjs").mkdir()
    sent = Sent("onnx")
    asked: list[tuple[Any, ...]] = []

    def convert(source: Path, directory: Path, remote_format: str, *, local_format: str) -> None:
        asked.append((source, remote_format, local_format))
        (directory / "model.onnx").write_text("onnx")

    send(tmp_path, checkpoint("h5", converted=converted), sent, convert)

    assert asked == [(tmp_path / "m", "onnx", "h5")]
    ((folder, metadata, kind),) = sent.given
    assert (metadata, kind, sent.found) == (told("h5"), None, {"model.onnx": "onnx"})
    assert folder.name.startswith("marcelle-")
    assert not folder.exists()  # it was for the way alone
    assert (tmp_path / "m.tfjs").exists() is (converted is None or converted["path"] != "m.tfjs")


@pytest.mark.parametrize("kind", ["tfjs", "onnx"])
def test_a_file_that_pages_take_goes_up_as_it_is_unless_a_link_in_it_leads_elsewhere(tmp_path: Path, kind: str) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.json").write_text("{}")
    sent = Sent("onnx")

    send(tmp_path, checkpoint(kind), sent)

    assert sent.given == [(tmp_path / "m", told(kind), kind)]
    (tmp_path / "secret").write_text("s")
    (tmp_path / "m" / "weights.bin").symlink_to(tmp_path / "secret")
    with pytest.raises(RunFolderError) as refusal:
        send(tmp_path, checkpoint(kind), sent)
    reason = "has a link in it, which could lead out of the run's folder, so it is not uploaded"
    assert str(refusal.value) == str(RunFolderError(tmp_path / "m", reason))
    assert len(sent.given) == 1


def test_a_modules_weights_go_up_as_what_was_made_of_them_in_whatever_format(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"pt")
    made = tmp_path / "m.onnx"
    made.mkdir()
    ready: Any = {"path": "m.onnx", "format": "onnx"}
    sent = Sent("tfjs")

    send(tmp_path, checkpoint("pt", converted=ready), sent)

    assert sent.given == [(made, told("pt"), "onnx")]
    assert made.exists()  # nothing makes it again
    made.rmdir()
    for converted in (ready, None):
        with pytest.raises(ConversionError) as refusal:
            send(tmp_path, checkpoint("pt", converted=converted), sent)
        reason = "it holds weights without their network, which is converted when it is saved, and was not"
        assert str(refusal.value) == str(ConversionError("tfjs", "m", reason))
