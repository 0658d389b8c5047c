"""A run on its way to its folder and a backend in memory: what is said of it is so, at each moment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.errors import BackendUnreachable, BadRequest, Forbidden, GeneralError
from marcelle_rt.notices import MarcelleWarning, Notices
from marcelle_rt.runs.document import events
from marcelle_rt.runs.folder import journal
from marcelle_rt.runs.folder.journal import Journal
from marcelle_rt.runs.sync.feed import Feed
from marcelle_rt.runs.sync.patience import unsent
from marcelle_rt.runs.sync.status import Delivery, Phase
from tests.runs.sync.memory_feed import RUN, Made
from tests.runs.sync.memory_link import MemoryLink
from tests.support.clock import Clock
from tests.support.runs import epoch


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path, MemoryLink())


def test_a_run_is_complete_when_the_backend_and_the_folder_have_it(made: Made) -> None:
    assert made.feed.status == ("idle", False, None)
    made.serve()
    assert made.feed.status == ("idle", True, None)
    made.feed.record(epoch(0))
    assert made.feed.status.complete is False
    made.until_settled()
    assert made.feed.status == ("epoch", True, None)
    assert made.link is not None
    assert made.link.run()["logs"] == {"loss": [0.0]}


def test_a_message_a_tenth_of_a_second_and_all_that_came_meanwhile_in_it(made: Made) -> None:
    made.serve()
    assert made.link is not None
    for n in range(20):
        made.feed.record(epoch(n))
        made.feed.advance()
        made.clock.now += 0.02
    made.until_settled()
    assert made.link.patches() in (4, 5)
    assert made.link.run()["logs"] == {"loss": [n / 7 for n in range(20)]}


def test_while_somebody_waits_nothing_pauses(made: Made) -> None:
    made.feed.record(events.begin(0, 2))
    made.serve()
    assert made.link is not None
    made.feed.record(epoch(0))
    made.feed.advance()
    made.feed.record(epoch(1))
    due = made.feed.advance()
    assert due == pytest.approx(made.clock.now + 0.1)
    flush = made.feed.flush()
    made.feed.advance()
    assert made.link.run()["logs"] == {"loss": [0.0, 1 / 7]}
    assert flush.wait(0)


def test_a_flush_of_what_is_complete_waits_for_nobody(made: Made) -> None:
    made.serve()
    assert made.feed.flush().wait(0)


def test_run_data_is_written_once_a_second_and_at_the_end(made: Made, tmp_path: Path) -> None:
    def on_disk() -> int:
        epochs: int = json.loads((tmp_path / journal.DOCUMENT).read_bytes())["epoch"]
        return epochs

    made.serve()
    for n in range(1, 4):
        made.feed.record(epoch(n))
        made.clock.now += 0.3
        made.serve()
    assert on_disk() == 0
    made.clock.now += 0.2
    made.serve()
    assert on_disk() == 3
    made.feed.record(epoch(4))
    made.feed.end(events.end(0, "success", None))
    made.until_settled()
    assert on_disk() == 4


def test_a_run_that_ended_is_let_go_of_when_all_is_there(made: Made) -> None:
    made.serve()
    assert made.feed.phase is Phase.OPEN
    made.feed.end(events.end(0, "success", None))
    assert made.feed.phase is Phase.ENDED
    assert not journal.is_being_written(made.journal.directory)  # type: ignore[arg-type]
    made.until_settled()
    assert (made.feed.phase, made.feed.status) == (Phase.SETTLED, ("success", True, None))
    assert unsent(made.feed) is None
    assert made.feed.flush().wait(0)


def test_a_full_disk_is_no_complete_run_until_it_takes_the_rest(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    made.serve()
    full = [True]
    real = journal.os.write

    def write(fd: int, data: bytes) -> int:
        if full[0]:
            raise OSError(28, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(journal.os, "write", write)
    with pytest.warns(MarcelleWarning, match="can't be written"):
        made.feed.record(epoch(0))
    flush = made.feed.flush()
    made.until_settled()
    assert flush.wait(0) is False
    assert made.feed.status == ("epoch", False, "No space left on device")
    assert made.link is not None
    assert made.link.run()["logs"] == {"loss": [0.0]}  # the backend has it nevertheless

    full[0] = False
    flush = made.feed.flush()
    made.until_settled()
    assert flush.wait(0) is True
    assert made.feed.status.complete
    assert [event["type"] for event in journal.replay(made.journal.directory)] == ["create", "epoch"]  # type: ignore[arg-type]


def test_a_folder_that_was_deleted_is_no_complete_run(made: Made) -> None:
    made.serve()
    assert made.journal.directory is not None
    shutil.rmtree(made.journal.directory)
    made.feed.record(epoch(0))
    with pytest.warns(MarcelleWarning):
        made.until_settled()
    assert made.feed.status.complete is False
    assert "deleted" in str(made.feed.status.problem)


@pytest.mark.parametrize("linked", [True, False])
def test_a_run_without_a_folder_is_complete_on_the_backend_alone(linked: bool) -> None:
    made = Made(None, MemoryLink() if linked else None)
    made.until_settled()
    assert made.feed.status.complete is linked


def test_an_interrupt_during_the_write_loses_the_epoch_nowhere(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    made.serve()
    real = journal.os.write

    def write(fd: int, data: bytes) -> int:
        real(fd, data)
        raise KeyboardInterrupt

    monkeypatch.setattr(journal.os, "write", write)
    with pytest.raises(KeyboardInterrupt):
        made.feed.record(epoch(0))
    monkeypatch.undo()
    made.feed.record(epoch(1))
    made.until_settled()
    assert made.link is not None
    assert made.link.run()["logs"] == {"loss": [0.0, 1 / 7]}
    assert made.feed.status.complete
    assert len(list(journal.replay(made.journal.directory))) == 3  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::marcelle_rt.notices.MarcelleWarning")
def test_a_refusal_that_may_pass_ends_no_wait_and_one_that_can_t_does(made: Made) -> None:
    made.feed.record(events.begin(0, 2))
    made.serve()
    assert made.link is not None
    made.link.faults["patch runs"] = [GeneralError("a fault")]
    made.feed.record(epoch(0))
    flush = made.feed.flush()
    due = made.feed.advance()
    assert due == made.clock.now + 1.0
    made.clock.now += 1
    made.feed.advance()
    assert flush.wait(0) is True

    made.link.faults["patch runs"] = [BadRequest("never")]
    made.feed.record(epoch(1))
    flush = made.feed.flush()
    due = made.feed.advance()
    assert due == made.clock.now + 10.0
    assert flush._settled.is_set()  # to wait longer would be in vain
    assert flush.wait(0) is False
    assert "never" in str(made.feed.status.problem)
    hint = unsent(made.feed)
    assert hint is not None
    assert f"marcelle-rt upload {made.journal.directory} --backend memory" in hint


def test_a_backend_that_is_away_is_not_taken_for_complete(made: Made) -> None:
    assert made.link is not None
    made.link.faults["connect"] = [BackendUnreachable("memory", "refused")]
    with pytest.raises(BackendUnreachable) as caught:
        made.feed.advance()
    with pytest.warns(MarcelleWarning, match="sent when the backend is back"):
        made.feed.away(caught.value)
    assert made.feed.status == ("idle", False, "refused")
    assert made.feed.is_on_its_way
    made.serve()
    assert made.feed.status == ("idle", True, None)
    assert not made.feed.is_on_its_way


def test_a_removed_run_is_no_complete_one(made: Made) -> None:
    made.serve()
    assert made.link is not None
    assert made.feed.copy is not None
    made.link.listening["runs removed"]({"_id": "another"})
    made.feed.record(epoch(0))
    made.until_settled()
    assert made.feed.status.complete
    made.link.listening["runs removed"]({"_id": "r"})
    made.feed.record(epoch(1))
    flush = made.feed.flush()
    with pytest.warns(MarcelleWarning, match="stays removed there"):
        made.serve()
    assert flush.wait(0) is False
    assert made.feed.copy.replica.delivery is Delivery.GONE
    assert made.feed.status.problem == "it was removed from memory"
    made.feed.release()
    assert made.link.listening == {}


def test_a_remote_that_its_owner_closed_ends_the_wait_and_names_the_command(made: Made) -> None:
    made.serve()
    assert made.link is not None
    made.feed.record(epoch(0))
    made.link.status = "closed"
    made.link.faults["patch runs"] = [BackendUnreachable("memory", "closed")]
    made.feed.end(events.end(0, "success", None))
    flush = made.feed.flush()
    with pytest.warns(MarcelleWarning, match="was closed before the run ended"):
        made.serve()
    assert flush.wait(0) is False
    assert made.feed.phase is Phase.SETTLED
    assert "Send the rest with: marcelle-rt upload" in str(unsent(made.feed))


def document(n: int, service: str = events.ALERTS) -> Any:
    return events.document(0, service, "r", {"n": n})


def test_documents_beside_a_run_belong_to_it(made: Made) -> None:
    made.serve()
    assert made.link is not None
    made.feed.record(document(1))
    assert made.feed.status.complete is False
    made.until_settled()
    assert made.feed.status.complete
    assert [d["n"] for d in made.link.services[events.ALERTS].values()] == [1]


@pytest.mark.filterwarnings("ignore::marcelle_rt.notices.MarcelleWarning")
def test_one_passing_fault_of_a_service_beside_costs_nothing(made: Made) -> None:
    made.serve()
    assert made.link is not None
    made.link.faults[f"create {events.ALERTS}"] = [GeneralError("a fault")]
    for n in range(3):
        made.feed.record(document(n))
    made.until_settled()
    assert made.feed.status.complete
    assert sorted(d["n"] for d in made.link.services[events.ALERTS].values()) == [0, 1, 2]


@pytest.mark.filterwarnings("ignore::marcelle_rt.notices.MarcelleWarning")
@pytest.mark.parametrize(("error", "kept"), [(BadRequest("no"), [1, 2]), (Forbidden("no"), [])])
def test_a_document_that_is_refused_is_counted_and_holds_up_no_other(
    made: Made, error: Exception, kept: list[int]
) -> None:
    made.serve()
    assert made.link is not None
    made.link.faults[f"create {events.ALERTS}"] = [error]
    for n in range(3):
        made.feed.record(document(n))
    flush = made.feed.flush()
    for _ in range(10):
        made.serve()
    assert flush.wait(0) is False
    assert sorted(d["n"] for d in made.link.services[events.ALERTS].values()) == kept
    assert made.feed.status.problem == f"{3 - len(kept)} documents beside it could not be sent"
    assert unsent(made.feed) is None


@pytest.mark.filterwarnings("ignore::marcelle_rt.notices.MarcelleWarning")
def test_a_document_that_fails_five_times_is_given_up_and_those_after_it_go_on(made: Made) -> None:
    made.serve()
    assert made.link is not None
    made.link.faults[f"create {events.ALERTS}"] = [GeneralError(str(n)) for n in range(5)]
    for n in range(2):
        made.feed.record(document(n))
    for _ in range(40):
        due = made.feed.advance()
        made.clock.now = max(made.clock.now, due or 0.0)
    assert [d["n"] for d in made.link.services[events.ALERTS].values()] == [1]
    assert made.feed.status.problem == "1 documents beside it could not be sent"


def test_files_wait_until_a_resumed_run_says_where_it_goes_on(tmp_path: Path) -> None:
    history = [events.create(0, "r", RUN), epoch(0), events.asset(0, 0, "f.png", "f.png", "image/png", key="k")]
    link, clock = MemoryLink(), Clock()
    feed = Feed(Journal(tmp_path), link, Notices(), history=history, clock=clock)
    while feed.advance() is not None and not feed.copy.is_level:  # type: ignore[union-attr]
        clock.now += 1
    assert feed.files_due() == []
    assert feed.status.complete is False
    feed.record(events.resume(0, 1, [], []))
    feed.advance()
    assert [event["key"] for event in feed.files_due()] == ["k"]
    assert feed.files_due() == []


def test_a_fault_of_ours_is_said_and_pauses_the_run(made: Made) -> None:
    made.serve()
    with pytest.warns(MarcelleWarning, match="ZeroDivisionError"):
        made.feed.fault(ZeroDivisionError("oh"))
    assert made.link is not None
    made.feed.record(epoch(0))
    made.feed.advance()
    assert "ZeroDivisionError" in str(made.feed.status.problem)
    made.clock.now += 9.9
    made.feed.advance()
    assert made.link.patches() == 0
    made.clock.now += 0.1
    made.feed.advance()
    assert made.link.patches() == 1


def test_signs_of_life_are_given_while_the_run_is_open_and_taken_away_at_its_end(made: Made) -> None:
    assert made.link is not None
    due = made.serve()
    assert list(made.link.services[events.HEARTBEATS]) == ["r"]
    assert due == made.clock.now + 30.0
    made.feed.end(events.end(0, "success", None))
    made.until_settled()
    assert made.link.services[events.HEARTBEATS] == {}


def test_a_run_that_has_ended_takes_no_more_events() -> None:
    made = Made(None, None)
    assert made.feed.record(events.begin(0, 1))
    made.feed.end(events.end(0, "success", None))
    assert not made.feed.record(events.begin(0, 2))
    made.feed.keep()
    assert made.feed.run.fields["epochs"] == 1
