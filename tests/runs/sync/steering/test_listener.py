"""Commands to a run, over a backend in memory: each is heard once, answered once, and swept away in the end."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from marcelle_rt.errors import BackendUnreachable, BadRequest, Forbidden, MethodNotAllowed, TooManyRequests
from marcelle_rt.runs.document.commands import COMMANDS, Answer, Command, State
from marcelle_rt.runs.sync.steering import listener
from marcelle_rt.runs.sync.steering.listener import ROOM, Listener
from tests.helpers import eventually
from tests.runs.sync.memory_feed import Said
from tests.runs.sync.steering.backend import Backend


class Made:
    """A listener without a thread, whose training can be stopped, and given a rate."""

    def __init__(self, *, resumed: bool = False) -> None:
        self.backend, self.notices = Backend(), Said()
        self.listener = Listener(self.backend, "r", self.notices, owns_link=False, resumed=resumed)
        self.steering = self.listener.steering
        self.rates: list[Any] = []
        self.steering.declare({"lr": self.rates.append}, None)


@pytest.fixture
def made() -> Made:
    return Made()


def test_what_was_asked_before_it_listens_is_read_accepted_and_handed_over(made: Made) -> None:
    made.backend.asked("a")
    made.backend.asked("other", run_id="s")
    made.backend.asked("old", state="done")
    assert made.listener._work() is None
    assert made.backend.states() == {"a": "accepted", "other": "sent", "old": "done"}
    assert made.steering.take() == [Command("a", "stop")]
    assert made.backend.calls == [("find", COMMANDS), ("patch", COMMANDS)]
    made.listener._work()
    assert len(made.backend.calls) == 2


def test_what_is_told_is_heard_once_and_only_what_is_new_and_this_runs(made: Made) -> None:
    made.listener._work()
    document = made.backend.asked("a")
    others = ({**document, "_id": "b", "runId": "s"}, {**document, "_id": "c", "state": "accepted"}, {})
    for told in (document, document, *others):
        made.listener._hear(told)
    made.listener._work()
    made.listener._hear(document)
    made.listener._work()
    assert made.steering.take() == [Command("a", "stop")]
    assert made.backend.calls.count(("patch", COMMANDS)) == 1


def test_a_command_that_the_training_does_not_know_is_refused_at_once(made: Made) -> None:
    made.backend.asked("a", command="explode")
    made.listener._work()
    assert made.backend.states() == {"a": "refused"}
    assert "does not know the command 'explode'" in made.backend.message("a")
    assert made.steering.take() == []


def test_a_value_that_is_overtaken_is_refused_and_the_newer_one_is_set(made: Made) -> None:
    for name, value in (("a", 0.1), ("b", 0.2)):
        made.backend.asked(name, command="set", params={"lr": value})
    made.listener._work()
    assert made.backend.states() == {"a": "refused", "b": "accepted"}
    made.steering.take()
    made.listener._work()
    assert (made.backend.states()["b"], made.backend.message("b"), made.rates) == ("done", "lr is 0.2", [0.2])


def test_a_command_that_was_taken_back_is_not_done(made: Made) -> None:
    made.backend.asked("a")
    made.listener._read()
    del made.backend.services[COMMANDS]["a"]
    made.listener._work()
    assert made.steering.take() == []


def test_a_command_that_somebody_else_has_answered_is_not_done(made: Made) -> None:
    made.listener._hear(made.backend.asked("a"))
    made.backend.asked("a", state="refused")
    made.listener._work()
    assert (made.backend.states(), made.steering.take()) == ({"a": "refused"}, [])


def test_a_command_that_can_not_be_accepted_is_not_done(made: Made) -> None:
    made.backend.asked("a")
    made.backend.faults[f"patch {COMMANDS}"] = [BadRequest("no")]
    assert made.listener._work() is None
    assert (made.backend.states(), made.steering.take()) == ({"a": "sent"}, [])


def test_commands_from_before_a_run_went_on_are_late(made: Made) -> None:
    made = Made(resumed=True)
    document = made.backend.asked("a")
    made.listener._work()
    assert (made.backend.states(), made.backend.message("a")) == (
        {"a": "refused"},
        "it was sent before the run went on",
    )
    made.listener._hear(document)  # its event comes late
    made.listener._work()
    assert made.steering.take() == []
    assert made.backend.calls.count(("patch", COMMANDS)) == 1
    made.backend.asked("b")
    made.listener._connected()
    made.listener._work()
    assert made.backend.states()["b"] == "accepted"


def test_it_reads_again_after_a_cut_and_when_more_came_than_it_holds(made: Made) -> None:
    made.listener._work()
    for n in range(ROOM + 1):
        made.listener._hear(made.backend.asked(str(n), command="set", params={"lr": n}))
    assert len(made.listener._heard) == ROOM
    made.listener._work()
    assert set(made.backend.states().values()) == {"refused", "accepted"}
    made.backend.asked("missed", command="set", params={"lr": 1})
    made.listener._connected()
    made.listener._work()
    assert made.backend.states()["missed"] == "accepted"


def test_what_was_missed_is_read_from_the_oldest_on(made: Made) -> None:
    for n in (1, 2, 0):
        made.backend.asked(str(n), command="set", params={"lr": n, str(n): n}, createdAt=n)
    made.listener._read()
    assert [document["_id"] for document in made.listener._heard] == ["0", "1", "2"]


def test_more_than_one_reading_are_read_one_after_the_other(made: Made) -> None:
    for n in range(ROOM + 20):
        made.backend.asked(str(n), command="set", params={"lr": n})
    made.listener._read()
    assert len(made.listener._heard) == ROOM
    made.listener._work()
    assert "sent" not in made.backend.states().values()


@pytest.mark.parametrize("call", ["find", "patch"])
def test_a_backend_that_is_away_is_asked_again_and_nothing_is_lost(made: Made, call: str) -> None:
    made.backend.asked("a")
    made.backend.faults[f"{call} {COMMANDS}"] = [BackendUnreachable("memory", "refused")]
    assert made.listener._work() == 5.0
    assert made.notices.said == []
    assert made.listener._work() is None
    assert made.backend.states() == {"a": "accepted"}
    assert made.steering.take() == [Command("a", "stop")]


def test_a_backend_that_says_no_is_named(made: Made) -> None:
    made.backend.faults[f"find {COMMANDS}"] = [Forbidden("not for you")]
    assert made.listener._work() == 5.0
    text = "Commands to the run can't be heard: Forbidden: not for you. The training goes on."
    assert made.notices.said == [("commands", text)]


def test_an_answer_that_is_refused_for_good_is_logged_and_the_others_go_on(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a", "b"):
        made.backend.asked(name, command="set", params={"lr": 1, name: 2})
    made.backend.faults[f"patch {COMMANDS}"] = [TooManyRequests("later"), BadRequest("no")]
    assert made.listener._work() == 5.0
    with caplog.at_level("WARNING", "marcelle_rt"):
        assert made.listener._work() is None
    assert [record.getMessage() for record in caplog.records] == ["the command a can't be answered: BadRequest: no"]
    assert made.backend.states() == {"a": "sent", "b": "refused"}


def test_without_a_socket_it_asks_every_two_seconds(made: Made) -> None:
    made.backend.lacks_socket = True
    assert made.listener._work() == 2.0
    made.backend.asked("a")
    assert made.listener._work() == 2.0
    assert made.backend.states() == {"a": "accepted"}


def test_it_forgets_the_oldest_that_it_has_seen(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "_REMEMBERED", 2)
    made = Made()
    for key in ("a", "b", "c"):
        made.listener._remember(key)
        made.listener._send(Answer(made.backend.asked(key)["_id"], State.REFUSED))
    assert list(made.listener._seen) == list(made.listener._answered) == ["b", "c"]


def test_a_command_of_a_server_that_calls_ids_otherwise_is_one_too(made: Made) -> None:
    document = made.backend.asked("a")
    made.listener._hear({"id": document.pop("_id"), **document})
    made.listener._work()
    assert made.steering.take() == [Command("a", "stop")]


@pytest.mark.parametrize("refusal", [None, Forbidden("one by one"), MethodNotAllowed("one by one")])
def test_what_was_answered_is_swept_away_however_the_backend_removes(made: Made, refusal: Exception | None) -> None:
    made.backend.faults[f"remove all {COMMANDS}"] = [refusal] if refusal else []
    for name in ("a", "b"):
        made.backend.asked(name, command="explode")
    made.backend.asked("open")
    made.listener._work()
    made.listener._answered.append("taken back")
    made.listener._sweep()
    assert made.backend.states() == {"open": "accepted"}


def test_what_can_not_be_swept_away_stays_and_is_logged(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    made.listener._sweep()
    assert made.backend.calls == []  # nothing was answered
    made.backend.asked("a", command="explode")
    made.listener._work()
    made.backend.faults[f"remove all {COMMANDS}"] = [TooManyRequests("later")]
    with caplog.at_level("INFO", "marcelle_rt"):
        made.listener._sweep()
    assert caplog.records[-1].getMessage() == "answered commands of r stay: TooManyRequests: later"


def test_its_thread_listens_and_after_the_end_answers_sweeps_and_lets_go(made: Made) -> None:
    backend = made.backend
    heard = Listener(backend, "r", made.notices, owns_link=True, resumed=False)
    heard.steering.declare({}, None)
    heard.start()
    assert (heard._thread.name, heard._thread.daemon) == ("marcelle-commands", True)
    eventually(lambda: ("find", COMMANDS) in backend.calls)
    assert set(backend.listening) == {f"{COMMANDS} created", f"{COMMANDS} patched", "connected"}
    backend.listening[f"{COMMANDS} created"](backend.asked("a"))
    eventually(lambda: backend.states() == {"a": "accepted"})
    backend.listening[f"{COMMANDS} patched"](backend.asked("b", command="explode"))
    eventually(lambda: backend.states()["b"] == "refused")
    heard.steering.take()
    backend.asked("late")
    heard.end("success after epoch 1")
    heard.wait(10)
    assert (backend.message("a"), backend.message("late")) == ("success after epoch 1", "the run has ended")
    assert backend.states() == {"a": "done", "late": "refused"}
    assert (backend.is_closed, backend.listening) == (True, {})


def test_a_store_that_its_owner_closed_is_not_heard_any_more(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    made.backend.status = "closed"
    made.backend.faults[f"find {COMMANDS}"] = [BackendUnreachable("memory", "closed")]
    with caplog.at_level("INFO", "marcelle_rt"):
        made.listener.start()
        made.listener.wait(10)
    assert not made.listener._thread.is_alive()
    assert not made.backend.is_closed  # it is not ours
    (told,) = (record.getMessage() for record in caplog.records)
    assert told == f"commands to r are heard no more: {BackendUnreachable('memory', 'closed')}"


def test_its_thread_asks_a_backend_that_was_away_again_after_a_pause(made: Made) -> None:
    pauses: list[float | None] = []

    class Short(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout)
            return super().wait(timeout and 0.01)

    made.listener._changed = Short()
    made.backend.asked("a")
    made.backend.faults[f"find {COMMANDS}"] = [BackendUnreachable("memory", "refused") for _ in range(3)]
    made.listener.start()
    eventually(lambda: made.backend.states() == {"a": "accepted"})
    assert pauses[:3] == [5.0] * 3
    made.listener.wait(0)  # no longer than it is told to
    assert made.listener._thread.is_alive()
    made.listener.end("success")
    made.listener.wait(10)
    assert not made.listener._thread.is_alive()


def test_the_listeners_answers_are_the_trainings(made: Made) -> None:
    made.backend.asked("a")
    made.listener._answer(Answer("a", State.DONE, "so"))
    assert made.listener._has_work()
    made.listener._work()
    assert (made.backend.states(), made.backend.message("a")) == ({"a": "done"}, "so")
    assert not made.listener._has_work()
    assert list(made.listener._answered) == ["a"]
