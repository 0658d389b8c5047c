"""`run_data.json`: written whole, at most once a second, and as long as its run is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.notices import Notices
from marcelle_rt.runs.document import events, tail
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder.journal import DOCUMENT, Journal
from marcelle_rt.runs.sync import past
from marcelle_rt.runs.sync.past import Past
from marcelle_rt.runs.sync.snapshot import Snapshot
from tests.runs.sync.memory_feed import Said
from tests.support.clock import Clock
from tests.support.runs import epoch

CREATE = events.create(0, "r", {"basename": "b", "start": "s", "params": {}})


class Slow(Clock):
    """A clock by which each look takes a while, as writing does."""

    def __init__(self, took: float) -> None:
        super().__init__()
        self.took = took

    def __call__(self) -> float:
        self.now += self.took
        return self.now


def made(folder: Path, clock: Clock) -> tuple[Run, Snapshot, Journal]:
    run, journal = Run(), Journal(folder)
    snapshot = Snapshot(run, journal, Notices(), clock=clock)
    for event in (CREATE, epoch(0)):
        journal.append(event)
        run.apply(event)
    return run, snapshot, journal


def on_disk(folder: Path) -> Any:
    return json.loads((folder / DOCUMENT).read_bytes())


@pytest.mark.parametrize(("took", "pause"), [(0.001, 1.0), (0.1, 5.0)])
def test_a_pause_of_a_second_or_fifty_times_as_long_as_the_last_one_took(
    tmp_path: Path, took: float, pause: float
) -> None:
    clock = Slow(took)
    run, snapshot, _ = made(tmp_path, clock)
    assert not snapshot.is_written
    assert snapshot.write(list, at_once=False) is None
    assert snapshot.is_written
    assert on_disk(tmp_path)["logs"] == {"loss": [0.0]}
    written = clock.now
    run.apply(epoch(1))
    due = snapshot.write(list, at_once=False)
    assert due == pytest.approx(written + pause)
    assert on_disk(tmp_path)["logs"] == {"loss": [0.0]}
    clock.now = written + pause
    assert snapshot.write(list, at_once=False) is None
    assert on_disk(tmp_path)["logs"] == {"loss": [0.0, 1 / 7]}


def test_when_somebody_waits_it_is_written_at_once(tmp_path: Path) -> None:
    run, snapshot, _ = made(tmp_path, Clock())
    snapshot.write(list, at_once=False)
    run.apply(epoch(1))
    assert snapshot.write(list, at_once=True) is None
    assert on_disk(tmp_path)["epoch"] == 1


def test_a_run_that_dropped_its_beginning_is_written_whole_and_rarely(tmp_path: Path) -> None:
    clock = Slow(0.1)
    run, snapshot, journal = made(tmp_path, clock)
    tail.forget(run, {"logs.loss": 1}, ())
    assert snapshot.write(Past(run, journal, 2).events, at_once=False) is None
    assert on_disk(tmp_path)["logs"] == {"loss": [0.0]}
    written = clock.now
    run.apply(epoch(1))
    assert snapshot.write(list, at_once=False) == pytest.approx(written + 20.0)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (LookupError("the beginning was dropped"), "the beginning was dropped"),
    ],
)
def test_a_disk_that_does_not_take_it_is_said_and_not_tried_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    run, journal, notices = Run([CREATE]), Journal(tmp_path), Said()
    snapshot = Snapshot(run, journal, notices, clock=Clock())
    run.apply(epoch(0))

    def full(pieces: object) -> None:
        raise error

    monkeypatch.setattr(journal, "write_document", full)
    snapshot.write(list, at_once=True)
    text = f"run_data.json can't be written to {tmp_path} ({reason}). The training goes on."
    assert notices.said == [("journal", text)]
    assert snapshot.is_written


def test_the_first_one_is_written_whatever_the_clock_says(tmp_path: Path) -> None:
    _, snapshot, _ = made(tmp_path, Clock(0.0))
    assert snapshot.write(list, at_once=False) is None
    assert snapshot.is_written


def test_without_a_folder_there_is_nothing_to_write() -> None:
    run = Run([CREATE])
    snapshot = Snapshot(run, Journal(None), Notices(), clock=Clock())
    run.apply(epoch(0))
    assert snapshot.is_written
    assert snapshot.write(list, at_once=True) is None


def test_memory_is_looked_at_when_it_may_have_grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "_HELD", 9)
    run, _, journal = made(tmp_path, Clock())
    ours = Past(run, journal, 2)
    ours.forget(None)
    assert run.is_whole
    assert ours.due == run.version + (9 - 1) // 3
    for n in range(1, 10):
        journal.append(epoch(n))
        run.apply(epoch(n))
        ours.folded += 1
    ours.forget(None)
    assert not run.is_whole
    ours.recall()
    assert run.is_whole
    assert run.logs() == {"loss": [n / 7 for n in range(10)]}
