"""What lies beside a run, on its way to a backend in memory: which documents go, in which order, and what is said."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from marcelle_rt.errors import (
    BadRequest,
    ConnectionLost,
    Forbidden,
    MarcelleError,
    MethodNotAllowed,
    NotFound,
    NotImplementedByServer,
    TooManyRequests,
)
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.events import ALERTS, BATCHES, SYSTEM, Event
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder.journal import Journal
from marcelle_rt.runs.remote.run_documents import RunDocuments
from marcelle_rt.runs.sync import side_documents
from marcelle_rt.runs.sync.side_documents import SideDocuments
from tests.runs.sync.memory_feed import RUN, Said
from tests.runs.sync.memory_link import MemoryLink

KEPT = "They are kept in the run's folder alone."


def document(name: str, service: str = BATCHES, run_id: str = "r") -> Event:
    return events.document(0, service, run_id, {"_id": name})


class Made:
    """Documents beside a run, and what they stand on."""

    def __init__(self, folder: Path | None = None, *recorded: Event, fresh: bool = False, run_id: str = "r") -> None:
        self.link, self.notices = MemoryLink(), Said()
        if folder is not None:
            journal = Journal(folder)
            for event in (events.create(0, "r", RUN), *recorded):
                journal.append(event)
            journal.close()
        run = Run([events.create(0, run_id, RUN)])
        self.beside = SideDocuments(run, RunDocuments(self.link), folder, self.notices, fresh=fresh)

    def there(self, service: str = BATCHES) -> list[str]:
        return list(self.link.services.get(service, {}))

    def created(self) -> list[str]:
        return [service for method, service in self.link.calls if method == "create"]


def test_what_is_recorded_goes_in_its_order_one_a_step() -> None:
    made = Made(fresh=True)
    assert made.beside.is_level
    assert not made.beside.step()
    for name in ("a", "b"):
        made.beside.add(document(name))
    assert (made.beside.is_level, made.beside.waiting()) == (False, 2)
    assert made.beside.step()
    assert (made.there(), made.beside.waiting()) == (["a"], 1)
    assert made.beside.step()
    assert made.link.services[BATCHES]["b"] == {"_id": "b", "runId": "r"}
    assert (made.beside.is_level, made.beside.lost, made.notices.said) == (True, 0, [])
    assert not made.beside.step()
    assert made.link.calls == [("create", BATCHES)] * 2


def test_a_run_that_goes_on_asks_what_is_there_and_sends_the_rest(tmp_path: Path) -> None:
    recorded = [document("a"), document("b", ALERTS), document("c"), events.begin(0, 1), document("x", "users")]
    made = Made(tmp_path, *recorded)
    made.link.services[BATCHES] = {"a": {"_id": "a", "runId": "r"}, "other": {"_id": "other", "runId": "s"}}
    assert not made.beside.is_level
    assert made.beside.step()
    assert made.link.calls == [("find", ALERTS), ("find", BATCHES)]
    made.beside.add(document("d"))
    made.beside.level()
    assert (made.there(), made.there(ALERTS)) == (["a", "other", "c", "d"], ["b"])
    assert (made.created(), made.beside.is_level) == ([ALERTS, BATCHES, BATCHES], True)
    assert "users" not in made.link.services


def test_what_waits_in_memory_is_not_sent_twice(tmp_path: Path) -> None:
    made = Made(tmp_path, document("a"), document("b"))
    made.beside.add(document("b"))
    made.beside.level()
    assert (made.there(), len(made.created())) == (["a", "b"], 2)


@pytest.mark.parametrize("folder", [None, "empty"])
def test_without_a_journal_there_is_nothing_to_ask_for(tmp_path: Path, folder: str | None) -> None:
    made = Made()
    made.beside._directory = None if folder is None else tmp_path
    assert made.beside.step()
    assert made.link.calls == []
    assert not made.beside.step()
    assert made.beside.is_level


def test_a_copy_under_another_id_has_documents_of_its_own(tmp_path: Path) -> None:
    made = Made(tmp_path, document("a"), run_id="other")
    made.beside.level()
    own = str(uuid.uuid5(uuid.NAMESPACE_URL, "other/a"))
    assert made.link.services[BATCHES] == {own: {"_id": own, "runId": "other"}}
    made.beside.check()
    made.beside.level()
    assert len(made.created()) == 1


def test_chunks_that_a_resumed_run_has_no_longer_are_taken_back_everywhere(tmp_path: Path) -> None:
    recorded = [document("old"), document("kept"), document("gone"), events.resume(0, 0, [], ["old", "gone"])]
    made = Made(tmp_path, *recorded, fresh=True)
    made.link.services[BATCHES] = {"old": {"_id": "old", "runId": "r"}, "kept": {"_id": "kept", "runId": "r"}}
    for name in ("gone", "new"):
        made.beside.add(document(name))
    made.beside.drop(["old", "gone"])
    assert (made.beside.waiting(), made.beside.is_level) == (1, False)
    assert made.beside.step()
    assert made.beside.step()
    assert made.there() == ["kept"]
    assert not made.beside.is_level
    made.beside.level()
    assert made.there() == ["kept", "new"]
    assert made.link.calls.count(("remove", BATCHES)) == 1


@pytest.mark.parametrize(("gone", "sent"), [(["a"], []), (["b"], ["a"]), ([], ["a"])])
def test_what_is_under_way_is_taken_back_too(gone: list[str], sent: list[str]) -> None:
    made = Made(fresh=True)
    made.beside.add(document("a"))
    made.link.faults[f"create {BATCHES}"] = [ConnectionLost("memory", "create")]
    with pytest.raises(ConnectionLost):
        made.beside.step()
    made.beside.drop(gone)
    assert not made.beside.is_level  # for what was taken back, the backend is asked
    made.beside.level()
    assert made.there() == sent
    assert made.beside.is_level


def test_to_take_back_nothing_asks_for_nothing() -> None:
    made = Made(fresh=True)
    made.beside.drop([])
    assert made.beside.is_level


def test_past_a_few_the_rest_is_read_from_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_documents, "_MOST", 2)
    made = Made(tmp_path, *(document(name) for name in "abcd"), fresh=True)
    for count, name in enumerate("abcd"):
        made.beside.add(document(name))
        assert made.beside.waiting() == (1, 2, 0, 1)[count]
    made.beside.level()
    assert sorted(made.there()) == ["a", "b", "c", "d"]
    assert (len(made.created()), made.beside.lost, made.notices.said) == (4, 0, [])


def test_past_a_few_the_oldest_are_dropped_where_there_is_no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_documents, "_MOST", 2)
    made = Made(fresh=True)
    for name in "abcd":
        made.beside.add(document(name))
    made.beside.level()
    assert (made.there(), made.beside.lost) == (["c", "d"], 2)
    text = "More than 2 documents beside the run wait to be sent, so the oldest are dropped."
    assert made.notices.said == [("beside", text)] * 2


@pytest.mark.parametrize("kind", [Forbidden, NotFound, MethodNotAllowed, NotImplementedByServer])
def test_a_service_that_takes_nothing_of_ours_is_not_asked_again(kind: type[MarcelleError]) -> None:
    made = Made(fresh=True)
    made.link.faults[f"create {SYSTEM}"] = [error := kind("not for you")]
    for name in ("a", "b"):
        made.beside.add(document(name, SYSTEM))
    made.beside.add(document("c"))
    made.beside.level()
    assert (made.there(SYSTEM), made.there(), made.beside.lost) == ([], ["c"], 2)
    made.beside.add(document("d", SYSTEM))
    assert (made.beside.lost, made.beside.is_level) == (3, True)
    assert made.created().count(SYSTEM) == 1
    text = f"memory refuses the run's documents in 'run-system': {error}. {KEPT}"
    assert made.notices.said == [(("beside", SYSTEM), text)]


def test_all_that_is_lost_is_counted() -> None:
    made = Made(fresh=True)
    made.link.faults[f"create {BATCHES}"] = [BadRequest("no"), BadRequest("no")]
    for service in (SYSTEM, ALERTS):
        made.link.faults[f"create {service}"] = [Forbidden("not for you")]
    for name, service in (("a", BATCHES), ("b", BATCHES), ("c", SYSTEM), ("d", ALERTS)):
        made.beside.add(document(name, service))
        made.beside.level()
    assert made.beside.lost == 4


def test_a_backend_that_is_away_is_waited_for_however_long() -> None:
    made = Made(fresh=True)
    made.beside.add(document("a"))
    made.link.faults[f"create {BATCHES}"] = [ConnectionLost("memory", "create") for _ in range(9)]
    for _ in range(9):
        with pytest.raises(ConnectionLost):
            made.beside.step()
    made.beside.level()
    assert (made.there(), made.beside.lost) == (["a"], 0)


def test_a_run_that_is_not_said_to_be_fresh_may_be_there(tmp_path: Path) -> None:
    made = Made(tmp_path)
    run = Run([events.create(0, "r", RUN)])
    assert not SideDocuments(run, RunDocuments(made.link), tmp_path, made.notices).is_level


def test_a_service_that_can_not_be_read_has_nothing_to_take_back(tmp_path: Path) -> None:
    made = Made(tmp_path, document("a"), events.resume(0, 0, [], ["a"]))
    made.link.faults[f"find {BATCHES}"] = [error := Forbidden("not for you")]
    made.beside.level()
    assert made.beside.is_level
    text = f"memory refuses the run's documents in 'run-batches': {error}. {KEPT}"
    assert made.notices.said == [(("beside", BATCHES), text)]


def test_a_service_that_can_not_be_read_is_written_nothing(tmp_path: Path) -> None:
    made = Made(tmp_path, document("a"), document("b", ALERTS))
    made.link.faults[f"find {ALERTS}"] = [TooManyRequests("later"), Forbidden("not for you")]
    with pytest.raises(TooManyRequests):
        made.beside.step()
    assert not made.beside.is_level
    made.beside.level()
    assert (made.there(), made.there(ALERTS)) == (["a"], [])
    assert made.notices.said[0][0] == ("beside", ALERTS)
    made.beside.check()
    made.beside.level()
    assert made.link.calls.count(("find", ALERTS)) == 2


def test_what_may_pass_is_sent_five_times_and_then_named() -> None:
    made = Made(fresh=True)
    for name in ("a", "b"):
        made.beside.add(document(name))
    made.link.faults[f"create {BATCHES}"] = [TooManyRequests("later") for _ in range(9)]
    for _ in range(4):
        with pytest.raises(TooManyRequests):
            made.beside.step()
    assert made.beside.step()
    text = "A document in 'run-batches' (a) was not sent: TooManyRequests: later. It is kept in the run's folder alone."
    assert (made.beside.lost, made.notices.said) == (1, [(("document", BATCHES), text)])
    for _ in range(4):  # the next one has five tries of its own
        with pytest.raises(TooManyRequests):
            made.beside.step()
    made.beside.level()
    assert made.there() == ["b"]


def test_what_the_backend_can_not_take_is_named_at_once_and_holds_up_nothing() -> None:
    made = Made(fresh=True)
    made.link.faults[f"create {BATCHES}"] = [BadRequest("no such key")]
    for name in ("a", "b"):
        made.beside.add(document(name))
    made.beside.level()
    assert (made.there(), made.beside.lost) == (["b"], 1)


def test_a_chunk_that_can_not_be_removed_stays_and_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = Made(tmp_path, document("a"), events.resume(0, 0, [], ["a"]))
    made.link.services[BATCHES] = {"a": {"_id": "a", "runId": "r"}}
    made.link.faults[f"remove {BATCHES}"] = [TooManyRequests("later"), Forbidden("not for you")]
    with pytest.raises(TooManyRequests):
        made.beside.level()
    with caplog.at_level("WARNING", "marcelle_rt"):
        made.beside.level()
    assert (made.there(), made.beside.is_level) == (["a"], True)
    (told,) = caplog.records
    assert told.getMessage() == "run-batches/a could not be removed: Forbidden: not for you"


def test_an_answer_that_was_lost_makes_no_second_document() -> None:
    made = Made(fresh=True)
    made.beside.add(document("a"))
    made.link.faults[f"after:create {BATCHES}"] = [ConnectionLost("memory", "create")]
    with pytest.raises(ConnectionLost):
        made.beside.step()
    made.beside.level()
    assert (made.there(), made.beside.lost) == (["a"], 0)
