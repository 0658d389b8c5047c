"""`marcelle-rt upload`, as people type it."""

from __future__ import annotations

import uuid
from pathlib import Path

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from tests.support.command import answer_of, as_a_process, marcelle_rt


def offline_run(name: str, base: Path) -> Path:
    with Writer(name, remote=False, base_log_dir=base) as writer:
        writer.create_run()
        writer.save_epoch(1, {"loss": 1.0})
    assert writer.run_directory is not None
    return writer.run_directory


def test_many_folders_are_uploaded_and_each_is_accounted_for(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    folders = [offline_run(name, tmp_path / "logs") for _ in range(3)]
    done = as_a_process("upload", *folders, MARCELLE_BACKEND=backend.url)
    assert done.returncode == 0, done.stderr
    assert all(folder.name in done.stdout for folder in folders)
    assert {f"{name}-{n}" for n in (1, 2, 3)} == {
        run["name"] for run in store.service("runs").items({"basename": name})
    }
    again = answer_of("upload", *folders, "--overwrite", "--backend", backend.url)
    assert [(entry["folder"], entry["epochs"], entry["wrong"]) for entry in again] == [
        (str(folder), 1, {}) for folder in folders
    ]
    assert len(list(store.service("runs").items({"basename": name}))) == 3


def test_a_folder_that_is_no_run_is_said_and_the_others_are_uploaded(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    (tmp_path / "holiday pictures").mkdir()
    done = marcelle_rt(
        "upload", tmp_path / "holiday pictures", offline_run(name, tmp_path / "logs"), "--backend", backend.url
    )
    assert done.returncode == 1
    assert "holiday pictures" in done.stdout
    assert "so no run\n" in done.stdout
    assert len(list(store.service("runs").items({"basename": name}))) == 1

    above = marcelle_rt("upload", tmp_path / "logs", "--backend", backend.url)
    assert above.returncode == 1
    assert f"so no run; name its folders, of which 1 hold one: {tmp_path / 'logs'}/*" in above.stdout


def test_a_backend_that_is_away_is_one_sentence(unused_url: str, tmp_path: Path) -> None:
    done = as_a_process("upload", offline_run("x", tmp_path), "--backend", unused_url)
    assert done.returncode == 1
    assert unused_url in done.stderr
    assert "Traceback" not in done.stderr
