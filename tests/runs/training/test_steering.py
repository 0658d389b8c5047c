"""What a training is asked, on its own thread: judged, done once, and answered."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.runs.document.commands import Answer, Command, State
from marcelle_rt.runs.training.steering import Refused, Steering


class Training:
    """A training of three values, and the answers that its askers get."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.values: dict[str, Any] = {}
        self.saved = 0
        self.steering = Steering(self.answers.append)
        self.steering.declare({name: self._setter(name) for name in ("rate", "momentum")}, self._save)

    def _setter(self, name: str) -> Any:
        def set_value(value: Any) -> None:
            if value == 13:
                raise ValueError("13 brings bad luck")
            self.values[name] = value

        return set_value

    def _save(self) -> None:
        self.saved += 1

    def hear(self, identity: str, name: Any, **params: Any) -> list[Answer]:
        verdict = self.steering.judge({"_id": identity, "command": name, "params": params})
        return [verdict] if isinstance(verdict, Answer) else self.steering.put(verdict)


def test_what_is_asked_is_done_when_the_training_looks_and_not_before() -> None:
    training = Training()
    assert training.hear("1", "set", rate=0.5, momentum=0.9) == training.hear("2", "checkpoint") == []
    assert (training.values, training.saved, training.answers) == ({}, 0, [])

    taken = training.steering.take()

    assert taken == [Command("1", "set", {"rate": 0.5, "momentum": 0.9}), Command("2", "checkpoint")]
    assert (training.values, training.saved) == ({"rate": 0.5, "momentum": 0.9}, 1)
    assert [(answer.id, answer.state) for answer in training.answers] == [("1", State.DONE), ("2", State.DONE)]
    assert training.steering.take() == []


def test_a_stop_is_done_when_the_run_has_ended() -> None:
    training = Training()
    training.hear("1", "stop")
    training.steering.take()
    assert training.steering.is_stopped
    assert not training.answers

    training.steering.end("success after epoch 3")

    assert training.answers == [Answer("1", State.DONE, "success after epoch 3")]


def test_a_second_stop_is_refused_whether_the_first_was_taken_or_waits() -> None:
    training = Training()
    training.hear("1", "stop")
    (waiting,) = training.hear("2", "stop")
    training.steering.take()
    (taken,) = training.hear("3", "stop")

    assert (waiting.id, waiting.state) == ("2", State.REFUSED)
    assert (taken.id, taken.state) == ("3", State.REFUSED)


def test_of_values_for_one_name_that_come_before_the_training_looks_the_newest_counts() -> None:
    training = Training()
    training.hear("1", "set", rate=0.1)
    training.hear("2", "set", momentum=0.5)
    (older,) = training.hear("3", "set", rate=0.2)
    training.steering.take()

    assert (older.id, older.state) == ("1", State.REFUSED)
    assert training.values == {"rate": 0.2, "momentum": 0.5}


def test_what_a_setter_raises_is_the_answer_and_the_training_goes_on() -> None:
    training = Training()
    training.hear("1", "set", rate=13)
    training.steering.take()
    (answer,) = training.answers

    assert (answer.state, answer.message) == (State.REFUSED, "ValueError: 13 brings bad luck")


def test_a_setter_can_refuse_in_its_own_words() -> None:
    answers: list[Answer] = []
    steering = Steering(answers.append)

    def refuse(value: Any) -> None:
        raise Refused("it is frozen")

    steering.declare({"rate": refuse}, None)
    steering.put(Command("1", "set", {"rate": 1}))
    steering.take()

    assert answers == [Answer("1", State.REFUSED, "it is frozen")]


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("explode", {}, "does not know the command 'explode'; it knows stop, checkpoint, set"),
        (None, {}, "does not know the command 'None'"),
        ({"$gt": ""}, {}, "does not know the command"),
        ("set", {}, "names nothing"),
        ("set", {"dropout": 0.5}, "'dropout' can't be set; this training can set rate, momentum"),
        ("set", {"__class__": 1}, "can't be set"),
        ("set", {"rate": [1, 2]}, "the value of 'rate' is not a number"),
        ("set", {"rate": None}, "is not a number"),
        ("set", {"rate": float("nan")}, "is not a number"),
        ("set", {"rate": "x" * 20_000}, "is not a number"),
    ],
)
def test_what_a_training_does_not_know_is_refused_by_name(name: Any, params: dict[str, Any], says: str) -> None:
    training = Training()
    (answer,) = training.hear("1", name, **params)

    assert answer.state is State.REFUSED
    assert says in answer.message
    assert training.steering.take() == []


def test_params_of_another_kind_are_no_values() -> None:
    verdict = Training().steering.judge({"_id": "1", "command": "set", "params": "rate=1"})
    assert isinstance(verdict, Answer)
    assert verdict.state is State.REFUSED


def test_what_comes_after_the_end_or_was_not_taken_by_then_is_refused() -> None:
    training = Training()
    training.hear("1", "stop")
    training.steering.end("success")
    (late,) = training.hear("2", "checkpoint")
    (accepted_meanwhile,) = training.steering.put(Command("3", "set", {"rate": 1}))

    assert [(answer.id, answer.state) for answer in (*training.answers, late, accepted_meanwhile)] == [
        ("1", State.REFUSED),
        ("2", State.REFUSED),
        ("3", State.REFUSED),
    ]
    assert late.message == "the run has ended"


def test_no_more_wait_than_there_is_room_for_but_a_stop_always_gets_in() -> None:
    training = Training()
    training.steering.declare({f"n{i}": training._setter("x") for i in range(200)}, None)
    answers = [answer for i in range(200) for answer in training.hear(str(i), "set", **{f"n{i}": 1})]

    assert {answer.state for answer in answers} == {State.REFUSED}
    assert 50 < len(answers) < 200
    assert training.hear("stop", "stop") == []


def test_a_training_that_declares_less_later_refuses_what_waits() -> None:
    training = Training()
    training.hear("1", "set", rate=1)
    training.hear("2", "checkpoint")
    assert training.steering.declare({}, None) is True
    assert training.steering.offers == {"commands": ["stop"], "set": []}
    training.steering.take()

    assert [answer.state for answer in training.answers] == [State.REFUSED, State.REFUSED]
    assert training.steering.declare({}, None) is False
