"""The run's folder: what survives, and what keeps others out."""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from marcelle_rt.errors import RunFolderError
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder import journal
from tests.support.runs import epoch

CREATE = {"type": "create", "_id": "x", "run": {"basename": "b", "start": "s", "source": "keras", "params": {}}}


def test_two_runs_of_one_millisecond_get_two_folders_and_two_starts(tmp_path: Path) -> None:
    now = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.timezone.utc)
    first, start = journal.create(tmp_path, start=now)
    second, later = journal.create(tmp_path, start=now)
    assert (start, later) == ("2026-11-24T09:30:00.000Z", "2026-11-24T09:30:00.001Z")
    assert first.directory != second.directory
    first.close()
    second.close()


def test_what_was_written_before_kill_9_is_there(tmp_path: Path) -> None:
    program = """
import sys
from marcelle_rt import Writer
writer = Writer("killed", remote=False, base_log_dir=sys.argv[1])
writer.create_run()
writer.train_begin(1000)
for i in range(1000):
    writer.save_epoch(i, {"loss": i / 7})
    if i == 500:
        print("half", flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "half\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    (directory,) = tmp_path.iterdir()
    events, torn = journal.read(directory)
    losses = Run(events).logs()["loss"]
    assert torn == 0
    assert len(losses) >= 501
    assert losses == [i / 7 for i in range(len(losses))]


def test_a_torn_line_is_skipped_and_the_next_starts_on_a_line_of_its_own(tmp_path: Path) -> None:
    (tmp_path / journal.JOURNAL).write_bytes(json.dumps(CREATE).encode() + b'\n{"type":"epoch","epo')
    book = journal.Journal(tmp_path)
    book.append(epoch(0))
    book.close()
    events, torn = journal.read(tmp_path)
    assert [e["type"] for e in events] == ["create", "epoch"]
    assert torn == 1


def test_bad_lines_anywhere_are_skipped_and_counted(tmp_path: Path) -> None:
    lines = [b"\x00\x00", json.dumps(CREATE).encode(), b"[1, 2]", json.dumps(epoch(0)).encode(), b'{"type": 3}']
    (tmp_path / journal.JOURNAL).write_bytes(b"\n".join(lines) + b"\n")
    events, torn = journal.read(tmp_path)
    assert len(events) == 2
    assert torn == 3


def test_an_event_that_a_full_disk_refused_is_written_when_there_is_room_again(tmp_path: Path) -> None:
    # The kernel's own limit on a file's size stands for a disk that is full: short write, then an error.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    book = journal.Journal(tmp_path)
    book.append(CREATE)
    size = (tmp_path / journal.JOURNAL).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
    try:
        for n in range(3):
            book.append(epoch(n))
        assert book.failure is not None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    book.append(epoch(3))
    assert book.failure is None
    book.close()
    events, torn = journal.read(tmp_path)
    assert [e["epoch"] for e in events if e["type"] == "epoch"] == [0, 1, 2, 3]
    assert torn == 1


def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    book = journal.Journal(tmp_path)
    book.append(CREATE)
    assert journal.is_being_written(tmp_path)
    with pytest.raises(RunFolderError, match="being written by another Writer"):
        journal.Journal(tmp_path)
    book.close()
    assert not journal.is_being_written(tmp_path)
    journal.Journal(tmp_path).close()


def test_a_folder_without_a_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=str(tmp_path)):
        journal.read(tmp_path)


def test_the_document_is_old_or_new_but_never_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = journal.Journal(tmp_path)
    book.write_document([b'{"status":', b'"idle"}'])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        book.write_document([b'{"status":"epoch"}'])
    assert json.loads((tmp_path / journal.DOCUMENT).read_text()) == {"status": "idle"}
    assert sorted(p.name for p in tmp_path.iterdir()) == [journal.JOURNAL, journal.DOCUMENT]
    book.close()


@pytest.mark.parametrize("at", ["before the line is made", "before the write", "after the write", "after a part"])
def test_an_event_that_a_signal_interrupts_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    book = journal.Journal(tmp_path)
    book.append(CREATE)
    real_dumps, real_write = journal.dumps, os.write

    def interrupted_dumps(value: object) -> bytes:
        monkeypatch.undo()
        raise KeyboardInterrupt

    def interrupted_write(fd: int, data: bytes) -> int:
        monkeypatch.undo()
        if at == "after the write":
            real_write(fd, data)
        elif at == "after a part":
            real_write(fd, data[:10])
        raise KeyboardInterrupt

    if at == "before the line is made":
        monkeypatch.setattr(journal, "dumps", interrupted_dumps)
    else:
        monkeypatch.setattr(journal.os, "write", interrupted_write)
    with pytest.raises(KeyboardInterrupt):
        book.append(epoch(0))
    assert book.is_whole == (at == "after the write")
    assert journal.dumps is real_dumps
    book.append(epoch(1))
    assert book.is_whole
    book.close()
    events, torn = journal.read(tmp_path)
    assert [event["type"] for event in events] == ["create", "epoch", "epoch"]
    assert torn == (1 if at == "after a part" else 0)


def test_a_journal_that_was_deleted_says_so_and_is_not_whole(tmp_path: Path) -> None:
    book = journal.Journal(tmp_path)
    book.append(CREATE)
    book.check()
    assert book.is_whole
    (tmp_path / journal.JOURNAL).unlink()
    book.check()
    assert not book.is_whole
    assert "deleted" in str(book.failure)
    book.close()
    assert not book.is_whole


def test_a_copied_folder_is_another_place_and_a_moved_one_the_same(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    journal.Journal(tmp_path / "run").close()
    place = journal.place_of(tmp_path / "run")
    assert len(place) == 8
    (tmp_path / "run").rename(tmp_path / "moved")
    assert journal.place_of(tmp_path / "moved") == place
    (tmp_path / "copy").mkdir()
    journal.Journal(tmp_path / "copy").close()
    assert journal.place_of(tmp_path / "copy") != place
    assert journal.place_of(None) == "00000000"
