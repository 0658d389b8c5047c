"""A file system without locks, as some clusters have: two programs never write one journal unnoticed."""

from __future__ import annotations

import errno
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import RunFolderError
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.folder import claim, journal

NO_LOCKS = """
import errno, fcntl, os, sys
def no_locks(fd, operation):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
fcntl.flock = no_locks
from marcelle_rt import Writer
"""
DIES = """
writer = Writer("killed", base_log_dir=sys.argv[1], remote=False)
writer.save_epoch(1, {"loss": 1.0})
print(writer.run_directory, flush=True)
os._exit(9)
"""


@pytest.fixture(autouse=True)
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(fd: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)


def epochs(directory: Path) -> list[int]:
    return [event["epoch"] for event in journal.replay(directory, ["epoch"])]


def test_a_folder_without_locks_has_one_writer_and_one_that_was_killed_hinders_nobody(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", NO_LOCKS + DIES, str(tmp_path)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    directory = Path(killed.stdout.strip())
    with Writer.resume(directory, remote=False) as writer:
        assert journal.is_being_written(directory)
        with pytest.raises(RunFolderError, match="being written by another Writer"):
            Writer.resume(directory, remote=False)
        writer.save_epoch(2, {"loss": 0.5})
    assert not journal.is_being_written(directory)
    assert not (directory / claim.NAME).exists()
    assert epochs(directory) == [1, 2]


def test_who_opens_a_folder_without_locks_on_another_machine_takes_it_over_and_the_first_one_says_so(
    backend: Backend, store: DataStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    first.create_run()
    first.save_epoch(1, {"loss": 1.0})
    assert first.flush(30)
    assert first.run_directory is not None
    monkeypatch.setattr(claim, "is_held", lambda directory: False)  # which another machine can't know
    second = Writer.resume(first.run_directory, backend_root=backend.url)
    second.save_epoch(2, {"loss": 2.0})
    assert second.flush(30)
    with pytest.warns(MarcelleWarning, match="another program has opened the run's folder since"):
        first.save_epoch(2, {"loss": -2.0})
    assert not first.flush(30)
    second.save_epoch(3, {"loss": 3.0})
    first.train_end()
    second.train_end()
    assert not first.status.complete
    assert "another program has opened" in str(first.status.problem)
    assert second.status == ("success", True, None)
    (run,) = store.service("runs").items({"basename": first.name})
    assert run["logs"] == {"loss": [1.0, 2.0, 3.0]}
    assert epochs(first.run_directory) == [1, 2, 3]
