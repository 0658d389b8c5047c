"""That pages see a run start before they see an epoch: a stock plot begins anew at that."""

from __future__ import annotations

import pytest

from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.run import Run
from tests.runs.sync.memory_link import MemoryLink
from tests.runs.sync.replica.test_delivery import replica_of, same
from tests.support.runs import epoch, new_run


@pytest.fixture
def link() -> MemoryLink:
    return MemoryLink()


def begun(run: Run, status: str = "epoch") -> Run:
    """A run of two epochs that came before its copy was sent anything."""
    run.apply(events.begin(0.0, 2))
    run.apply(epoch(0))
    run.apply(epoch(1))
    if status != "epoch":
        run.apply(events.end(1.0, status, None))
    return run


@pytest.mark.parametrize("status", ["epoch", "success", "error"])
@pytest.mark.parametrize("is_there", [True, False])
def test_pages_see_that_a_run_starts_before_its_first_epoch_however_fast_that_comes(
    link: MemoryLink, status: str, is_there: bool
) -> None:
    run = new_run()
    replica = replica_of(run, link, fresh=True, live=True)
    if is_there:
        replica.level()
        assert link.run()["status"] == "idle"
    begun(run, status)
    assert replica.step()
    assert (link.run()["status"], link.run()["logs"], replica.is_level) == ("start", run.logs(), False)
    assert replica.step()
    assert (link.run()["status"], replica.is_level, replica.has_all) == (status, True, True)
    assert not replica.step()


def test_a_start_that_pages_have_seen_is_not_shown_again(link: MemoryLink) -> None:
    run = new_run()
    replica = replica_of(run, link, fresh=True, live=True)
    replica.level()
    run.apply(events.begin(0.0, 2))
    replica.level()
    before = link.patches()
    for n in range(3):
        run.apply(epoch(n))
        replica.level()
    run.apply(events.begin(1.0, 1))  # as each `fit` of a loop says
    run.apply(epoch(3))
    replica.level()
    assert (link.patches() - before, link.run()["status"]) == (4, "epoch")


def test_a_run_that_goes_on_and_so_starts_anyway_is_created_in_one_call(link: MemoryLink) -> None:
    run = begun(new_run())
    run.apply(events.resume(2.0, 1, [], []))
    replica = replica_of(run, link, fresh=True, live=True)
    replica.level()
    assert (link.run()["status"], link.run()["logs"], link.patches()) == ("start", run.logs(), 0)


def test_a_copy_that_is_made_again_starts_again(link: MemoryLink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marcelle_rt.runs.sync.replica.replica._REMOVAL_PATIENCE", 0.0)
    run = begun(new_run())
    replica = replica_of(run, link, fresh=True, live=True)
    replica.level()
    link.services.clear()
    run.apply(epoch(2))
    while not link.services.get("runs"):
        replica.step()
    assert link.run()["status"] == "start"
    replica.level()
    assert (link.run()["status"], link.run()["logs"]) == ("epoch", run.logs())


def test_a_run_that_goes_on_is_shown_to_start_and_one_that_failed_before_its_first_epoch_is_not(
    link: MemoryLink,
) -> None:
    run = begun(new_run())
    replica_of(run, link, fresh=True).level()
    again = same(run)
    replica = replica_of(again, link, live=True)
    again.apply(events.begin(2.0, 3))
    again.apply(epoch(2))
    replica.step()
    replica.step()
    assert link.run()["status"] == "start"
    replica.level()
    assert link.run()["status"] == "epoch"

    failed = MemoryLink()
    run = new_run()
    run.apply(events.end(1.0, "error", "no data"))
    replica_of(run, failed, fresh=True, live=True).level()
    assert (failed.run()["status"], failed.patches()) == ("error", 0)
