"""A program of a few lines, which ends before its first connection is made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend

PROGRAM = """
import sys
from marcelle_rt import Writer
w = Writer("noend", sys.argv[1], base_log_dir=sys.argv[2])
w.create_run(); w.train_begin(3)
w.save_epoch(1, {"loss": 1})
"""


def test_a_program_that_ends_at_once_says_nothing_and_its_run_arrives(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    pytest.importorskip("tornado")  # which engineio imports where it is installed, and which imports executors
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, backend.url, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    introduction, *others = done.stderr.splitlines()
    assert introduction.startswith("marcelle-rt: the run 'noend' is recorded")
    assert others == []
    (run,) = store.service("runs").find({"query": {"basename": "noend"}})["data"]
    assert run["status"] == "error"
    assert run["error"] == "ended after 1 of 3 epochs"
    assert run["logs"]["loss"] == [1]


ON_A_THREAD = """
import sys, threading
from marcelle_rt import Writer
is_over = threading.main_thread().join
def train():
    is_over()
    with Writer("outlives", sys.argv[1], base_log_dir=sys.argv[2]) as writer:
        writer.create_run()
        writer.save_epoch(1, {"loss": 1})
    print(writer.status.complete)
threading.Thread(target=train).start()
"""


def test_a_training_on_a_thread_that_outlives_the_main_one_is_recorded(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    program = [sys.executable, "-W", "ignore", "-c", ON_A_THREAD, backend.url, str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr
    (run,) = store.service("runs").items({"basename": "outlives"})
    assert (run["status"], run["logs"]) == ("success", {"loss": [1]})
