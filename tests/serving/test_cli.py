"""`marcelle-rt serve` and `marcelle-rt jobs`, as people type them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from marcelle_rt import Dataset, DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.serving.documents import TASKS
from tests.helpers import eventually
from tests.serving.conftest import Served
from tests.support.command import answer_of, as_a_process, marcelle_rt

SERVER = """
from marcelle_rt import TrainingServer
server = TrainingServer()

@server.task
def {task}(job, *, epochs: int = 1):
    pass
"""

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(backend: Backend, tmp_path: Path) -> Iterator[Start]:
    """Starts the command in a folder of the test's own."""
    processes: list[subprocess.Popen[bytes]] = []

    def run(*words: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            command = [sys.executable, "-m", "marcelle_rt", *words]
            processes.append(
                subprocess.Popen(command, cwd=tmp_path, env=dict(os.environ), stdout=log, stderr=log, stdin=-3)
            )
        return processes[-1]

    yield run
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)


def test_a_server_is_served_by_its_name_and_started_again_when_its_file_changes(
    backend: Backend, store: DataStore, tmp_path: Path, start: Start
) -> None:
    def is_there(task: str) -> bool:
        assert process.poll() is None, (tmp_path / "log").read_text()
        return store.service(TASKS).count({"task": task}) == 1

    file = tmp_path / "mine.py"
    file.write_text(SERVER.format(task="first"))
    process = start("serve", "mine:server", "--reload", "--backend", backend.url)
    eventually(lambda: is_there("first"), 60)

    file.write_text("this is not Python")
    eventually(lambda: "starts when a file has changed" in (tmp_path / "log").read_text(), 60)
    assert not is_there("first")

    file.write_text(SERVER.format(task="second"))
    eventually(lambda: is_there("second"), 60)
    job = marcelle_rt("jobs", "submit", "second", "--backend", backend.url).stdout.strip()
    eventually(lambda: answer_of("jobs", "show", job, "--backend", backend.url)["state"] == "success", 60)

    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert not is_there_any(store)


def is_there_any(store: DataStore) -> bool:
    return store.service(TASKS).count({"task": {"$in": ["first", "second"]}}) > 0


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("mine", "use module:name"),
        ("mine:nothing", "no TrainingServer named 'nothing'"),
        ("nowhere:server", "nowhere"),
    ],
)
def test_what_is_not_a_server_is_said(
    target: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(SERVER.format(task="first"))
    monkeypatch.chdir(tmp_path)

    done = as_a_process("serve", target)

    assert (done.returncode, problem in done.stderr) == (1, True)


def test_jobs_are_created_listed_shown_and_repeated(served: Served) -> None:
    backend = ("--backend", served.url)
    job = marcelle_rt("jobs", "submit", "count", "epochs=2", "kind=down", *backend).stdout.strip()
    served.end_of(job)

    shown = marcelle_rt("jobs", "show", job[:12], *backend).stdout
    assert all(text in shown for text in ("success", "epochs: 2", "100% epoch 2"))
    listed = marcelle_rt("jobs", "--task", "count", *backend).stdout
    assert all(text in listed for text in (job[:8], "listening: count"))

    again = answer_of("jobs", "retry", job, *backend)[0]
    assert (again["params"], again["submitted"]) == ({"epochs": 2, "rate": 0.5, "kind": "down"}, "command")
    assert served.end_of(again["_id"])["state"] == "success"


def test_a_job_that_no_server_could_do_is_refused_before_it_is_created(served: Served) -> None:
    backend = ("--backend", served.url)
    drawing = Dataset(served.store, "sketches").add([0.0], "line")
    for words, problem in (
        (["shape"], "There is no task 'shape'; there are 'count'"),
        (["count", "epochs=0"], "epochs: 0 is out of range; use 1 to 1000"),
        (["count", "speed=1"], "speed: 1 is not a parameter; the task has epochs, rate, kind"),
        (["count", "epochs"], "is not name=value"),
        (["count", "--dataset", "sketchs"], "dataset 'sketchs': has no instances; this backend has 'sketches'"),
    ):
        done = marcelle_rt("jobs", "submit", *words, *backend)
        assert (done.returncode, problem in done.stderr) == (1, True), done.stderr
    assert marcelle_rt("jobs", "show", "nothing", *backend).returncode == 1
    unknown = marcelle_rt("jobs", "--task", "shape", *backend)
    assert (unknown.returncode, "There is no task 'shape'; there are 'count'" in unknown.stderr) == (1, True)

    job = marcelle_rt("jobs", "submit", "count", "--dataset", "sketches", *backend).stdout.strip()
    served.end_of(job)
    Dataset(served.store, "sketches").remove(drawing["_id"])
    assert "'sketches': has no instances" in marcelle_rt("jobs", "retry", job, *backend).stderr


def test_jobs_are_cancelled_and_the_exit_code_tells(served: Served) -> None:
    backend = ("--backend", served.url)
    running, waiting = served.submit("wait"), served.submit("wait")
    served.worker_of(running)

    done = marcelle_rt("jobs", "cancel", waiting, running, *backend)

    assert (done.returncode, done.stdout.count("cancelled")) == (0, 4)
    assert marcelle_rt("jobs", "cancel", served.submit("count"), "nothing", *backend).returncode == 1
