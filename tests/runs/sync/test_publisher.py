"""Publisher: the thread that brings runs level spares the training that it watches."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from marcelle_rt import Writer
from marcelle_rt.errors import BackendUnreachable
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.document import events
from marcelle_rt.runs.sync import file_queue
from marcelle_rt.runs.sync.pace import PAUSE
from marcelle_rt.runs.sync.publisher import Publisher, publisher_for
from marcelle_rt.runs.sync.status import Phase
from tests.helpers import eventually
from tests.runs.sync.memory_feed import Made
from tests.runs.sync.memory_link import MemoryLink
from tests.support.runs import epoch as an_epoch


class Counting(threading.Event):
    """Counts how often a thread was woken."""

    count = 0

    def set(self) -> None:
        self.count += 1
        super().set()


@pytest.fixture
def clock() -> Callable[[], float]:
    """A clock of its own has a publisher of its own."""
    return lambda: time.monotonic()


@pytest.fixture
def publisher(clock: Callable[[], float]) -> Publisher:
    made = publisher_for(None, clock)
    made._wake = Counting()
    return made


@pytest.fixture
def writer(publisher: Publisher, clock: Callable[[], float], tmp_path: Path) -> Iterator[Writer]:
    with Writer("w", remote=False, base_log_dir=tmp_path) as made:
        made.settings = replace(made.settings, clock=clock)
        made.create_run()
        yield made


def woken(publisher: Publisher) -> int:
    assert isinstance(publisher._wake, Counting)
    return publisher._wake.count


def test_a_training_at_full_speed_wakes_the_publisher_some_times_a_second_only(
    publisher: Publisher, writer: Writer
) -> None:
    before, start = woken(publisher), time.monotonic()
    for epoch in range(5_000):
        writer.save_epoch(epoch, {"loss": 1.0})
    assert woken(publisher) - before <= (time.monotonic() - start) / PAUSE + 2
    assert writer.flush(60)


def test_an_epoch_after_a_rest_wakes_the_publisher_at_once(publisher: Publisher, writer: Writer) -> None:
    epochs = itertools.count()

    def wakes() -> bool:
        eventually(lambda: publisher._is_idle and not publisher._news)
        before = woken(publisher)
        writer.save_epoch(next(epochs), {"loss": 1.0})
        return woken(publisher) > before

    for _ in range(3):
        eventually(wakes)  # more than once where it stirred by itself just then


class Ending:
    """A run that is settled by the first look at it, and brings no news after that."""

    copy = None

    def __init__(self) -> None:
        self.phase = Phase.ENDED
        self.is_released = False

    def advance(self) -> None:
        self.phase = Phase.SETTLED

    def release(self) -> None:
        self.is_released = True


def test_a_run_that_ended_is_let_go_of_without_any_news() -> None:
    run = Ending()
    Publisher().add(run)  # type: ignore[arg-type]
    eventually(lambda: run.is_released)


def test_a_thread_without_runs_ends(publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marcelle_rt.runs.sync.publisher._IDLE", 0.05)
    for _ in range(2):
        with Writer("w", remote=False, base_log_dir=tmp_path) as writer:
            writer.save_epoch(0, {"loss": 1.0})
        eventually(lambda: publisher._thread is None)


def test_a_publisher_begins_with_nothing_done_and_nobody_waiting() -> None:
    made = Publisher()
    assert (made.failures, made.tries, made.was_waited_for) == (0, 0, False)
    assert (made._is_pressed, made._news, made._is_idle, made._away_until) == (False, False, False, 0.0)
    assert not made._has_begun.is_set()
    made.press()
    assert (made._is_pressed, made._news, made._wake.is_set()) == (True, True, True)


class Later:
    """A run that is due again in a moment, without any news, and is settled then."""

    copy = None

    def __init__(self) -> None:
        self.phase = Phase.OPEN
        self.looks = 0
        self.thread: threading.Thread | None = None

    def advance(self) -> float | None:
        self.looks += 1
        self.thread = threading.current_thread()
        if self.looks < 3:
            return time.monotonic() + 0.05
        return None


def test_a_run_is_looked_at_when_it_is_due_by_a_thread_that_keeps_no_program_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("marcelle_rt.runs.sync.publisher._IDLE", 1000.0)
    run = Later()
    Publisher().add(run)  # type: ignore[arg-type]
    eventually(lambda: run.looks == 3)
    assert run.thread is not None
    assert (run.thread.name, run.thread.daemon) == ("marcelle-publisher", True)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path, MemoryLink())


@pytest.fixture
def served(made: Made, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """A publisher without a thread, of the run's clock, whose pauses are not random."""
    monkeypatch.setattr("marcelle_rt.runs.sync.publisher.CHANCE.uniform", lambda least, most: most)
    return Publisher(clock=made.clock)


