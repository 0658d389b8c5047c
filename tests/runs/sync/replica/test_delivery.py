"""A run's copy on a backend in memory: how it is opened, followed, taken over, given up, and never written twice."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.errors import ConnectionLost, GeneralError, NotFound, Unavailable
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.remote.run_documents import RunDocuments
from marcelle_rt.runs.sync.replica.fence import rev_text
from marcelle_rt.runs.sync.replica.replica import Replica
from marcelle_rt.runs.sync.replica.strangers import CopyDisagrees, OtherRun
from marcelle_rt.runs.sync.status import Delivery
from tests.runs.sync.memory_link import MemoryLink
from tests.support.runs import epoch, new_run


def replica_of(run: Run, link: MemoryLink, **options: Any) -> Replica:
    return Replica(run, RunDocuments(link), clock=lambda: 1_800_000_000.0, **options)


def same(run: Run) -> Run:
    """The same run, as another program reads it from its folder."""
    fields = {k: run.fields[k] for k in ("basename", "start", "source", "params")}
    made = Run([events.create(0, run.id, fields)])
    for n, value in enumerate(run.logs().get("loss", [])):
        made.apply(epoch(n, loss=value))
    return made


def followed(link: MemoryLink) -> tuple[Run, Replica]:
    """A run of one epoch that the backend has."""
    run = new_run(1)
    replica = replica_of(run, link, fresh=True)
    replica.level()
    return run, replica


@pytest.fixture
def link() -> MemoryLink:
    return MemoryLink()


def test_a_fresh_run_is_created_in_one_call_and_level_at_once(link: MemoryLink) -> None:
    run = new_run(3)
    replica = replica_of(run, link, fresh=True, folder="f00d")
    assert (replica.delivery, replica.is_open, replica.is_level, replica.missing()) == (
        Delivery.OPENING,
        False,
        False,
        3,
    )
    assert replica.step()
    assert (replica.delivery, replica.is_level, replica.has_all, replica.missing()) == (
        Delivery.FOLLOWING,
        True,
        True,
        0,
    )
    assert link.run()["logs"] == {"loss": [0.0, 1 / 7, 2 / 7]}
    assert link.run()["writer"].startswith("f00d-")
    assert link.run()["rev"] == rev_text(1_800_000_000_000)
    assert (replica.copies, replica.name) == (1, f"{run.fields['basename']}-1")
    assert [call for call in link.calls if call[1] == "runs"].count(("create", "runs")) == 1
    assert not replica.step()
    assert link.patches() == 0


def test_an_epoch_is_one_patch_and_no_look_after_it(link: MemoryLink) -> None:
    _, replica = followed(link)
    before = list(link.calls)
    replica.apply(epoch(1))
    assert replica.missing() == 1
    assert replica.step()
    assert replica.is_level
    assert link.calls[len(before) :] == [("patch", "runs")]
    assert link.run()["logs"] == {"loss": [0.0, 1 / 7]}
    assert (link.run()["status"], link.run()["epoch"]) == ("epoch", 1)


def test_a_run_without_its_first_event_asks_for_nothing(link: MemoryLink) -> None:
    replica = replica_of(Run(), link)
    assert replica.is_level
    assert not replica.step()
    assert not replica.has_all
    assert link.calls == []


@pytest.mark.parametrize("when", ["", "after:"])
@pytest.mark.parametrize("call", ["create runs", "patch runs", "get runs"])
def test_a_line_that_drops_at_any_call_doubles_and_loses_nothing(link: MemoryLink, when: str, call: str) -> None:
    run = new_run(2)
    replica = replica_of(run, link)
    link.faults[f"{when}{call}"] = [ConnectionLost("memory", call), ConnectionLost("memory", call)]
    for n in range(2, 5):
        for _ in range(6):
            try:
                replica.level()
            except ConnectionLost:
                continue
        replica.apply(epoch(n))
    replica.level()
    assert link.run()["logs"] == run.logs()
    assert len(link.services["runs"]) == 1


def test_a_run_that_goes_on_takes_its_copy_over_with_its_first_patch(link: MemoryLink) -> None:
    run = new_run(2)
    replica_of(run, link, fresh=True, folder="f00d").level()
    first_writer = link.run()["writer"]

    second = replica_of(same(run), link, folder="f00d")
    second.level()
    assert link.run()["writer"] == first_writer
    assert link.patches() == 0
    second.apply(epoch(2))
    second.level()
    assert link.run()["writer"] != first_writer
    assert link.patches() == 1
    assert not second.replaced


def test_the_writer_before_is_kept_out_and_reads_again(link: MemoryLink) -> None:
    run = new_run(2)
    first = replica_of(run, link, fresh=True, folder="f00d")
    first.level()
    second = replica_of(same(run), link, folder="f00d")
    second.apply(epoch(2))
    second.level()

    first.apply(epoch(2))
    first.apply(epoch(3))
    first.level()
    assert first.delivery is Delivery.FOLLOWING
    assert (first.copies, first.has_all) == (2, True)
    assert link.run()["logs"] == first.run.logs()


@pytest.mark.parametrize("there", [[0.0], [0.0, None], [0.0, 1 / 7]])
def test_an_earlier_state_from_another_folder_is_gone_on_with(link: MemoryLink, there: list[Any]) -> None:
    run = new_run(2)
    replica_of(run, link, fresh=True, folder="f00d").level()
    link.run()["logs"]["loss"] = there
    theirs = replica_of(same(run), link, folder="beef")
    theirs.level()
    assert not theirs.replaced
    assert link.run()["logs"] == run.logs()


def test_another_run_of_the_same_id_is_not_written_over(link: MemoryLink) -> None:
    run = new_run(2)
    replica_of(run, link, fresh=True).level()
    stranger = Run([events.create(0, run.id, {"basename": "b", "start": "2020-01-01T00:00:00.000Z", "params": {}})])
    before = dict(link.run())
    with pytest.raises(OtherRun, match="another run under the _id"):
        replica_of(stranger, link).level()
    assert link.run() == before


def test_a_copy_of_2021_gets_its_marks_before_anything_else(link: MemoryLink) -> None:
    run = new_run(2)
    link.services["runs"] = {run.id: {"_id": run.id, "name": "n-1", "start": run.fields["start"], "logs": {}}}
    replica = replica_of(run, link)
    replica.step()
    assert link.run()["writer"]
    assert link.run()["logs"] == {}
    replica.level()
    assert link.run()["logs"] == run.logs()


def test_a_backend_that_drops_the_writers_mark_is_written_all_the_same() -> None:
    link = MemoryLink(drops=("writer",))
    run, replica = followed(link)
    replica.apply(epoch(1))
    replica.level()
    assert link.run()["logs"] == run.logs()
    again = replica_of(same(run), link)
    again.apply(epoch(2))
    again.level()
    assert link.run()["logs"] == again.run.logs()


def test_a_backend_without_places_gets_the_document_whole() -> None:
    link = MemoryLink(places=False)
    run, replica = followed(link)
    for n in range(1, 4):
        replica.apply(epoch(n))
        replica.level()
    assert link.run()["logs"] == run.logs()
    assert link.patches() == 1
    assert link.calls.count(("update", "runs")) == 3
    assert link.run()["writer"]
    replica.forget()
    assert run.is_whole  # it is needed whole for each message


def test_a_run_that_a_person_removed_stays_removed(link: MemoryLink) -> None:
    run, replica = followed(link)
    del link.services["runs"][run.id]
    replica.removed()
    replica.apply(epoch(1))
    assert not replica.step()
    assert (replica.delivery, replica.is_level, replica.has_all) == (Delivery.GONE, True, False)
    assert replica.why == "it was removed from memory"
    replica.close("later")
    assert replica.delivery is Delivery.GONE
    replica.forget()
    assert not run.is_whole


def test_a_run_that_is_gone_with_its_heartbeat_left_was_removed_by_a_person(link: MemoryLink) -> None:
    run, replica = followed(link)
    del link.services["runs"][run.id]
    link.services[events.HEARTBEATS] = {run.id: {"_id": run.id}}
    replica.apply(epoch(1))
    replica.level()
    assert replica.delivery is Delivery.GONE


def test_a_run_that_a_person_removed_does_not_come_back_though_its_heartbeat_can_t_be_read(link: MemoryLink) -> None:
    run, replica = followed(link)
    del link.services["runs"][run.id]
    link.services[events.HEARTBEATS] = {run.id: {"_id": run.id}}
    link.faults = {f"get {events.HEARTBEATS}": [Unavailable("it restarts")]}
    replica.apply(epoch(1))
    with pytest.raises(Unavailable):
        replica.level()
    replica.level()
    assert (replica.delivery, link.services["runs"]) == (Delivery.GONE, {})


def test_a_run_that_an_emptied_database_lost_is_created_again(
    link: MemoryLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marcelle_rt.runs.sync.replica.replica._REMOVAL_PATIENCE", 0.0)
    run, replica = followed(link)
    link.services.clear()
    replica.apply(epoch(1))
    replica.level()
    assert (replica.delivery, replica.copies) == (Delivery.FOLLOWING, 2)
    assert link.run()["logs"] == run.logs()


def test_what_is_closed_sends_nothing_and_says_why(link: MemoryLink) -> None:
    run = new_run(1)
    replica = replica_of(run, link, fresh=True)
    replica.close("its Remote was closed")
    assert (replica.is_level, replica.has_all, replica.is_wanted) == (True, False, False)
    assert not replica.step()
    assert replica.why == "its Remote was closed"
    assert link.calls == []
    replica.removed()
    replica.step()
    assert replica.delivery is Delivery.CLOSED


def test_what_changes_while_it_is_sent_is_sent_again(link: MemoryLink) -> None:
    _, replica = followed(link)
    link.meanwhile = lambda: replica.apply(epoch(1, loss=2.0))
    replica.apply(epoch(1, loss=1.0))
    assert replica.step()
    assert not replica.is_level
    replica.level()
    assert link.run()["logs"] == {"loss": [0.0, 2.0]}


def test_a_copy_that_never_keeps_what_it_is_sent_is_named(link: MemoryLink, monkeypatch: pytest.MonkeyPatch) -> None:
    _, replica = followed(link)

    def spoiled(*arguments: Any) -> Any:
        document = MemoryLink.call(link, *arguments)
        return {**document, "logs": {"loss": []}}

    monkeypatch.setattr(link, "call", spoiled)
    replica.apply(epoch(1))
    monkeypatch.setattr(link, "service", lambda name: Spoiled(MemoryLink.service(link, name)))
    with pytest.raises(CopyDisagrees, match="does not keep what it is sent"):
        replica.level()


class Spoiled:
    """A service whose documents have no values."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def get(self, *arguments: Any) -> Any:
        return {**self._service.get(*arguments), "logs": {"loss": []}}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)


