"""The publisher's rounds, served by the test itself: when it looks at its runs, and when it lets them go and ends."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from marcelle_rt.errors import RunFolderError
from marcelle_rt.runs.sync import publisher as module
from marcelle_rt.runs.sync.publisher import Publisher
from marcelle_rt.runs.sync.status import Phase
from tests.helpers import eventually
from tests.runs.sync.memory_feed import Made
from tests.runs.sync.memory_link import MemoryLink
from tests.support.clock import Clock


class Run:
    """A run that is due again after so many seconds each time, and settled when none are left."""

    copy = None

    def __init__(self, clock: Clock, *pauses: float | Exception | None) -> None:
        self.phase = Phase.OPEN
        self.looks: list[float] = []
        self.released: list[float] = []
        self.faults: list[BaseException] = []
        self._clock = clock
        self._pauses = list(pauses)

    def advance(self) -> float | None:
        self.looks.append(self._clock.now)
        if not self._pauses:
            self.phase = Phase.SETTLED
            return None
        pause = self._pauses.pop(0)
        if isinstance(pause, Exception):
            raise pause
        return None if pause is None else self._clock.now + pause

    def release(self) -> None:
        self.released.append(self._clock.now)
        raise RunFolderError("/a/run", "can't be let go of")

    def fault(self, error: BaseException) -> None:
        self.faults.append(error)


class Route:
    """Counts when it is asked."""

    def __init__(self, clock: Clock, due: float) -> None:
        self.due = due
        self.asked: list[float] = []
        self.is_closed = False
        self._clock = clock

    def choose(self, feeds: object) -> None:
        self.asked.append(self._clock.now)
        self.due += 3.0

    def close(self) -> None:
        self.is_closed = True


class Rounds(Publisher):
    """A publisher whose waits are told by the test: how long each lasts, and whether it brings news."""

    def __init__(self, clock: Clock, *waits: tuple[float, bool]) -> None:
        super().__init__(clock=clock)
        self.now = clock
        self.asked: list[tuple[float, bool]] = []
        self._waits_told = list(waits)
        self.route = self._route = Route(clock, clock.now)  # type: ignore[assignment]

    def _wait_for_news(self, timeout: float, *, worked: bool) -> bool:
        self.asked.append((timeout, worked))
        seconds, news = self._waits_told.pop(0)
        self.now.now += seconds
        return news

    def serve(self, *runs: Any) -> None:
        self._feeds = list(runs)
        self._thread = threading.current_thread()
        self._serve()
        assert not self._waits_told


@pytest.fixture
def clock() -> Clock:
    return Clock(0.0)


def test_a_run_is_looked_at_with_news_and_when_it_is_due_and_let_go_of_when_it_is_over(clock: Clock) -> None:
    run = Run(clock, 3.0)
    rounds = Rounds(clock, (0.0, True), (1.0, False), (2.0, False), (0.0, False), (5.0, False))
    rounds.serve(run)
    # At once with news; not for the moment after work; to the second when due.
    assert run.looks == [0.0, 3.0]
    assert run.released == [3.0]
    assert rounds.asked == [(5.0, False), (3.0, True), (2.0, False), (5.0, False), (5.0, False)]
    assert (rounds._thread, rounds.route.is_closed) == (None, True)
    assert rounds.route.asked == [0.0, 3.0]
    assert [str(error) for error in run.faults] == [str(RunFolderError("/a/run", "can't be let go of"))]


def test_a_run_that_is_overdue_waits_no_longer(clock: Clock) -> None:
    run = Run(clock, 1.0)
    rounds = Rounds(clock, (0.0, True), (0.5, False), (9.0, True), (0.0, True), (0.0, False), (0.0, False))
    late = Run(clock, 0.5, 0.25)
    rounds.serve(run, late)
    assert rounds.asked[:3] == [(5.0, False), (0.5, True), (0.25, False)]
    assert (run.looks, late.looks) == ([0.0, 0.5], [0.0, 0.5, 9.5])


def test_the_first_run_that_is_due_is_waited_for_whichever_it_is(clock: Clock) -> None:
    for pauses in ((3.0, 10.0), (10.0, 3.0)):
        clock.now = 0.0
        runs = [Run(clock, pause) for pause in pauses]
        rounds = Rounds(clock, (0.0, True), (0.0, True), (0.0, False), (0.0, False))
        rounds.serve(*runs)
        assert rounds.asked[1] == (3.0, True)


def test_who_waits_for_a_backend_that_is_away_has_it_tried_at_once(clock: Clock) -> None:
    rounds = Rounds(clock, (0.0, True), (0.0, False), (0.0, False))
    rounds._is_pressed, rounds._away_until = True, 2000.0
    rounds.serve(Run(clock))
    assert (rounds._is_pressed, rounds._away_until) == (False, 0.0)


def test_a_fault_in_one_run_is_that_ones_and_pauses_it_alone(clock: Clock) -> None:
    faulty, other = Run(clock, ZeroDivisionError()), Run(clock, None)
    rounds = Rounds(clock, (0.0, True), (10.0, False), (0.0, False), (0.0, False))
    rounds.serve(faulty, other)
    assert isinstance(faulty.faults[0], ZeroDivisionError)
    assert rounds.asked[1] == (10.0, True)
    assert len(other.faults) == 1  # its own, when it was let go of


def test_a_program_that_ends_at_once_waits_for_a_first_exchange(
    tmp_path: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[threading.Event] = []
    monkeypatch.setattr(module, "_hold_shutdown", held.append)
    monkeypatch.setattr(Publisher, "_serve", lambda self: None)
    publisher = Publisher()
    publisher.add(Made(tmp_path, None).feed)
    assert held == []
    publisher = Publisher()
    publisher.add(Made(None, MemoryLink()).feed)
    assert held == [publisher._has_begun]
    assert isinstance(held[0], threading.Event)


def test_a_store_that_is_closed_just_then_leaves_the_way_as_it_is(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    class Closed(Route):
        def choose(self, feeds: object) -> None:
            super().choose(feeds)
            raise RunFolderError("/a/run", "is closed")

    run = Run(clock)
    rounds = Rounds(clock, (0.0, True), (0.0, False), (0.0, False))
    rounds._route = Closed(clock, 0.0)  # type: ignore[assignment]
    with caplog.at_level("INFO", "marcelle_rt"):
        rounds.serve(run)
    (told,) = (record.getMessage() for record in caplog.records if "the way" in record.getMessage())
    assert told == f"the way to the backend stays as it is: {RunFolderError('/a/run', 'is closed')}"
    assert run.looks == [0.0]


@pytest.mark.parametrize("main_has_ended", [False, True])
def test_the_shutdown_waits_a_moment_for_what_has_not_begun(
    monkeypatch: pytest.MonkeyPatch, main_has_ended: bool
) -> None:
    did: list[Any] = []

    class Pool:
        def __init__(self, count: int, name: str) -> None:
            did.append((count, name))

        def submit(self, *asked: Any) -> None:
            did.append(asked)
            if main_has_ended:
                raise RuntimeError("cannot schedule new futures after shutdown")

        def shutdown(self, *, wait: bool) -> None:
            did.append(wait)

    monkeypatch.setattr(module, "ThreadPoolExecutor", Pool)
    begun = threading.Event()
    module._hold_shutdown(begun)
    assert did == [(1, "marcelle-start"), (begun.wait, 2.0), False]


def test_uploads_have_a_thread_of_their_own_whose_end_is_news() -> None:
    publisher = Publisher()
    names: list[str] = []
    publisher._uploads.put(lambda: names.append(threading.current_thread().name))
    eventually(lambda: publisher._news)
    publisher._uploads.stop()
    assert names == ["marcelle-uploads"]
