"""A run's copy under other hands: given up, taken over, spoiled, emptied; and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.remote.run_documents import RunDocuments
from marcelle_rt.runs.sync.replica.replica import Replica
from marcelle_rt.runs.sync.replica.strangers import CopyDisagrees, OtherRun
from marcelle_rt.runs.sync.status import Delivery
from tests.runs.sync.memory_link import MemoryLink
from tests.support.runs import epoch, new_run

GIVEN_UP = {"status": "error", "error": "no sign of life"}


@pytest.fixture
def link() -> MemoryLink:
    return MemoryLink()


@pytest.fixture
def run() -> Run:
    return new_run(1)


def follow(run: Run, link: MemoryLink, **options: Any) -> Replica:
    """A replica of a run that was made just now, level."""
    replica = Replica(run, RunDocuments(link), fresh=True, **options)
    replica.level()
    return replica


def again(run: Run) -> Run:
    """The same run, read from its folder by another program."""
    fields = {name: run.fields[name] for name in ("basename", "start", "source", "params") if name in run.fields}
    return Run([events.create(0, run.id, fields), *(epoch(n) for n in range(len(run.epochs)))])


def test_a_replica_has_nothing_to_say_before_it_begins(link: MemoryLink, run: Run) -> None:
    replica = Replica(run, RunDocuments(link))
    assert (replica.why, replica.name, replica.copies, replica.shortened) == ("", "", 0, set())
    replica.level()
    assert link.run()["writer"].startswith("-")  # no folder's


def test_an_event_that_changes_nothing_sends_nothing(link: MemoryLink, run: Run) -> None:
    replica = follow(run, link)
    before = len(link.calls)
    replica.apply({"type": "of another day"})
    assert not replica.is_level
    assert not replica.step()
    assert replica.is_level
    assert link.calls[before:] == []


def test_a_run_that_was_given_up_has_its_status_again_with_its_next_epoch(link: MemoryLink, run: Run) -> None:
    replica = follow(run, link)
    link.run().update(GIVEN_UP)
    replica.apply(epoch(1))
    replica.level()
    assert (link.run()["status"], link.run()["error"]) == ("epoch", None)
    assert link.patches() == 2  # the epoch, whose answer tells, and the status


def test_a_run_that_was_given_up_has_its_status_again_from_who_takes_it_up(link: MemoryLink, run: Run) -> None:
    follow(run, link)
    link.run().update(GIVEN_UP)
    Replica(again(run), RunDocuments(link)).level()
    assert (link.run()["status"], link.run()["error"]) == ("epoch", None)


def test_a_run_that_failed_keeps_its_error_when_it_is_taken_up(link: MemoryLink, run: Run) -> None:
    run.apply(events.end(0, "error", "a fault"))
    follow(run, link)
    failed = again(run)
    failed.apply(events.end(0, "error", "a fault"))
    replica = Replica(failed, RunDocuments(link))
    replica.level()
    assert link.patches() == 0
    assert link.run()["error"] == "a fault"


def test_a_status_that_was_not_sent_yet_was_not_taken_back_by_anybody(link: MemoryLink, run: Run) -> None:
    run.apply(events.end(0, "error", "a fault"))
    replica = follow(run, link)
    replica.apply(events.resume(0, 1, [], []))
    began = run.changed["status"]
    link._limit = 300  # so that the epochs go first, and the fields with the last of them
    for n in range(1, 9):
        replica.apply(epoch(n))
    assert replica.step()
    assert link.run()["status"] == "error"
    assert replica.step()
    assert run.changed["error"] == began
    replica.level()
    assert (link.run()["status"], link.run()["error"]) == ("epoch", None)


def test_a_copy_that_was_there_is_gone_on_with_under_its_name(link: MemoryLink, run: Run) -> None:
    first = follow(run, link)
    second = Replica(again(run), RunDocuments(link), fresh=True)  # its create was carried out, and its answer lost
    second.apply(epoch(1))
    second.level()
    assert (second.name, second.copies) == (first.name, 1)
    assert link.run()["logs"] == {"loss": [0.0, 1 / 7]}


def test_a_backend_that_keeps_no_names_gives_none(run: Run) -> None:
    link = MemoryLink(drops=("name",))
    assert follow(run, link).name == ""
    replica = Replica(again(run), RunDocuments(link))
    replica.level()
    assert replica.name == ""


def test_another_run_is_named_with_its_start(link: MemoryLink, run: Run) -> None:
    follow(run, link)
    stranger = Run([events.create(0, run.id, {"basename": "b", "start": "2020-01-01T00:00:00.000Z", "params": {}})])
    with pytest.raises(OtherRun) as caught:
        Replica(stranger, RunDocuments(link)).level()
    assert (caught.value.location, caught.value.run_id) == ("memory", run.id)
    assert str(caught.value) == (
        f"memory has another run under the _id {run.id} (it started at 2026-11-24T09:30:00.000Z), so this one is not "
        "sent there: a folder that says so was changed by hand, or is somebody else's"
    )


def test_a_run_whose_start_was_lost_is_known_by_its_id(link: MemoryLink, run: Run) -> None:
    follow(run, link)
    lost = Run([events.create(0, run.id, {"basename": run.fields["basename"], "params": {}}), epoch(0)])
    Replica(lost, RunDocuments(link)).level()
    assert link.run()["start"] == "2026-11-24T09:30:00.000Z"


class Forgetful(MemoryLink):
    """A backend that keeps no values of the next few messages that write some, and says so when it is asked.

    Attributes:
        spoils: How many.
    """

    spoils = 0

    def call(self, *arguments: Any) -> Any:
        return self._written(super().call(*arguments))

    def service(self, name: str) -> Any:
        service = super().service(name)
        if name == "runs":
            update, get = service.update, service.get
            service.update = lambda *arguments: self._written(update(*arguments))
            service.get = lambda *arguments: self._emptied(get(*arguments), self.spoils > 0)
        return service

    def _written(self, document: dict[str, Any]) -> dict[str, Any]:
        self.spoils -= 1
        return self._emptied(document, self.spoils >= 0)

    def _emptied(self, document: dict[str, Any], is_spoiled: bool) -> dict[str, Any]:
        return {**document, "logs": {}} if is_spoiled else document


@pytest.mark.parametrize("places", [True, False])
def test_a_copy_that_keeps_nothing_is_named_at_the_fifth_time_in_a_row(run: Run, places: bool) -> None:
    link = Forgetful(places=places)
    replica = follow(run, link)
    for spoils in (0, 4, 0, 4, 0):  # fewer than five: what goes right in between begins the count anew
        link.spoils = spoils
        replica.apply(epoch(len(run.epochs)))
        replica.level()
        assert link.run()["logs"] == run.logs()
    for _ in range(2):
        link.spoils = 5
        replica.apply(epoch(len(run.epochs)))
        with pytest.raises(CopyDisagrees) as caught:
            replica.level()
        assert link.spoils == 0
    assert (caught.value.location, caught.value.run_id) == ("memory", run.id)
    assert replica.delivery is Delivery.OPENING


def test_four_times_in_a_row_are_not_five_from_the_first_message_on(run: Run) -> None:
    link = Forgetful()
    replica = follow(run, link)
    link.spoils = 4
    replica.apply(epoch(1))
    replica.level()
    assert link.run()["logs"] == run.logs()


def test_who_is_kept_out_goes_on_with_what_is_there_at_once(link: MemoryLink, run: Run) -> None:
    first = follow(run, link)
    second = Replica(again(run), RunDocuments(link))
    second.apply(epoch(1))
    second.level()
    first.apply(epoch(1))
    assert first.step()
    assert (first.delivery, first.copies) == (Delivery.FOLLOWING, 2)


def test_a_run_that_is_gone_with_its_heartbeat_left_is_gone_at_once(link: MemoryLink, run: Run) -> None:
    replica = follow(run, link)
    del link.services["runs"][run.id]
    link.services[events.HEARTBEATS] = {run.id: {"_id": run.id}}
    replica.apply(epoch(1))
    replica.step()
    assert replica.delivery is Delivery.GONE


def test_what_an_emptied_database_still_has_of_a_run_is_not_uploaded_again(
    link: MemoryLink, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marcelle_rt.runs.sync.replica.replica._REMOVAL_PATIENCE", 0.0)
    run.apply(events.asset(0, 1, "f.png", "f.png", "image/png", key="k"))
    replica = follow(run, link)
    link.services["assets"] = {"a1": {"_id": "a1", "runId": run.id, "key": "k", "url": "a1/f.png"}}
    del link.services["runs"][run.id]
    replica.apply(epoch(1))
    assert replica.step()
    assert (replica.delivery, replica.missing()) == (Delivery.OPENING, 3)  # all of it: two values, and the asset
    assert run.is_uploaded("k")
    replica.level()
    assert [asset["_id"] for asset in link.run()["assets"]] == ["a1"]


def test_a_run_that_is_removed_before_it_is_created_again_stays_removed(
    link: MemoryLink, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marcelle_rt.runs.sync.replica.replica._REMOVAL_PATIENCE", 0.0)
    replica = follow(run, link)
    del link.services["runs"][run.id]
    replica.apply(epoch(1))
    replica.step()
    assert replica.delivery is Delivery.OPENING
    link.services[events.HEARTBEATS] = {run.id: {"_id": run.id}}
    replica.level()
    assert replica.delivery is Delivery.GONE
    assert link.services["runs"] == {}


def test_a_large_field_that_comes_later_is_shortened_too(run: Run) -> None:
    link = MemoryLink(limit=2_000)
    replica = follow(run, link)
    replica.apply(events.model(0, {"summary": "x" * 5_000}))
    replica.level()
    assert replica.shortened == {"model.summary"}
    assert len(link.run()["model"]["summary"]) < 2_000


def test_a_backend_without_places_gets_what_no_message_holds_and_has_it_named(run: Run) -> None:
    link = MemoryLink(limit=2_000, places=False)
    replica = follow(run, link)
    replica.apply(events.model(0, {"summary": "x" * 5_000}))
    for n in range(1, 200):
        replica.apply(epoch(n))
    replica.level()
    assert link.run()["logs"] == run.logs()
    assert replica.shortened == {"model.summary"}
    assert len(link.run()["model"]["summary"]) < 2_000


def test_other_files_in_a_copy_do_not_make_it_somebody_elses(link: MemoryLink, run: Run) -> None:
    follow(run, link, folder="f00d")
    link.run()["assets"] = [{"_id": "theirs"}]
    replica = Replica(again(run), RunDocuments(link), folder="beef")
    replica.level()
    assert not replica.replaced
