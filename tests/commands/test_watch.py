"""`marcelle-rt watch`, while a real training goes on."""

from __future__ import annotations

import json
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.values import iso
from tests.helpers import eventually
from tests.support.command import Piped, at_a_terminal, marcelle_rt, outcomes

MakeRun = Callable[..., dict[str, Any]]


class Watching(Piped):
    """The command, watching in a process of its own."""

    def __init__(self, url: str, *arguments: str) -> None:
        super().__init__("watch", *arguments, "--backend", url)
        self.lines: list[str] = []

    def until(self, text: str) -> None:
        """Reads lines until one has the text."""
        for line in self.out:
            self.lines.append(line)
            if text in line:
                return
        raise AssertionError(f"{text!r} was not among {self.lines}")

    def end(self) -> int:
        """Waits for the end, and gives the exit code."""
        self.lines += self.out.readlines()
        code, err = self.wait()
        assert "Traceback" not in err, err
        return code


@pytest.fixture
def watching() -> Iterator[Callable[..., Watching]]:
    with ExitStack() as stack:
        yield lambda url, *arguments: stack.enter_context(Watching(url, *arguments))


@pytest.fixture
def training(backend: Backend, tmp_path: Path) -> Iterator[Writer]:
    """A run that has begun."""
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    writer.create_run()
    writer.train_begin(2)
    writer.save_epoch(1, {"loss": 0.75})
    writer.flush(10)
    yield writer
    writer.end("success")


@pytest.mark.parametrize(("status", "code"), [("success", 0), ("error", 1)])
def test_it_ends_with_the_run_and_its_status(
    backend: Backend, training: Writer, watching: Callable[..., Watching], status: str, code: int
) -> None:
    watch = watching(backend.url, f"{training.name}-1")
    watch.until("0.75")

    training.save_epoch(2, {"loss": 0.5})
    training.end(status, None if status == "success" else "no more data")

    assert watch.end() == code
    assert any("0.5" in line and status in line for line in watch.lines)
    assert all("\x1b" not in line for line in watch.lines)


def test_scripts_get_an_object_a_line_and_runs_that_go_on_by_default(
    own_backend: Callable[..., Backend], tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    url = own_backend().url
    with DataStore(url) as store:
        dead = store.service("runs").create({"name": "old-1", "status": "epoch", "start": "2026-01-01T00:00:00.000Z"})
        store.service("run-heartbeats").create({"runId": dead["_id"], "time": iso(), "interval": 0.001})
        eventually(lambda: outcomes(url, "--dry-run"))
    with Writer("new", url, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.train_begin(1)
        writer.flush(10)
        watch = watching(url, "--json")
        watch.until('"start"')
        writer.save_epoch(1, {"loss": 0.5})

    assert watch.end() == 0
    changes = [json.loads(line) for line in watch.lines]
    assert {change["name"] for change in changes} == {"new-1"}
    assert (changes[-1]["status"], changes[-1]["logs"]) == ("success", {"loss": 0.5})


def test_the_next_run_is_waited_for_where_none_goes_on(
    own_backend: Callable[..., Backend], tmp_path: Path, watching: Callable[..., Watching]
) -> None:
    url = own_backend().url
    with DataStore(url) as store:
        store.service("runs").create({"name": "old-1", "status": "error", "start": "2026-01-01T00:00:00.000Z"})
    watch = watching(url)
    watch.until("waiting")

    with Writer("new", url, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.train_begin(1)

    assert watch.end() == 0
    assert not any("old-1" in line for line in watch.lines)


def test_a_run_that_has_ended_tells_its_status_at_once(backend: Backend, make_run: MakeRun) -> None:
    run = make_run(f"{uuid.uuid4().hex}-1", status="error", error="no data")

    assert marcelle_rt("watch", run["_id"], "--backend", backend.url).returncode == 1
    code, shown = at_a_terminal("watch", run["name"], "--backend", backend.url, columns=40)
    assert code == 1
    assert run["name"][:8] in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_no_end_of_the_run(
    backend: Backend, training: Writer, watching: Callable[..., Watching], number: signal.Signals
) -> None:
    watch = watching(backend.url, f"basename={training.name}")
    watch.until("0.75")

    watch.program.send_signal(number)

    assert watch.end() == 130


def test_what_can_not_be_watched_is_said(backend: Backend, unused_url: str) -> None:
    unknown = marcelle_rt("watch", uuid.uuid4().hex, "--backend", backend.url)
    assert unknown.returncode == 1
    assert "is not a run" in unknown.stderr

    assert marcelle_rt("watch", "{broken", "--backend", backend.url).returncode == 2
    away = marcelle_rt("watch", "--backend", unused_url)
    assert away.returncode == 1
    assert unused_url in away.stderr
