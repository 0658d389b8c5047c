"""Files on their way: each is tried, tried again, given up and named on its own."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.errors import (
    BackendUnreachable,
    ConversionError,
    GeneralError,
    InvalidData,
    RunFolderError,
    TooManyRequests,
)
from marcelle_rt.notices import MarcelleWarning, Notices
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder.journal import Journal
from marcelle_rt.runs.sync import file_queue
from marcelle_rt.runs.sync.file_queue import FileQueue
from tests.runs.sync.memory_link import MemoryLink
from tests.support.clock import Clock


class Uploads:
    """Stands for what sends files; fails as it is told."""

    def __init__(self) -> None:
        self.link = MemoryLink()
        self.faults: dict[str, list[BaseException]] = {}
        self.sent: list[str] = []


class Queue:
    """A queue with three assets, the second of which has 5,000 bytes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = Clock()
        self.run = Run([events.create(0, "r", {"basename": "b", "start": "s", "params": {}})])
        self.journal = Journal(folder)
        self.uploads = Uploads()
        self.events = [events.asset(0, n, f"{n}.png", f"{n}.png", "image/png", key=f"k{n}") for n in range(3)]
        for event in self.events:
            self.run.apply(event)
        (folder / "1.png").write_bytes(b"x" * 5_000)
        monkeypatch.setattr(file_queue, "upload", self.upload)
        self.queue = FileQueue(
            self.run,
            self.journal,
            self.uploads,
            Notices(),
            self.report,
            clock=self.clock,  # type: ignore[arg-type]
        )

    def upload(self, uploads: Uploads, directory: Path, event: Any, run_id: str, name: str, convert: Any) -> Any:
        assert (directory, run_id, name) == (self.journal.directory, "r", "b-1")
        if uploads.faults.get(event["key"]):
            raise uploads.faults[event["key"]].pop(0)
        uploads.sent.append(event["key"])
        return events.uploaded("assets", event["key"], {"_id": event["key"]})

    def report(self, event: Any) -> None:
        self.run.apply(event)
        self.queue.arrived(event["key"])

    def send(self) -> list[str]:
        """Sends what is due; returns the keys of it."""
        due = self.queue.take()
        for event in due:
            self.queue.send(event, "r", "b-1")
        return [event["key"] for event in due]

    def waiting(self) -> list[str]:
        return [event["key"] for event in self.queue.waiting()]


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Queue:
    return Queue(tmp_path, monkeypatch)


def test_each_file_is_taken_once_and_sent(queue: Queue) -> None:
    assert [event["key"] for event in queue.queue.take()] == ["k0", "k1", "k2"]
    assert queue.queue.take() == []
    assert queue.waiting() == ["k0", "k1", "k2"]
    for event in queue.events:
        queue.queue.send(event, "r", "b-1")
    assert (queue.uploads.sent, queue.waiting(), queue.queue.refused()) == (["k0", "k1", "k2"], [], 0)


def test_a_file_that_the_backend_lost_is_sent_again(queue: Queue) -> None:
    queue.send()
    queue.run.forget_uploads()
    assert queue.send() == ["k0", "k1", "k2"]


@pytest.mark.filterwarnings("ignore::marcelle_rt.notices.MarcelleWarning")
def test_an_error_that_passes_is_tried_again_after_a_pause_and_holds_up_no_other(queue: Queue) -> None:
    queue.uploads.faults["k1"] = [TooManyRequests("slow down"), GeneralError("a fault")]
    assert queue.send() == ["k0", "k1", "k2"]
    assert (queue.uploads.sent, queue.waiting()) == (["k0", "k2"], ["k1"])
    assert queue.queue.next_time() == 1001.0
    assert queue.send() == []
    queue.clock.now = 1001.0
    assert queue.send() == ["k1"]
    assert queue.queue.next_time() == 1003.0
    queue.clock.now = 1003.0
    assert queue.send() == ["k1"]
    assert (queue.uploads.sent, queue.waiting(), queue.queue.next_time()) == (["k0", "k2", "k1"], [], None)


def test_a_file_that_fails_five_times_is_named_with_its_size_and_the_command(queue: Queue) -> None:
    queue.uploads.faults["k1"] = [GeneralError(f"fault {n}") for n in range(9)]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(9):
            queue.send()
            queue.clock.now += 10
    assert len(queue.uploads.faults["k1"]) == 4
    assert (queue.waiting(), queue.queue.refused()) == ([], 1)
    text = str(said[-1].message)
    assert "1.png (5,000 bytes) was not uploaded: GeneralError: fault 4" in text
    assert f"marcelle-rt upload {queue.journal.directory} --backend memory" in text


def test_while_the_backend_is_away_files_are_tried_for_ever(queue: Queue) -> None:
    queue.uploads.faults["k0"] = [BackendUnreachable("memory", "refused") for _ in range(20)]
    with pytest.warns(MarcelleWarning, match="sent when the backend takes it"):
        queue.send()
    for _ in range(19):
        assert queue.queue.next_time() is not None
        queue.clock.now += 10
        assert queue.send() == ["k0"]
    assert queue.queue.next_time() == queue.clock.now + 10
    queue.clock.now += 10
    queue.send()
    assert queue.waiting() == []


@pytest.mark.parametrize(
    "error",
    [GeneralError("no", code=413), InvalidData("x", 1, "is bad"), RunFolderError("f", "is missing"), OSError("disk")],
)
def test_what_can_t_pass_is_named_at_once(queue: Queue, error: Exception) -> None:
    queue.uploads.faults["k1"] = [error]
    with pytest.warns(MarcelleWarning, match=r"1\.png \(5,000 bytes\) was not uploaded"):
        queue.send()
    assert (queue.uploads.sent, queue.waiting(), queue.queue.refused()) == (["k0", "k2"], [], 1)


def test_a_file_too_large_for_a_proxy_is_said_to_be(queue: Queue) -> None:
    queue.uploads.faults["k1"] = [GeneralError("no", code=413)]
    with pytest.warns(MarcelleWarning, match="client_max_body_size"):
        queue.send()


def test_a_model_that_can_t_be_converted_is_said_once(queue: Queue) -> None:
    for key in ("k0", "k1"):
        queue.uploads.faults[key] = [ConversionError("tfjs", key, "has a layer that is not known")]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        queue.send()
    assert len(said) == 1
    assert queue.queue.refused() == 2


def test_a_fault_of_ours_costs_that_file_alone(queue: Queue) -> None:
    queue.uploads.faults["k0"] = [ZeroDivisionError("oh")]
    with pytest.warns(MarcelleWarning, match="ZeroDivisionError"):
        queue.send()
    assert queue.uploads.sent == ["k1", "k2"]


def test_a_file_that_was_refused_beforehand_is_not_sent(queue: Queue) -> None:
    queue.queue.refuse("k1")
    assert queue.send() == ["k0", "k2"]
    assert queue.queue.refused() == 1


def test_a_file_that_a_resumed_run_dropped_meanwhile_is_not_sent(queue: Queue) -> None:
    due = queue.queue.take()
    queue.run.apply(events.resume(0, 0, ["k1"], []))
    for event in due:
        queue.queue.send(event, "r", "b-1")
    assert queue.uploads.sent == ["k0", "k2"]
