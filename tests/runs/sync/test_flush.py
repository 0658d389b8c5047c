"""Waits for a run's copies: who ends them, how they end, and what shows meanwhile."""

from __future__ import annotations

import threading

import pytest

from marcelle_rt.notices import no_bar
from marcelle_rt.runs.sync.flush import Flush, Flushes
from tests.support.clock import Clock


@pytest.mark.parametrize("complete", [True, False])
def test_a_wait_ends_as_it_is_settled(complete: bool) -> None:
    flushes = Flushes()
    flush = flushes.begin()
    flushes.settle(complete)
    assert flush.wait(10) is complete


def test_a_wait_that_nobody_settles_is_in_vain() -> None:
    assert Flushes().begin().wait(0.0) is False


def test_a_wait_is_settled_once() -> None:
    flush = Flushes().begin()
    flush.settle(True)
    flush.settle(False)
    assert flush.wait(0) is True


def test_who_waits_is_counted_until_the_wait_is_over() -> None:
    flushes = Flushes()
    first, second = flushes.begin(), flushes.begin()
    assert (flushes.begun, flushes.waits) == (2, {first, second})
    first.wait(0)
    assert (flushes.begun, flushes.waits) == (2, {second})


def test_who_waits_is_told_how_much_is_missing_as_it_is_now() -> None:
    flushes = Flushes()
    flush = flushes.begin()
    assert flush._behind() == 0
    flushes.tell(5)
    assert flush._behind() == 5


def test_a_wait_ends_with_its_time_and_shows_no_bar_before_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, waited = Clock(), []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        clock.now += seconds
        return False

    flush = Flush(lambda: 1, lambda _: None, clock=clock)
    monkeypatch.setattr(flush._settled, "wait", wait)
    monkeypatch.setattr(flush, "_wait_with_bar", lambda end, what, in_vain: waited.append(end))
    assert flush.wait(0.25) is False
    assert waited == pytest.approx([0.1, 0.1, 0.05, 0.0])
    waited.clear()
    begun = clock.now
    assert flush.wait(5) is False
    assert waited[-1] == pytest.approx(begun + 5)
    assert sum(waited[:-1]) == pytest.approx(1.1)


def test_a_bar_that_cannot_be_shown_ends_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    flushes = Flushes()
    flush = flushes.begin()

    def raises(*_: object) -> None:
        flushes.settle(True)
        raise SystemExit

    monkeypatch.setattr(flush, "_wait_with_bar", raises)
    monkeypatch.setattr("marcelle_rt.runs.sync.flush._PATIENCE", 0.0)
    assert flush.wait(30) is True


def test_a_wait_ends_from_another_thread() -> None:
    flushes = Flushes()
    flush = flushes.begin()
    threading.Timer(0.05, flushes.settle, [True]).start()
    assert flush.wait(30) is True


def test_after_a_second_a_bar_shows_how_much_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import tqdm.auto

    from marcelle_rt.runs.sync import flush as module

    shown: list[tuple[int, int]] = []

    class Bar:
        total = n = 0

        def __init__(self, *, total: int, **options: object) -> None:
            assert options == {"desc": "Sending the run", "unit": "value", "disable": no_bar(), "leave": False}
            self.total = total
            shown.append((self.total, self.n))

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None: ...

        def set_description_str(self, text: str, refresh: bool) -> None:
            assert (text, refresh) == (f"Sending the run, {1060 - clock.now:.0f} s left", False)

        def refresh(self) -> None:
            shown.append((self.total, self.n))
            clock.now += 1
            behind[0] -= 3
            if behind[0] <= 0:
                flush.settle(True)

    clock, behind = Clock(), [7]
    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    monkeypatch.setattr(module, "_TICK", 0.0)
    flush = Flush(lambda: behind[0], lambda _: None, clock=clock)
    assert flush.wait(60) is True
    assert shown == [(7, 0), (7, 0), (7, 3), (7, 6)]


def test_a_bar_ends_with_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from marcelle_rt.runs.sync import flush as module

    clock = Clock()

    def behind() -> int:
        clock.now += 2
        return 1

    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    assert Flush(behind, lambda _: None, clock=clock).wait(5) is False
    assert clock.now >= 1005