def test_an_error_of_the_server_leaves_the_step_to_be_taken_again(link: MemoryLink) -> None:
    run, replica = followed(link)
    replica.apply(epoch(1))
    link.faults["patch runs"] = [GeneralError("a fault")]
    with pytest.raises(GeneralError):
        replica.step()
    assert not replica.is_level
    replica.level()
    assert link.run()["logs"] == run.logs()


def test_files_that_a_resumed_run_dropped_are_removed_from_the_backend(link: MemoryLink) -> None:
    run = new_run(2)
    run.apply(events.asset(0, 1, "f.png", "f.png", "image/png", key="k"))
    replica_of(run, link, fresh=True).level()
    asset = {"_id": "a1", "runId": run.id, "key": "k", "url": "a1/f.png", "local_path": "f.png"}
    link.services["assets"] = {"a1": asset}
    replica = replica_of(run, link)
    replica.level()
    assert [asset["_id"] for asset in link.run()["assets"]] == ["a1"]
    replica.apply(events.resume(0, 1, ["k"], []))
    replica.level()
    assert link.services["assets"] == {}
    assert link.run()["assets"] == []
    assert link.run()["logs"] == {"loss": [0.0]}


def test_fields_that_are_too_large_are_shortened_and_named() -> None:
    link = MemoryLink(limit=2_000)
    run = new_run(1)
    run.apply(events.model(0, {"summary": "x" * 5_000}))
    replica = replica_of(run, link, fresh=True)
    replica.level()
    assert replica.shortened == {"model.summary"}
    assert not replica.has_all
    assert "the run's folder has it" in link.run()["model"]["summary"]
    calls = link.patches()
    for n in range(1, 4):
        replica.apply(epoch(n))
        replica.level()
    assert link.patches() == calls + 3
    assert link.run()["logs"] == run.logs()


def test_a_query_that_finds_nothing_says_so(link: MemoryLink) -> None:
    with pytest.raises(NotFound):
        RunDocuments(link).patch("none", {}, {})
