"""When the end of a run waits in vain, and what is told of the rest; with a backend in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from marcelle_rt.errors import BadRequest
from marcelle_rt.runs.document import events
from marcelle_rt.runs.folder import journal
from marcelle_rt.runs.sync.patience import UNREACHED, Patience, unsent
from marcelle_rt.runs.sync.publisher import Publisher
from marcelle_rt.runs.sync.sentences import unsent_hint
from tests.runs.sync.memory_feed import Made, Said
from tests.runs.sync.memory_link import MemoryLink
from tests.support.clock import Clock
from tests.support.runs import epoch


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path, MemoryLink(), Said())


def failed(tries: int) -> Publisher:
    """A publisher that could not reach its backend so many times."""
    publisher = Publisher()
    publisher.failures = publisher.tries = tries
    return publisher


def test_a_backend_that_was_never_reached_is_waited_for_two_seconds(made: Made) -> None:
    clock, publisher = Clock(), failed(1)
    patience = Patience(made.feed, publisher, clock=clock)
    assert not patience.is_over()
    assert publisher.was_waited_for is False
    clock.now += UNREACHED
    assert not patience.is_over()
    clock.now += 0.01
    assert patience.is_over()
    assert publisher.was_waited_for is True


def test_a_second_run_waits_for_one_more_try_alone(made: Made) -> None:
    publisher = failed(3)
    publisher.was_waited_for = True
    patience = Patience(made.feed, publisher, clock=Clock())
    assert not patience.is_over()
    publisher.tries += 1
    assert patience.is_over()
    publisher.was_waited_for = False
    assert not Patience(made.feed, publisher, clock=Clock()).is_over()


def test_who_is_there_or_has_had_the_run_is_waited_for(made: Made) -> None:
    clock = Clock()
    in_reach = Patience(made.feed, failed(0), clock=clock)
    made.serve()
    known = Patience(made.feed, failed(1), clock=clock)
    clock.now += 100
    assert [patience.is_over() for patience in (in_reach, known)] == [False] * 2


@pytest.mark.parametrize("failures", [0, 1])
def test_a_backend_that_was_away_is_tried_at_once(made: Made, failures: int) -> None:
    publisher = failed(failures)
    Patience(made.feed, publisher, clock=Clock())
    assert publisher._is_pressed is bool(failures)


def test_what_is_not_sent_yet_is_named_with_the_reason_and_the_command(made: Made) -> None:
    made.serve()
    assert unsent(made.feed) is None
    link = made.link
    assert link is not None
    link.faults["patch runs"] = [BadRequest("never")]
    made.clock.now += 1
    made.feed.record(epoch(0))
    made.serve()
    assert unsent(made.feed) == unsent_hint(made.journal, link, "BadRequest: never", goes_on=True)

    link.status = "closed"
    assert made.feed.copy is not None
    made.feed.copy.replica.close("its Remote was closed")
    made.feed.copy.problem = "its Remote was closed"
    made.feed.end(events.end(0, "success", None))
    made.serve()
    problem = made.feed.status.problem
    assert problem == "its Remote was closed"
    assert unsent(made.feed) == unsent_hint(made.journal, link, problem, goes_on=False)


def test_what_a_full_disk_did_not_take_is_named_though_the_backend_has_it(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    made.serve()
    monkeypatch.setattr(journal.os, "write", write)
    made.feed.record(epoch(0))
    made.until_settled()
    assert unsent(made.feed) == unsent_hint(made.journal, None, "No space left on device", goes_on=False)


def test_a_run_in_its_folder_alone_leaves_nothing_unsent(tmp_path: Path) -> None:
    made, clock = Made(tmp_path, None), Clock()
    made.serve()
    assert unsent(made.feed) is None
    patience = Patience(made.feed, failed(1), clock=clock)
    clock.now += 100
    assert not patience.is_over()
