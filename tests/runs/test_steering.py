"""Plain loops that people steer, on a real backend."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.runs.document.commands import COMMANDS, State, new_command, steering_of
from marcelle_rt.runs.remote.asking import Outcome, ask
from tests.helpers import eventually
from tests.support.proxy import Proxy


class Loop:
    """A training loop on a thread of its own, which looks for commands as often as it can."""

    def __init__(self, writer: Writer, **declared: Any) -> None:
        self.writer = writer
        self.declared = declared
        self.pause = threading.Event()
        self.leave = threading.Event()
        self.taken: list[str] = []
        self._thread = threading.Thread(target=self._run)
        writer.create_run()
        writer.train_begin(1000)
        writer.commands(**declared)
        assert writer.flush()
        self._thread.start()

    def _run(self) -> None:
        step = 0
        while not self.leave.wait(0.002):
            if not self.pause.is_set():
                step += 1
                self.taken += [command.name for command in self.writer.commands(**self.declared)]
            if self.writer.stopped:
                break
        self.writer.save_epoch(1, {"loss": 0.5})
        self.writer.train_end()

    def join(self) -> None:
        self.leave.set()
        self._thread.join()


@contextmanager
def looping(writer: Writer, **declared: Any) -> Iterator[Loop]:
    loop = Loop(writer, **declared)
    try:
        yield loop
    finally:
        loop.join()


@pytest.fixture
def writer(backend: Backend, tmp_path: Path) -> Writer:
    return Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)


def run_of(store: DataStore, writer: Writer) -> dict[str, Any]:
    return store.service("runs").get(writer.run_id)


def commands_of(store: DataStore, writer: Writer) -> list[dict[str, Any]]:
    return list(store.service(COMMANDS).items({"runId": writer.run_id}))


def test_a_stop_ends_the_loop_and_its_asker_hears_when_the_run_has_ended(store: DataStore, writer: Writer) -> None:
    with looping(writer):
        outcome = ask(store, run_of(store, writer), "stop")

    assert outcome == Outcome(State.DONE, "success after epoch 1")
    run = run_of(store, writer)
    assert (run["status"], run["steering"]) == ("success", None)
    assert commands_of(store, writer) == []


def test_a_runs_document_says_what_it_can_be_asked(store: DataStore, writer: Writer) -> None:
    with looping(writer, set={"temperature": float}, checkpoint=lambda: None):
        expected = {"commands": ["stop", "checkpoint", "set"], "set": ["temperature"]}
        assert steering_of(run_of(store, writer)) == expected


def test_values_are_set_on_the_loops_own_thread(store: DataStore, writer: Writer) -> None:
    got: list[tuple[Any, str]] = []

    def set_temperature(value: Any) -> None:
        got.append((float(value), threading.current_thread().name))

    with looping(writer, set={"temperature": set_temperature}) as loop:
        run = run_of(store, writer)
        assert ask(store, run, "set", {"temperature": 0.25}) == Outcome(State.DONE, "temperature is 0.25")
        refused = ask(store, run, "set", {"temperature": "warm"})
        assert got == [(0.25, loop._thread.name)]

    assert refused.state is State.REFUSED
    assert "could not convert string to float: 'warm'" in refused.message


def test_what_a_loop_does_not_know_is_refused_at_once_even_while_it_is_busy(store: DataStore, writer: Writer) -> None:
    with looping(writer) as loop:
        loop.pause.set()
        command = new_command(run_of(store, writer), "explode")
        store.service(COMMANDS).create(command)
        answered = eventually(lambda: [c for c in commands_of(store, writer) if c["state"] != "sent"])

        assert answered[0]["state"] == "refused"
        assert "'explode'; it knows stop" in answered[0]["message"]


def test_a_busy_loops_asker_is_told_that_it_will_be_done(store: DataStore, writer: Writer) -> None:
    with looping(writer) as loop:
        loop.pause.set()
        assert ask(store, run_of(store, writer), "stop", patience=0.5).state is State.ACCEPTED
        loop.pause.clear()
        eventually(lambda: run_of(store, writer)["status"] == "success")


def test_several_runs_of_a_process_each_hear_their_own(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    one, other = (Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path) for _ in range(2))
    with looping(one), looping(other) as goes_on:
        assert ask(store, run_of(store, one), "stop").state is State.DONE
        assert goes_on.taken == []
        assert run_of(store, other)["status"] == "start"


def test_who_asks_a_run_that_has_ended_is_told(store: DataStore, writer: Writer) -> None:
    with looping(writer):
        before = run_of(store, writer)
    after = run_of(store, writer)

    assert ask(store, after, "stop") == Outcome(State.REFUSED, "the run has ended already, as 'success'")
    # It ended between the look and the question.
    assert ask(store, before, "stop", patience=0.2) == Outcome(State.REFUSED, "the run has ended, as 'success'")
    assert commands_of(store, writer) == []


def test_who_asks_a_run_that_does_not_listen_is_told_what_its_program_lacks(store: DataStore, writer: Writer) -> None:
    writer.create_run()
    assert writer.flush()
    outcome = ask(store, run_of(store, writer), "stop")
    writer.end("success")

    assert outcome.state is State.REFUSED
    assert "steerable=True" in outcome.message


def test_a_command_that_nobody_answers_is_taken_back(store: DataStore) -> None:
    killed = {"_id": str(uuid.uuid4()), "status": "epoch", "steering": {"commands": ["stop"], "set": []}}
    store.service("runs").create({**killed, "name": killed["_id"], "basename": "killed", "logs": {}, "params": {}})

    assert ask(store, killed, "stop", patience=0.2) == Outcome(State.SENT)
    assert store.service(COMMANDS).count({"runId": killed["_id"]}) == 0


def test_what_was_sent_while_the_line_was_cut_is_heard_afterwards(
    store: DataStore, proxy: Proxy, tmp_path: Path
) -> None:
    writer = Writer(uuid.uuid4().hex, proxy.url, base_log_dir=tmp_path)
    with looping(writer) as loop:
        proxy.refuse()
        store.service(COMMANDS).create(new_command(run_of(store, writer), "stop"))
        assert loop.taken == []
        proxy.allow()
        eventually(lambda: run_of(store, writer)["status"] == "success", timeout=30)
        assert loop.taken == ["stop"]


def test_a_command_whose_answer_was_lost_on_the_way_is_done_once(
    store: DataStore, proxy: Proxy, tmp_path: Path
) -> None:
    values: list[float] = []
    writer = Writer(uuid.uuid4().hex, proxy.url, base_log_dir=tmp_path)
    with looping(writer, set={"rate": values.append}):
        proxy.lose(b'"accepted"')
        proxy.lose(b'"done"')
        outcome = ask(store, run_of(store, writer), "set", {"rate": 0.5}, patience=30)

    assert proxy.to_lose == 0
    assert (outcome.state, values) == (State.DONE, [0.5])


def test_a_flood_of_commands_is_answered_each_once_and_a_stop_among_them_is_heard(
    nedb: Backend, tmp_path: Path
) -> None:
    writer = Writer(uuid.uuid4().hex, nedb.url, base_log_dir=tmp_path)
    with DataStore(nedb.url) as store, looping(writer):
        run = run_of(store, writer)
        flood = [new_command(run, "explode") for _ in range(250)]
        for first in range(0, 250, 50):
            store.service(COMMANDS).create(flood[first : first + 50])
        assert ask(store, run, "stop", patience=120).state is State.DONE

    with DataStore(nedb.url) as store:
        assert {command["state"] for command in commands_of(store, writer)} <= {"refused"}


def test_what_was_sent_before_a_run_went_on_is_late(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    with looping(writer):
        command = new_command(run_of(store, writer), "stop")
    store.service(COMMANDS).create(command)
    assert writer.run_directory is not None
    again = Writer.resume(writer.run_directory, backend_root=backend.url)
    again.commands()
    answered = eventually(lambda: [c for c in commands_of(store, again) if c["state"] != "sent"])
    assert not again.commands()
    assert not again.stopped
    again.save_epoch(2, {"loss": 0.1})
    again.end("success")

    assert (answered[0]["state"], answered[0]["message"]) == ("refused", "it was sent before the run went on")


def test_answered_commands_are_swept_at_the_runs_end(store: DataStore, writer: Writer) -> None:
    with looping(writer, set={"rate": float}):
        for value in (0.1, 0.2, 0.3):
            store.service(COMMANDS).create(new_command(run_of(store, writer), "set", {"rate": value}))
        eventually(lambda: {c["state"] for c in commands_of(store, writer)} <= {"done", "refused"})
        assert len(commands_of(store, writer)) == 3

    assert commands_of(store, writer) == []


def test_a_run_without_a_backend_can_be_asked_nothing(tmp_path: Path) -> None:
    writer = Writer("alone", remote=False, base_log_dir=tmp_path)
    assert writer.commands() == []
    writer.create_run()
    assert writer.commands(set={"rate": float}) == []
    assert not writer.stopped
    writer.end("success")


def test_a_backend_that_is_away_holds_up_neither_the_loop_nor_its_end(tmp_path: Path) -> None:
    writer = Writer("away", "http://127.0.0.1:9", base_log_dir=tmp_path, finish_timeout=0.1)
    writer.create_run()
    assert writer.commands() == []
    with pytest.warns(match="127.0.0.1:9"):
        writer.end("success")
