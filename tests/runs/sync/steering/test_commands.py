"""What a run can be asked, as its training sees it: declared from its first look on, and answered until its end."""

from __future__ import annotations

import time
from typing import Any

import pytest

from marcelle_rt.runs.document.commands import STEERING, Command
from marcelle_rt.runs.remote.destination import Destination
from marcelle_rt.runs.sync.steering import commands
from marcelle_rt.runs.sync.steering.commands import Commands
from marcelle_rt.runs.training.steering import Steering
from tests.helpers import eventually
from tests.runs.sync.memory_feed import Said
from tests.runs.sync.steering.backend import Backend


class Steered:
    """The commands to a run, as its training sees them."""

    def __init__(self, *, to: Backend | None = None) -> None:
        self.recorded: list[Any] = []
        backend: Any = to
        destination = None if to is None else Destination("memory", lambda: backend, owns_link=True)
        self.commands = Commands(destination, "r", Said(), self.recorded.append, resumed=False)

    def told(self) -> list[Any]:
        return [event["fields"][STEERING] for event in self.recorded if event["type"] == "extra"]


def test_a_run_that_goes_nowhere_is_asked_nothing() -> None:
    steered = Steered()
    assert steered.commands.take({"lr": print}, None) == []
    steered.commands.end("success", None)
    steered.commands.wait()
    assert (steered.recorded, steered.commands.is_stopped) == ([], False)


def test_a_runs_document_says_what_it_can_be_asked_until_it_ends() -> None:
    backend = Backend()
    steered = Steered(to=backend)
    for setters in ({}, {}, {"lr": print}):
        steered.commands.take(setters, None)
    eventually(lambda: len(backend.listening) == 3)
    backend.asked("a")
    backend.listening["connected"]()  # type: ignore[call-arg]
    eventually(lambda: backend.states() == {"a": "accepted"})
    assert steered.commands.take({"lr": print}, None) == [Command("a", "stop")]
    assert steered.commands.is_stopped
    steered.commands.end("success", 3)
    steered.commands.wait()
    assert backend.message("a") == "success after epoch 3"
    assert steered.told() == [{"commands": ["stop"], "set": []}, {"commands": ["stop", "set"], "set": ["lr"]}, None]
    assert backend.is_closed


class Idle:
    """A listener that hears nothing, and keeps what it is made of and told."""

    def __init__(self, link: Any, run_id: str, notices: Any, *, owns_link: bool, resumed: bool) -> None:
        self.made_of = (link, run_id, notices, owns_link, resumed)
        self.steering = Steering(lambda answer: None)
        self.told: list[Any] = []

    def start(self) -> None:
        self.told.append("start")

    def end(self, how: str) -> None:
        self.told.append(how)

    def wait(self, timeout: float) -> None:
        self.told.append(timeout)


def test_a_training_listens_from_its_first_look_on_and_waits_two_seconds_for_its_last_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(commands, "Listener", Idle)
    backend, notices = Backend(), Said()
    recorded: list[Any] = []
    destination = Destination("memory", lambda: backend, owns_link=False)
    steered = Commands(destination, "r", notices, recorded.append, resumed=True)
    began = time.time()
    steered.take({}, lambda: None)
    steered.resumed({STEERING: {"commands": ["stop"], "set": []}})
    steered.end("error", None)
    steered.wait()
    heard: Any = steered._listener
    assert heard.made_of == (backend, "r", notices, False, True)
    assert heard.told == ["start", "error", 2.0]
    assert recorded[0]["fields"] == {STEERING: {"commands": ["stop", "checkpoint"], "set": []}}
    assert all(began <= event["time"] <= time.time() for event in recorded)
    assert len(recorded) == 3


def test_what_a_last_program_let_be_asked_this_one_may_not() -> None:
    steered = Steered()
    steered.commands.resumed({})
    steered.commands.resumed({STEERING: None})
    assert steered.recorded == []
    steered.commands.resumed({STEERING: {"commands": ["stop"], "set": []}})
    assert steered.told() == [None]
