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
from marcelle_rt.runs.sync.pace import PAUSE
from marcelle_rt.runs.sync.publisher import Publisher, publisher_for
from marcelle_rt.runs.sync.status import Phase
from tests.helpers import eventually


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