@pytest.mark.filterwarnings("ignore::marcelle_rt.notices.MarcelleWarning")
def test_a_backend_that_is_away_is_tried_again_after_longer_and_longer_pauses(made: Made, served: Publisher) -> None:
    link = made.link
    assert link is not None
    link.faults["connect"] = [BackendUnreachable("memory", "refused")] * 3
    served.was_waited_for = True
    for number, pause in enumerate((0.5, 1.0, 2.0), 1):
        assert served._advance(made.feed) == made.clock.now + pause
        assert (served.failures, served.tries, served._has_begun.is_set()) == (number, number, True)
        tried = len(link.calls)
        made.clock.now += pause / 2
        assert served._advance(made.feed) == made.clock.now + pause / 2
        assert len(link.calls) == tried  # only what needs no backend is done before
        made.clock.now += pause / 2
    assert made.feed.status.problem == "refused"
    served._advance(made.feed)
    assert (served.failures, served.tries, served.was_waited_for) == (0, 3, False)
    assert made.feed.status.complete


def test_a_run_that_lacks_nothing_is_served_though_its_backend_is_away(made: Made, served: Publisher) -> None:
    served._advance(made.feed)
    assert served._has_begun.is_set()
    served.failures, served._away_until = 1, made.clock.now + 100
    assert served._advance(made.feed) == made.clock.now + 30  # the next sign of life
    assert served.failures == 0


def test_files_are_handed_over_once_the_run_is_there_and_tried_again_when_they_are_due(
    made: Made, served: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    def upload(*asked: object) -> object:
        given.append(asked[3:5])
        raise BackendUnreachable("memory", "refused")

    handed: list[Callable[[], None]] = []
    monkeypatch.setattr(file_queue, "upload", upload)
    monkeypatch.setattr(served._uploads, "put", handed.append)
    made.feed.record(events.asset(0, 0, "f.png", "f.png", "image/png", key="k"))
    served._advance(made.feed)
    (send,) = handed
    with pytest.warns(MarcelleWarning, match="sent when the backend takes it"):
        send()
    assert given == [("r", "b-1")]
    made.clock.now += 0.5
    assert served._advance(made.feed) == made.clock.now + 0.5
    made.clock.now += 0.5
    served._advance(made.feed)
    assert len(handed) == 2


def test_a_fault_of_ours_in_one_run_costs_that_one_a_pause(made: Made, served: Publisher) -> None:
    with pytest.warns(MarcelleWarning, match="ZeroDivisionError"):
        assert served._guarded(made.feed, lambda: 1 / 0) == made.clock.now + 10
    assert served._guarded(made.feed, lambda: 7.0) == 7.0


def test_who_waits_is_a_run_that_its_backend_lacks(made: Made, served: Publisher, tmp_path: Path) -> None:
    made.feed.keep()
    assert served._waits(made.feed)
    served._advance(made.feed)
    assert not served._waits(made.feed)
    made.feed.record(an_epoch(0))
    served._advance(made.feed)
    (tmp_path / "alone").mkdir()
    assert not served._waits(Made(tmp_path / "alone", None).feed)
