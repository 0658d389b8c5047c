"""Two folders that say they are the same run: which of them the backend gets, and what the other one says."""

from __future__ import annotations

import pytest

from marcelle_rt.errors import ConnectionLost
from marcelle_rt.runs.document import events
from marcelle_rt.runs.sync.status import Delivery
from tests.runs.sync.memory_link import MemoryLink
from tests.runs.sync.replica.test_delivery import replica_of, same
from tests.support.runs import epoch, new_run


@pytest.fixture
def link() -> MemoryLink:
    return MemoryLink()


@pytest.mark.parametrize("goes_on", [False, True], ids=["one began here", "one goes on"])
def test_two_programs_with_copies_of_a_folder_do_not_both_say_that_all_is_there(
    link: MemoryLink, goes_on: bool
) -> None:
    run = new_run(1)
    ours = replica_of(run, link, fresh=True, folder="f00d")
    ours.level()
    if goes_on:
        ours = replica_of(same(run), link, folder="f00d")
        ours.level()
    theirs = replica_of(same(run), link, folder="beef")
    theirs.level()
    for n in range(1, 4):
        ours.apply(epoch(n, loss=float(n)))
        theirs.apply(epoch(n, loss=-float(n)))
        for replica in (theirs, ours):
            if replica.delivery is not Delivery.CLOSED:
                replica.level()
    closed = [replica for replica in (ours, theirs) if replica.delivery is Delivery.CLOSED]
    (open_,) = [replica for replica in (ours, theirs) if replica.delivery is Delivery.FOLLOWING]
    assert [(replica.has_all, replica.is_level) for replica in closed] == [(False, True)]
    why = "another program writes other values to its copy at memory, from another folder; was the run's folder copied?"
    assert closed[0].why == why
    assert open_.has_all
    assert link.run()["logs"] == open_.run.logs()
    calls = len(link.calls)
    assert not closed[0].step()
    assert len(link.calls) == calls


def test_a_snapshot_of_a_folder_that_is_uploaded_meanwhile_stops_nobody(link: MemoryLink) -> None:
    run = new_run(3)
    ours = replica_of(run, link, fresh=True, folder="f00d")
    ours.level()
    snapshot = same(run)
    snapshot.apply(events.end(0, "error", "it looked dead there"))
    theirs = replica_of(snapshot, link, folder="beef")
    theirs.level()
    assert link.run()["status"] == "error"

    ours.apply(epoch(3))
    ours.level()
    assert (ours.delivery, ours.has_all) == (Delivery.FOLLOWING, True)
    assert link.run()["logs"] == run.logs()
    assert link.run()["status"] == "epoch"


def test_a_run_that_began_here_and_was_copied_before_its_first_answer_came_is_not_sent_over_the_copy(
    link: MemoryLink,
) -> None:
    run = new_run(1)
    ours = replica_of(run, link, fresh=True, folder="f00d")
    link.faults["create runs"] = [ConnectionLost("memory", "runs.create")]
    with pytest.raises(ConnectionLost):
        ours.step()
    theirs = replica_of(same(run), link, folder="beef")
    for n in range(1, 4):
        theirs.apply(epoch(n, loss=-float(n)))
    theirs.level()
    ours.apply(epoch(1, loss=1.0))
    ours.level()
    assert (ours.delivery, ours.has_all) == (Delivery.CLOSED, False)
    assert link.run()["logs"] == theirs.run.logs()


def test_other_values_from_another_folder_are_overwritten_and_said(link: MemoryLink) -> None:
    run = new_run(2)
    replica_of(run, link, fresh=True, folder="f00d").level()
    other = same(run)
    other.apply(epoch(1, loss=9.0))
    theirs = replica_of(other, link, folder="beef")
    theirs.level()
    assert theirs.replaced
    assert link.run()["logs"] == {"loss": [0.0, 9.0]}
