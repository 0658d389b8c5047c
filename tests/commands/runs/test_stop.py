"""`marcelle-rt stop`: what it says, and how it exits."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from tests.helpers import eventually
from tests.support.command import marcelle_rt

MakeRun = Callable[..., dict[str, Any]]

TRAINING = """
import sys, time
from marcelle_rt import Writer
name, url, folder = sys.argv[1:]
with Writer(name, url, base_log_dir=folder) as writer:
    writer.create_run()
    writer.train_begin(epochs=1_000_000)
    epoch = 0
    while not writer.stopped:
        epoch += 1
        time.sleep(0.01)
        writer.save_epoch(epoch, {"loss": 1 / epoch})
        writer.commands()
"""


def test_a_training_in_another_process_stops_and_its_program_ends(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    training = subprocess.Popen([sys.executable, "-c", TRAINING, name, backend.url, str(tmp_path)])
    try:
        eventually(lambda: store.service("runs").count({"basename": name, "status": "epoch"}), timeout=30)
        eventually(lambda: store.service("runs").first({"basename": name}, 1)[0].get("steering"))
        answer = marcelle_rt("stop", f"{name}-1", "--backend", backend.url)

        assert training.wait(timeout=30) == 0
    finally:
        training.kill()
    assert answer.returncode == 0
    assert answer.stdout.startswith(f"{name}-1 has stopped: success after epoch ")
    assert store.service("runs").first({"basename": name}, 1)[0]["status"] == "success"


def test_a_run_that_has_ended_is_not_stopped(backend: Backend, make_run: MakeRun) -> None:
    run = make_run(f"{uuid.uuid4().hex}-1")
    answer = marcelle_rt("stop", run["name"], "--backend", backend.url)

    assert answer.returncode == 1
    assert answer.stdout == f"{run['name']} was not stopped: the run has ended already, as 'success'\n"


def test_a_run_that_does_not_listen_says_what_its_program_lacks(backend: Backend, make_run: MakeRun) -> None:
    run = make_run(f"{uuid.uuid4().hex}-1", status="epoch")
    answer = marcelle_rt("stop", run["name"], "--backend", backend.url, "--json")

    told = json.loads(answer.stdout)
    assert (answer.returncode, told["_id"], told["name"], told["state"]) == (1, run["_id"], run["name"], "refused")
    assert "steerable=True" in told["message"]


def test_a_program_that_was_killed_does_not_answer_and_nothing_is_left_behind(
    backend: Backend, store: DataStore, make_run: MakeRun
) -> None:
    run = make_run(f"{uuid.uuid4().hex}-1", status="epoch", steering={"commands": ["stop"], "set": []})
    answer = marcelle_rt("stop", run["name"], "--backend", backend.url)

    assert answer.returncode == 1
    assert "its program did not answer, so it is no longer asked" in answer.stdout
    assert store.service("run-commands").count({"runId": run["_id"]}) == 0


def test_what_is_not_a_run_is_said(backend: Backend) -> None:
    answer = marcelle_rt("stop", "nobody-1", "--backend", backend.url)
    assert answer.returncode == 1
    assert "'nobody-1' is not a run" in answer.stderr
