"""A run on its way: what is counted, forgotten, added after its end, dropped, and told to those who wait."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.errors import BackendUnreachable, GeneralError
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.events import HEARTBEATS
from marcelle_rt.runs.folder import copies, journal
from marcelle_rt.runs.folder.journal import Journal
from marcelle_rt.runs.sync import file_queue, past
from marcelle_rt.runs.sync.feed import Feed
from marcelle_rt.runs.sync.sentences import unwritten
from marcelle_rt.runs.sync.status import Phase
from tests.runs.sync.memory_feed import RUN, Made, Said
from tests.runs.sync.memory_link import MemoryLink
from tests.support.runs import epoch


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def link() -> MemoryLink:
    return MemoryLink()


@pytest.fixture
def made(tmp_path: Path, link: MemoryLink, said: Said) -> Made:
    return Made(tmp_path, link, said)


def on_disk(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / journal.DOCUMENT).read_bytes())
    return document


def fault(link: MemoryLink, times: int = 1) -> None:
    link.faults["patch runs"] = [GeneralError("a fault")] * times


@pytest.mark.parametrize("owns_link", [True, False])
def test_a_run_lets_go_of_a_link_and_closes_its_own_alone(tmp_path: Path, link: MemoryLink, owns_link: bool) -> None:
    options = {"owns_link": True} if owns_link else {}
    Feed(Journal(tmp_path), link, Said(), **options).release()  # type: ignore[arg-type]
    assert link.is_closed is owns_link


def test_a_run_without_a_backend_has_no_files_to_send(tmp_path: Path, said: Said) -> None:
    made = Made(tmp_path, None, said)
    made.feed.record(events.asset(0, 0, "f.png", "f.png", "image/png", key="k"))
    made.serve()
    assert made.feed.files_due() == []


def test_events_that_are_not_in_the_journal_are_not_counted_as_its_own(
    made: Made, link: MemoryLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"epoch": 0, "id": "there"}
    monkeypatch.setattr(file_queue, "upload", lambda *given: events.uploaded("assets", "k", entry))
    made.feed.record(epoch(0))
    made.feed.record(events.asset(0, 0, "f.png", "f.png", "image/png", key="k"))
    made.serve()
    assert made.feed.copy is not None
    (due,) = made.feed.files_due()
    made.feed.copy.files.send(due, "r", "b-1")
    assert not made.feed.status.complete
    made.until_settled()
    assert made.feed.status.complete
    made.feed.note(events.uploaded("assets", "k", entry))
    assert made.feed.is_on_its_way
    made.until_settled()
    assert [each["id"] for each in link.run()["assets"]] == ["there"]
    assert made.feed.past.folded == 3
    assert [event["type"] for event in made.feed.past.events()] == ["create", "epoch", "asset"]


def test_what_the_backend_has_is_forgotten_and_what_it_lacks_is_not(
    made: Made, link: MemoryLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "_HELD", 10)
    made.serve()
    fault(link)
    for n in range(20):
        made.feed.record(epoch(n))
    made.serve()
    assert made.feed.run.logs() == {"loss": [n / 7 for n in range(20)]}
    made.clock.now += 1
    made.serve()
    assert not made.feed.run.is_whole
    made.feed.record(epoch(20))
    made.feed.end(events.end(0, "success", None))
    made.until_settled()
    whole = {"loss": [n / 7 for n in range(21)]}
    assert link.run()["logs"] == on_disk(tmp_path)["logs"] == whole


def test_a_long_run_is_written_at_its_end_even_where_the_backend_lacks_something(
    made: Made, link: MemoryLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "_HELD", 10)
    for n in range(20):
        made.feed.record(epoch(n))
    made.serve()
    assert not made.feed.run.is_whole
    made.clock.now += 1
    made.feed.record(epoch(20))
    made.serve()
    assert on_disk(tmp_path)["epoch"] == 20
    fault(link)
    made.feed.record(epoch(21))
    made.feed.flush()
    made.clock.now += 0.5
    made.feed.advance()
    assert on_disk(tmp_path)["epoch"] == 20  # not yet: the journal is read for it, and more may come
    made.clock.now += 1
    made.serve()
    assert on_disk(tmp_path)["epoch"] == 21


def test_a_run_that_ended_takes_more_until_it_has_settled(made: Made, link: MemoryLink) -> None:
    made.feed.record(epoch(0))
    made.serve()
    assert made.feed.ended_as is None
    made.feed.end(events.end(0, "success", None))
    assert made.feed.ended_as == "success"
    assert made.feed.amend(events.summary(0, {"test_loss": 0.5}))
    assert not made.feed.status.complete
    made.until_settled()
    assert (made.feed.phase, made.feed.status.complete) == (Phase.SETTLED, True)
    assert link.run()["summary"] == {"test_loss": 0.5}
    assert made.journal.directory is not None
    assert [event["type"] for event in journal.replay(made.journal.directory)][-1] == "summary"
    assert not made.feed.amend(events.summary(0, {"test_loss": 0.25}))
    assert not made.feed.is_on_its_way


def test_a_run_in_memory_alone_takes_more_after_its_end_too(link: MemoryLink, said: Said) -> None:
    made = Made(None, link, said)
    made.feed.end(events.end(0, "success", None))
    assert made.feed.amend(events.summary(0, {"a": 1}))
    made.until_settled()
    assert link.run()["summary"] == {"a": 1}


def test_a_run_to_which_something_was_added_ends_as_it_had(tmp_path: Path, link: MemoryLink) -> None:
    history = [events.create(0, "r", RUN), epoch(0), events.end(0, "error", "why")]
    feed = Feed(Journal(tmp_path), link, Said(), history=history)
    feed.close()
    assert (feed.ended_as, feed.phase) == ("error", Phase.ENDED)
    assert not journal.is_being_written(tmp_path)


def test_files_that_a_run_keeps_no_longer_leave_the_folder_when_nobody_sends_them(made: Made, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"x")
        made.feed.record(events.asset(0, 0, name, name, "image/png", key=name))
    made.feed.record(events.drop(0, ["a.png", "never"]))
    assert (tmp_path / "a.png").exists()
    made.serve()
    assert [path.name for path in sorted(tmp_path.glob("*.png"))] == ["b.png"]


def test_a_file_that_cannot_be_removed_is_named(
    made: Made, said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *, missing_ok: bool) -> None:
        raise OSError(16, "Device or resource busy")

    made.feed.record(events.asset(0, 0, "a.png", "a.png", "image/png", key="a"))
    made.feed.record(events.drop(0, ["a"]))
    monkeypatch.setattr(Path, "unlink", refuse)
    made.serve()
    monkeypatch.undo()
    text = f"{tmp_path / 'a.png'} is not needed any more, and can't be removed: Device or resource busy."
    assert (("dropped", tmp_path / "a.png"), text) in said.said


def test_messages_of_a_run_that_ended_follow_each_other_at_once_and_a_wait_that_is_over_hurries_nobody(
    made: Made, link: MemoryLink
) -> None:
    made.serve()
    made.feed.record(epoch(0))
    flush = made.feed.flush()
    made.serve()
    assert flush.wait(0)
    made.feed.record(epoch(1))
    made.feed.advance()
    made.feed.record(epoch(2))
    assert made.serve() == pytest.approx(made.clock.now + 0.1)
    link._limit = 400
    for n in range(3, 60):
        made.feed.record(epoch(n))
    made.feed.end(events.end(0, "success", None))
    made.clock.now += 0.1
    before = link.patches()
    made.serve()
    assert made.feed.phase is Phase.SETTLED
    assert link.patches() > before + 2


def test_while_somebody_waits_no_sign_of_life_comes_before_the_run(made: Made, link: MemoryLink) -> None:
    made.feed.record(events.begin(0, 1))
    made.serve()
    made.clock.now += 31
    fault(link)
    made.feed.record(epoch(0))
    made.feed.flush()
    link.calls = []
    made.feed.advance()
    assert ("patch", HEARTBEATS) not in link.calls
    made.clock.now += 1
    made.feed.advance()
    assert ("patch", HEARTBEATS) in link.calls  # all is there now


def test_those_who_wait_are_told_how_much_is_missing(made: Made, link: MemoryLink) -> None:
    made.feed.record(events.begin(0, 3))
    made.serve()
    fault(link)
    for n in range(3):
        made.feed.record(epoch(n))
    flush = made.feed.flush()
    made.feed.advance()
    assert flush._behind() == 3
    made.clock.now += 1
    made.feed.advance()
    assert flush._behind() == 0


def test_a_run_in_its_folder_alone_lacks_nothing_but_what_waits(tmp_path: Path, said: Said) -> None:
    made = Made(tmp_path, None, said)
    flush = made.feed.flush()
    made.feed.keep()
    assert flush._behind() == 0


def test_a_long_run_in_its_folder_alone_is_written_whole_at_its_end(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "_HELD", 10)
    made = Made(tmp_path, None, said)
    for n in range(20):
        made.feed.record(epoch(n))
    made.serve()
    assert not made.feed.run.is_whole
    made.feed.record(epoch(20))
    made.feed.end(events.end(0, "success", None))
    made.serve()
    assert on_disk(tmp_path)["logs"] == {"loss": [n / 7 for n in range(21)]}


def test_a_run_whose_backend_is_away_is_kept_level_in_its_folder(made: Made, link: MemoryLink, tmp_path: Path) -> None:
    link.faults["connect"] = [BackendUnreachable("memory", "refused")] * 2
    made.feed.record(epoch(0))
    with pytest.raises(BackendUnreachable):
        made.feed.advance()
    made.feed.keep()
    made.feed.record(epoch(1))
    made.feed.end(events.end(0, "success", None))
    made.feed.keep()
    assert (on_disk(tmp_path)["epoch"], on_disk(tmp_path)["status"]) == (1, "success")
    assert made.feed.phase is Phase.ENDED


def test_the_folder_knows_what_a_backend_calls_the_run_and_that_it_was_removed(
    made: Made, link: MemoryLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[tuple[Any, ...]] = []
    monkeypatch.setattr(copies, "note", lambda *given, removed: noted.append((*given, removed)))
    made.feed.record(epoch(0))
    made.serve()
    made.feed.record(epoch(1))
    made.clock.now += 1
    made.serve()
    assert noted == [(tmp_path, "memory", "b-1", False)]
    link.listening["runs removed"]({"_id": "r"})
    made.feed.record(epoch(2))
    made.clock.now += 1
    made.serve()
    assert noted[1:] == [(tmp_path, "memory", "b-1", True)]


def test_a_fault_of_ours_is_in_the_log_with_where_it_was(
    made: Made, said: Said, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    error = ZeroDivisionError("oh")
    with caplog.at_level(logging.ERROR, "marcelle_rt"):
        made.feed.fault(error)
    (record,) = caplog.records
    assert record.getMessage() == "a run could not be brought level"
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    text = f"{error!r} while a run was sent. The training goes on; all of it is kept in {tmp_path}."
    assert said.said == [("fault", text)]


def test_a_disk_that_is_full_is_told_of_once_and_tried_again_while_somebody_waits(
    made: Made, said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.serve()
    real = journal.os.write
    full = OSError(28, "No space left on device")
    asked = []

    def write(fd: int, data: bytes) -> int:
        asked.append(data)
        raise full

    monkeypatch.setattr(journal.os, "write", write)
    made.feed.record(epoch(0))
    assert said.said == [("journal", unwritten(tmp_path, full))]
    made.feed.advance()
    assert len(asked) == 1
    monkeypatch.setattr(journal.os, "write", real)
    made.feed.flush()
    made.feed.advance()
    assert made.journal.failure is None
