"""Run folders from somebody else, whose journals name files that are none of theirs."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import orjson
import pytest

from marcelle_rt import Remote, Uploader
from marcelle_rt.backend import Backend
from marcelle_rt.errors import RunFolderError
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.folder import files, journal, reading
from marcelle_rt.runs.sync import file_upload


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A private file beside the runs."""
    file = tmp_path / "private" / "key.png"
    file.parent.mkdir()
    file.write_bytes(b"private")
    return file


def foreign_run(directory: Path, *events: dict[str, Any]) -> Path:
    """A run's folder that somebody else made."""
    directory.mkdir(exist_ok=True)
    run = {"basename": "foreign", "start": "2026-11-24T09:30:00.000Z", "source": "keras", "params": {}}
    create = {"type": "create", "_id": str(uuid.uuid4()), "run": run}
    lines = [create, *events, {"type": "end", "status": "success"}]
    (directory / journal.JOURNAL).write_bytes(b"\n".join(orjson.dumps(event) for event in lines))
    return directory


def asset(path: str) -> dict[str, Any]:
    return {"type": "asset", "key": path, "epoch": 0, "path": path, "filename": "f.png", "mime": "image/png"}


def checkpoint(path: str) -> dict[str, Any]:
    return {"type": "checkpoint", "key": f"model {path}", "epoch": 0, "path": path, "format": "h5"}


def test_what_lies_outside_of_a_run_s_folder_is_never_uploaded(backend: Backend, tmp_path: Path, secret: Path) -> None:
    run = foreign_run(tmp_path / "run")
    (run / "link.png").symlink_to(secret)
    names = ["../private/key.png", str(secret), "link.png", "..", ".", "a\0.png", "x" * 5000, f"{secret}/../key.png"]
    foreign_run(run, *map(asset, names), *map(checkpoint, names))
    with Remote(backend.url) as remote:
        with pytest.warns(MarcelleWarning, match="was not uploaded"):
            done = Uploader(remote).upload(run)
        assert done.sent == 0
        assert set(done.refused) == set(names)
        identity = reading.read(run)[0].id
        assert [remote.store.service(name).count({"runId": identity}) for name in ("assets", "tfjs-models")] == [0, 0]


def test_an_asset_that_was_too_large_to_be_copied_is_still_taken_from_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: Path
) -> None:
    run = foreign_run(tmp_path / "run")
    with pytest.raises(RunFolderError, match="too small"):
        files.located(run, str(secret), referred=True)
    monkeypatch.setattr(files, "COPY_LIMIT", 3)
    assert files.located(run, str(secret), referred=True) == secret
    for path, referred in ((str(secret), False), ("../private/key.png", True)):
        with pytest.raises(RunFolderError, match="not in this folder"):
            files.located(run, path, referred=referred)


def test_the_files_of_a_folder_that_was_moved_and_those_of_2021_are_found(tmp_path: Path) -> None:
    run = foreign_run(tmp_path / "run")
    (run / "m.h5").write_bytes(b"h5")
    for path in ("m.h5", "marcelle-logs/somewhere/m.h5", "/home/another/logs/run/m.h5", str(run / "m.h5")):
        assert files.located(run, path) == run / "m.h5"
    with pytest.raises(RunFolderError, match="is missing"):
        files.located(run, "n.h5")


@pytest.mark.parametrize("path", ["../private", ".", "..", "", "a\0b"])
def test_nothing_outside_is_removed_with_what_was_converted(tmp_path: Path, secret: Path, path: str) -> None:
    run = foreign_run(tmp_path / "run")
    file_upload._remove_converted(run, path)
    file_upload._remove_converted(run, str(secret.parent))
    assert secret.exists()
    assert (run / journal.JOURNAL).exists()
