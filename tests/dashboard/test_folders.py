"""Run folders on disk in the page, without a backend of the user's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.dashboard.folders import FolderFollower, run_folders
from marcelle_rt.errors import RunFolderError
from tests.helpers import eventually

from .conftest import Start, address_of

if TYPE_CHECKING:
    from playwright.sync_api import Page


def write(folder: Path, name: str = "disk", epochs: int = 3, planned: int = 3) -> Writer:
    """A run on disk alone."""
    writer = Writer(name, remote=False, base_log_dir=folder)
    writer.create_run()
    writer.train_begin(planned)
    for epoch in range(1, epochs + 1):
        writer.save_epoch(epoch, {"loss": 1 / epoch})
    return writer


def stands(store: DataStore) -> dict[str, tuple[str, int]]:
    return {run["name"]: (run["status"], run["epoch"]) for run in store.service("runs").items()}


def test_a_folder_of_runs_is_shown_by_the_command_and_a_training_is_followed(
    start: Start,
    page: Page,
    tmp_path: Path,
) -> None:
    logs = tmp_path / "marcelle-logs"
    write(logs, "old").train_end()
    page.goto(address_of(start(str(logs), "--no-browser")))
    page.get_by_role("row", name="old-1").get_by_text("finished").wait_for()

    running = write(logs, "new", epochs=1, planned=9)
    page.get_by_role("row", name="new-1").get_by_text("1 of 9").wait_for()
    running.save_epoch(2, {"loss": 0.5})
    page.get_by_role("row", name="new-1").get_by_text("2 of 9").wait_for()
    running.close()
    page.get_by_role("row", name="new-1").get_by_text("failed").wait_for()


def test_a_folder_without_runs_and_a_path_that_is_none_are_said(start: Start, tmp_path: Path) -> None:
    for argument in (tmp_path, tmp_path / "nothing"):
        running = start(str(argument))
        running.communicate(timeout=30)
        assert running.returncode == 1
        assert str(argument) in (tmp_path / "stderr").read_text()


def test_a_run_that_was_killed_is_told_as_failed(store: DataStore, tmp_path: Path) -> None:
    program = (
        "import os; from marcelle_rt import Writer\n"
        f"w = Writer('killed', remote=False, base_log_dir={str(tmp_path)!r})\n"
        "w.create_run(); w.train_begin(9); w.save_epoch(1, {'loss': 1}); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program], check=False)
    with FolderFollower([tmp_path], store.location):
        eventually(lambda: stands(store) == {"killed-1": ("error", 1)})


def test_a_run_that_is_removed_in_the_page_stays_away_and_its_folder_stays(store: DataStore, tmp_path: Path) -> None:
    gone, kept = write(tmp_path, "gone", epochs=1), write(tmp_path, "kept", epochs=1)
    with FolderFollower([tmp_path], store.location):
        eventually(lambda: len(stands(store)) == 2)
        run = next(store.service("runs").items({"name": "gone-1"}))
        store.service("runs").remove(run["_id"])

        gone.save_epoch(2, {"loss": 0.5})
        kept.save_epoch(2, {"loss": 0.5})

        eventually(lambda: stands(store).get("kept-1") == ("epoch", 2))
        assert "gone-1" not in stands(store)
    assert len(run_folders([tmp_path])) == 2
    gone.close()
    kept.close()


def test_assets_follow_after_the_curves(store: DataStore, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    run = write(tmp_path / "logs", epochs=0)
    run.save_epoch(1, {"loss": 1.0}, assets=[str(picture)])
    run.close()
    with FolderFollower([tmp_path / "logs"], store.location):
        eventually(lambda: [asset for run in store.service("runs").items() for asset in run["assets"]])
        assert "url" in next(store.service("runs").items())["assets"][0]
        assert store.service("assets").count() == 1


def test_a_folder_of_one_run_is_taken_too_and_something_else_is_an_error(tmp_path: Path) -> None:
    run = write(tmp_path)
    run.train_end()
    assert run.run_directory is not None

    assert run_folders([Path(run.run_directory)]) == [Path(run.run_directory)]
    assert run_folders([tmp_path, Path(run.run_directory)]) == [Path(run.run_directory)]
    with pytest.raises(RunFolderError, match="is not a folder") as refused:
        run_folders([tmp_path / "nothing"])
    assert "--backend" not in str(refused.value)
    for url in ("http://localhost:3030", "localhost:3030"):
        with pytest.raises(RunFolderError, match="a backend's URL stands after --backend"):
            run_folders([Path(url)])


def test_pages_are_told_of_each_change_of_a_run_that_another_process_goes_on_with(
    store: DataStore, tmp_path: Path
) -> None:
    from marcelle_rt import Remote
    from marcelle_rt.runs.uploader import Uploader

    told: list[int] = []
    store.service("runs").on("patched", lambda run: told.append(run["epoch"]))
    run = write(tmp_path, epochs=1)
    assert run.run_directory is not None
    with Remote(store.location) as remote:
        Uploader(remote).upload(run.run_directory)
        for epoch in (2, 3):
            run.save_epoch(epoch, {"loss": 1 / epoch})
            Uploader(remote).upload(run.run_directory)
            eventually(lambda: told[-1:] == [epoch])  # noqa: B023
    run.close()
