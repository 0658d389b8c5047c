"""What one backend has of a run: what is sent when, how often it is tried, and what waits for what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.config import Login
from marcelle_rt.errors import (
    BadRequest,
    FeathersError,
    GeneralError,
    NotAuthenticated,
    TooManyRequests,
)
from marcelle_rt.notices import sentence
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.events import ALERTS, BATCHES, HEARTBEATS
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder.journal import Journal, place_of
from marcelle_rt.runs.sync.backend_copy import BackendCopy
from marcelle_rt.runs.sync.past import Past
from marcelle_rt.runs.sync.sentences import sign_in
from tests.runs.sync.backend_copy.copied import START, Copied, document, numbers
from tests.runs.sync.memory_feed import Said
from tests.runs.sync.memory_link import MemoryLink
from tests.support.runs import epoch


def test_a_run_that_was_made_just_now_is_created_without_a_look_at_what_is_there(made: Copied) -> None:
    assert (made.copy.known_as, made.copy.is_level, made.copy.missing) == (("", False), False, 1)

    assert made.exchange() is None

    assert [call for call in made.calls() if call != ("find", "runs")] == [("connect", ""), ("create", "runs")]
    assert made.link.run()["writer"].startswith(f"{place_of(made.folder)}-")
    assert (made.copy.known_as, made.copy.is_level, made.copy.missing) == (("b-1", False), True, 0)
    assert made.copy.is_in_vain is False
    assert made.copy.lacks() is None
    made.record(document(1))
    assert (made.copy.is_level, made.copy.missing) == (False, 1)
    assert made.exchange() is None
    assert made.calls() == [("create", ALERTS)]
    assert made.said() == []


def test_what_lies_beside_a_run_that_goes_on_is_asked_for_and_what_is_missing_sent(tmp_path: Path) -> None:
    link = MemoryLink()
    sent, unsent = document(1), document(2)
    link.services[ALERTS] = {sent["document"]["_id"]: sent["document"]}
    first = events.create(0, "r", {"basename": "b", "start": START, "source": "keras", "params": {}})
    made = Copied(tmp_path, link, [first, epoch(0), sent, unsent])

    made.level()

    assert ("get", "runs") in made.calls()
    assert numbers(link) == [1, 2]
    assert link.run()["logs"] == {"loss": [0.0]}


def test_a_run_that_nothing_was_recorded_of_lacks_nothing(tmp_path: Path) -> None:
    made = BackendCopy(Run(), Past(Run(), Journal(tmp_path), 0), MemoryLink(), Said(), list.append, owns_link=False)  # type: ignore[arg-type]

    assert made.lacks() is None
    assert made.exchange(hurried=False) is None


def test_what_was_forgotten_is_read_from_the_journal_when_the_backend_lost_the_run(made: Copied) -> None:
    made.record(*map(epoch, range(5)), document(1))
    made.level()
    made.copy.replica.forget()
    assert not made.run.is_whole

    for times in (2, 3):
        for lost in ("runs", ALERTS, HEARTBEATS):
            made.link.services.get(lost, {}).clear()
        made.record(epoch(3 + times))
        made.clock.now += 1
        made.level()
        assert made.link.run()["logs"] == {"loss": [n / 7 for n in range(4 + times)]}
        assert numbers(made.link) == [1]  # what lay beside it was lost with it
        assert made.copy.replica.copies == times


def test_a_message_that_somebody_waits_for_is_followed_by_the_next_at_once(made: Copied) -> None:
    made.exchange()
    made.clock.now += 1
    made.record(epoch(0))
    assert made.exchange() is None
    made.record(epoch(1))
    assert made.exchange() == pytest.approx(0.1)
    made.copy.hurry()
    assert made.exchange(hurried=True) is None
    made.record(epoch(2))
    assert made.exchange(hurried=True) is None
    assert made.link.patches() == 3


def test_a_slow_answer_makes_a_long_pause_but_the_first_one_whose_time_was_spent_on_connecting(
    made: Copied, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = made.link.call

    def slow(*args: Any) -> Any:
        made.clock.now += 2
        return call(*args)

    monkeypatch.setattr(made.link, "call", slow)
    assert made.exchange() is None
    made.record(epoch(0))
    assert made.exchange() == pytest.approx(0.1)
    made.clock.now += 0.1
    assert made.exchange() is None
    made.record(epoch(1))
    assert made.exchange() == pytest.approx(8)


@pytest.mark.parametrize("error", [GeneralError("a fault"), TooManyRequests("busy")])
def test_a_refusal_that_may_pass_is_tried_five_times_and_then_waits_longer(made: Copied, error: FeathersError) -> None:
    made.exchange()
    for _ in range(2):
        made.link.faults["patch runs"] = [error] * 5
        made.clock.now += 10
        made.record(epoch(len(made.run.epochs)))
        for pause in (1.0, 2.0, 4.0, 8.0, 10.0):
            assert made.exchange() == pytest.approx(pause)
            assert made.copy.is_in_vain is (pause == 10.0)
            made.clock.now += pause / 2
            assert made.exchange() == pytest.approx(pause / 2)  # and nothing is sent before
            made.clock.now += pause / 2
        assert made.copy.problem == str(error)
        assert made.link.faults["patch runs"] == []
        made.link.faults["patch runs"] = [error]  # and then as many times again
        assert made.exchange() == 1.0
        made.clock.now += 1
        assert made.exchange() is None
        assert made.copy.is_in_vain is False
    said = made.said()
    assert len(said) == 12
    assert set(said) == {(("refused", type(error)), f"{sentence(error)} {made.kept} and tried again.")}


def test_a_refusal_for_good_is_asked_about_again_after_ten_seconds_and_a_hurry_ends_the_pause(made: Copied) -> None:
    made.exchange()
    made.clock.now += 1
    made.link.faults["patch runs"] = [BadRequest("never.")]
    made.record(epoch(0))
    assert made.exchange() == 10.0
    assert made.copy.is_in_vain is True
    assert made.said() == [(("refused", BadRequest), f"BadRequest: never. {made.kept} and tried again.")]
    made.copy.hurry()
    assert made.copy.is_in_vain is False
    assert made.exchange() is None
    assert made.link.run()["logs"] == {"loss": [0.0]}


@pytest.mark.parametrize("is_login_given", [True, False])
def test_a_stranger_is_told_how_to_sign_in_and_not_waited_for_long(made: Copied, is_login_given: bool) -> None:
    error = NotAuthenticated("Not authenticated")
    made.link.key = ("memory", Login(token="t") if is_login_given else Login())
    made.link.faults["create runs"] = [error] * 2
    made.record(document(1))
    assert made.exchange() == 1.0
    assert made.exchange() == 1.0
    assert made.copy.is_in_vain is False
    made.clock.now += 1
    assert made.exchange() == 10.0
    assert made.copy.is_in_vain is True
    hint = "" if is_login_given else f" {sign_in(made.link)}"
    assert set(made.said()) == {
        (("refused", NotAuthenticated), f"NotAuthenticated: Not authenticated.{hint} {made.kept} and tried again.")
    }
    assert ALERTS not in made.link.services  # nothing lies beside a run that is not there
    made.clock.now += 10
    made.level()
    assert numbers(made.link) == [1]

    made.link.faults["patch runs"] = [error] * 3  # whose login has ended is no stranger
    made.record(epoch(0))
    made.clock.now += 1
    for pause in (1.0, 2.0, 4.0):
        assert made.exchange() == pytest.approx(pause)
        made.clock.now += pause
    assert made.copy.is_in_vain is False
    assert made.said()[0] == (
        ("refused", NotAuthenticated),
        f"NotAuthenticated: Not authenticated. {made.kept} and tried again.",
    )


def test_an_epoch_waits_for_nothing_that_lies_beside_the_run(made: Copied) -> None:
    made.exchange()
    made.clock.now += 1
    made.link.faults[f"create {ALERTS}"] = [GeneralError("a fault")]
    made.record(document(1))
    assert made.exchange() == 1.0
    made.record(epoch(0))
    assert made.exchange() == 1.0
    assert made.link.run()["logs"] == {"loss": [0.0]}
    made.record(epoch(1))
    assert made.exchange() == pytest.approx(0.1)
    made.clock.now += 0.5
    assert made.exchange() == 0.5
    assert made.link.run()["logs"] == {"loss": [0.0, 1 / 7]}
    assert numbers(made.link) == []
    made.clock.now += 0.5
    assert made.exchange() is None
    assert numbers(made.link) == [1]


def test_batches_that_a_resumed_run_dropped_are_taken_from_the_backend(made: Copied) -> None:
    batches = [document(n, BATCHES) for n in range(2)]
    made.record(epoch(0), *batches)
    made.level()
    assert numbers(made.link, BATCHES) == [0, 1]

    made.record({"type": "resume", "time": 0, "keep": 1, "files": []})  # of an earlier version
    made.level()
    assert numbers(made.link, BATCHES) == [0, 1]
    made.record(events.resume(0, 1, [], [batches[1]["document"]["_id"]]))
    assert not made.copy.is_level
    made.level()

    assert numbers(made.link, BATCHES) == [0]
