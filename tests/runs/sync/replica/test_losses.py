"""What a backend lost of a run's copy is noticed, and sent again."""

from __future__ import annotations

import pytest

from marcelle_rt import DataStore, Remote
from marcelle_rt.errors import ConnectionLost
from marcelle_rt.runs.document import tail
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.remote.run_documents import RunDocuments
from marcelle_rt.runs.sync.replica.replica import Replica
from tests.runs.sync.memory_link import MemoryLink
from tests.support.runs import epoch, new_run


def test_an_end_that_is_lost_while_the_last_epoch_is_saved_again_is_made_whole(
    remote: Remote, store: DataStore
) -> None:
    run = new_run(5)
    replica = Replica(run, RunDocuments(remote.link), fresh=True)
    replica.level()
    store.service("runs").patch(run.id, {"logs": {"loss": [0.0, 1 / 7]}})
    replica.apply(epoch(4, loss=9.0))
    replica.level()
    assert store.service("runs").get(run.id)["logs"] == run.logs()


def lose_an_answer(replica: Replica, link: MemoryLink, number: int) -> None:
    replica.apply(epoch(number))
    link.faults["after:patch runs"] = [ConnectionLost("memory", "runs::patch")]
    with pytest.raises(ConnectionLost):
        replica.step()


def test_after_a_lost_answer_the_next_one_is_compared_value_by_value() -> None:
    link, run = MemoryLink(), new_run(10)
    replica = Replica(run, RunDocuments(link), fresh=True)
    replica.level()
    link.run()["logs"]["loss"][4] = 77.0
    lose_an_answer(replica, link, 10)
    replica.level()
    assert link.run()["logs"] == run.logs()


def test_after_a_lost_answer_a_run_is_read_from_its_journal_and_nothing_more_is_asked_for() -> None:
    link, run = MemoryLink(), new_run(10)
    events = [epoch(n) for n in range(11)]
    replica = Replica(run, RunDocuments(link), fresh=True, recall=lambda: tail.recall(run, Run(events)))
    replica.level()
    replica.forget()
    lose_an_answer(replica, link, 10)
    assert not run.is_whole
    before = len(link.calls)
    replica.level()
    assert run.is_whole
    assert link.calls[before:] == [("patch", "runs")]
    assert link.run()["logs"] == run.logs()
