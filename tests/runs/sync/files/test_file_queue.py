"""Files on their way: each is tried, tried again, given up and named on its own."""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import models
from marcelle_rt.errors import (
    BackendUnreachable,
    ConversionError,
    GeneralError,
    InvalidData,
    RunFolderError,
    TooManyRequests,
)
from marcelle_rt.notices import MarcelleWarning, Notices, sentence
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder.journal import Journal
from marcelle_rt.runs.sync import file_queue
from marcelle_rt.runs.sync.file_queue import FileQueue
from tests.runs.sync.memory_feed import Said
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
        self.notices = Notices()
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
            self.notices,
            self.report,
            clock=self.clock,  # type: ignore[arg-type]
        )

    def upload(self, uploads: Uploads, directory: Path, event: Any, run_id: str, name: str, convert: Any) -> Any:
        assert (directory, run_id, name) == (self.journal.directory, "r", "b-1")
        assert convert is models.convert_in_subprocess
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


@pytest.fixture
def said(queue: Queue) -> list[tuple[Hashable, str]]:
    """What is said of a queue's files, each time."""
    notices = Said()
    queue.queue._notices = notices
    return notices.said


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
        warnings.simplefilter("always", MarcelleWarning)
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
        warnings.simplefilter("always", MarcelleWarning)
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


def test_each_word_about_a_file_is_said_under_a_key_of_its_own(
    queue: Queue, said: list[tuple[Hashable, str]], caplog: pytest.LogCaptureFixture
) -> None:
    folder = queue.journal.directory
    goes_on = f"The training goes on; all of it is kept in {folder}"
    away, busy = BackendUnreachable("memory", "refused"), TooManyRequests("slow down")
    for error, expected in (
        (away, ("away", f"{sentence(away)} {goes_on}, and sent when the backend takes it.")),
        (busy, (("again", TooManyRequests), f"{sentence(busy)} {goes_on}, and sent when the backend takes it.")),
    ):
        queue.uploads.faults["k1"] = [error]
        queue.send()
        assert said == [expected]
        said.clear()
        queue.clock.now += 10

    unknown = ConversionError("tfjs", "m", "has a layer that is not known")
    queue.uploads.faults["k1"] = [unknown]
    queue.send()
    assert said == [("conversion", f"1.png was not uploaded: {sentence(unknown)} {goes_on}.")]

    said.clear()
    again = f"Try it again with: marcelle-rt upload {folder} --backend memory"
    ours = ZeroDivisionError("oh")
    queue.uploads.faults["k0"] = [ours]
    queue.run.forget_uploads()
    queue.send()
    text = f"0.png (0 bytes) was not uploaded: {ours!r}. {goes_on}. {again}"
    assert said == [(("file", "k0"), text)]
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.getMessage() == "0.png could not be uploaded"
    assert record.exc_info is not None
    assert record.exc_info[1] is ours


def test_a_file_that_never_can_go_up_is_not_to_be_tried_again(queue: Queue, said: list[tuple[Hashable, str]]) -> None:
    bad = InvalidData("x", 1, "is bad")
    queue.uploads.faults["k1"] = [bad]
    queue.send()
    goes_on = f"The training goes on; all of it is kept in {queue.journal.directory}."
    assert said == [(("file", "k1"), f"1.png (5,000 bytes) was not uploaded: {sentence(bad)} {goes_on}")]


def test_what_is_under_way_is_due_at_no_time_and_what_nobody_took_counts_its_first_try(queue: Queue) -> None:
    assert queue.queue.next_time() is None
    queue.queue.take()
    assert queue.queue.next_time() is None
    other = events.asset(0, 0, "3.png", "3.png", "image/png", key="k3")
    queue.run.apply(other)
    queue.uploads.faults["k3"] = [BackendUnreachable("memory", "refused")]
    with pytest.warns(MarcelleWarning):
        queue.queue.send(other, "r", "b-1")
    assert queue.queue.next_time() == queue.clock.now + 1.0
    queue.run.apply(events.asset(0, 0, "4.png", "4.png", "image/png", key="k4"))
    assert queue.queue.next_time() == queue.clock.now + 1.0  # one that was never tried is sent at once
