"""Trainings that end in ways of their own: killed, stopped, interrupted, forked."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from marcelle_rt import Writer
from marcelle_rt.errors import RunFolderError
from tests.scenarios.soak.trial import Act, Trial
from tests.support.proxy import Proxy
from tests.support.trainings.audited_training import Training
from tests.support.trainings.claims import Claims, stored_run
from tests.support.trainings.patient import patient_store

_ENDLESS = 100_000  # epochs
_AT_ONCE = 4
_LONGER_THAN_TIME_OUTS = 50.0  # seconds: a server gives a silent socket up after 45


def killed_then_uploaded(trial: Trial) -> None:
    for training, directory in _killed(trial, 1):
        trial.upload(directory)
        trial.count(directory, training.saved, training.files_saved)


def killed_then_resumed(trial: Trial) -> None:
    for training, directory in _killed(trial, 10):
        first = trial.draw.randint(1, training.saved[-1] + 1)
        last = first + 59
        with trial.go_on(trial.backend.url, directory, first, 60) as again:
            again.wait(900)
        trial.check(again)
        trial.count(directory, range(1, last + 1), 2 * (last // 20))


def _killed(trial: Trial, epoch: int) -> list[tuple[Training, Path]]:
    """Trainings that train at once, and are killed one after the other, and their folders."""
    killed = []
    with contextlib.ExitStack() as stack:
        pause = trial.draw.choice([0.002, 0.01, 0.05])
        trainings = [
            stack.enter_context(trial.start(trial.backend.url, _ENDLESS, pause=pause)) for _ in range(_AT_ONCE)
        ]
        for training in trainings:
            training.hear_of(epoch)
            trial.sometime(0.8)
            killed.append((training, trial.kill(training)))
    return killed


def ended_by_signal(trial: Trial) -> None:
    number, reason = trial.draw.choice([(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "KeyboardInterrupt")])
    with trial.start(trial.backend.url, _ENDLESS) as training:
        training.hear_of(1)
        trial.sometime(0.8)
        pid = training.process.pid
        assert pid is not None
        os.kill(pid, number)
        trial.row.kills += 1
        end = time.monotonic() + 300
        while training.process.is_alive() and time.monotonic() < end:
            training.hear()
            training.process.join(0.05)
        assert not training.process.is_alive(), f"{reason} did not end it"
        training.hear()
        trial.check(training)
    run = stored_run(trial.backend, training)
    is_told = run["status"] == "error" and str(run["error"]).startswith(reason)
    trial.row.claims += Claims(1, 0 if is_told else 1)
    if not is_told:
        print(f"\n{reason} is told as {run['status']!r}, {run.get('error')!r}: {training.directory}", flush=True)
    assert training.directory is not None
    trial.count(training.directory, training.saved, training.files_saved)


def half_open(trial: Trial, hours: float = 0.0) -> None:
    with Proxy(trial.backend.url) as proxy:
        with trial.start(proxy.url, pause=0.01, misfortunes=trial.misfortunes(clock=3600 * hours)) as training:
            training.hear_of(1)
            trial.sometime(0.5)
            proxy.hold(answers=trial.draw.random() < 0.5)
            training.hear_of(training.saved[-1] + 5)
            directory = trial.kill(training)
        first = training.saved[-1] + 1
        with trial.go_on(trial.backend.url, directory, first, 40) as again:
            again.wait(900)
        proxy.release()
        time.sleep(0.3)
        trial.row.cuts += 1
    trial.check(again)
    trial.count(directory, range(1, first + 40), training.files_saved + again.files_saved)


def half_open_with_another_clock(trial: Trial) -> None:
    half_open(trial, hours=trial.draw.choice([-30.0, -2.0, -0.01, 0.01, 2.0, 30.0]))


def stopped_for_long(trial: Trial) -> None:
    """The folder is locked meanwhile; a copy of it can be gone on with, and the first one learns of that."""
    with trial.start(trial.backend.url, 120, pause=0.02, files=0) as training:
        training.hear_of(20)
        assert training.directory is not None
        _wait_until_there(trial, training.directory)
        pid = training.process.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        trial.row.kills += 1
        try:
            training.hear()
            time.sleep(_LONGER_THAN_TIME_OUTS if trial.draw.random() < 0.1 else trial.draw.uniform(0.0, 3.0))
            with pytest.raises(RunFolderError, match="being written by another Writer"):
                Writer.resume(training.directory, remote=False)
            copy = training.directory.with_name(f"{training.directory.name}-copy")
            shutil.copytree(training.directory, copy)
            first = training.saved[-1] + 1
            with trial.go_on(trial.backend.url, copy, first, 40, files=0, shift=1000.0) as again:
                again.wait(900)
            trial.check(again)
        finally:
            os.kill(pid, signal.SIGCONT)
        training.wait(900)
    assert training.final is not None
    is_told = not training.final[1] and "was the run's folder copied?" in str(training.final[2])
    trial.row.claims += Claims(1, 0 if is_told else 1)
    if not is_told:
        print(f"\nsaid wrongly: {training.final}, though {copy} has taken its place", flush=True)
    trial.count(copy, range(1, first + 40))


def _wait_until_there(trial: Trial, directory: Path) -> None:
    end = time.monotonic() + 180
    with patient_store(trial.backend.url) as store:
        runs = store.service("runs")
        while not runs.items({"basename": directory.name.rpartition("-")[2], "epoch": {"$gt": 1}}):
            assert time.monotonic() < end
            time.sleep(0.05)


def forks(trial: Trial) -> None:
    fate = trial.misfortunes(forks=trial.draw.randint(7, 40))
    with trial.start(trial.backend.url, 120, misfortunes=fate) as training:
        trial.finish(training)


ROWS: dict[str, Act] = {
    "killed at a random moment, then uploaded": killed_then_uploaded,
    "killed at a random moment, then resumed": killed_then_resumed,
    "ended by SIGTERM or Ctrl-C at a random moment": ended_by_signal,
    "half-open line, released after the run went on": half_open,
    "the same, with clocks that differ by up to 30 hours": half_open_with_another_clock,
    "stopped for up to 50 s while a copy of its folder was gone on with": stopped_for_long,
    "forks that save an epoch and exit or are killed": forks,
}
