"""Servers as people run them: each a process of its own, with those of its jobs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.errors import NotFound
from marcelle_rt.runs.document.commands import COMMANDS
from marcelle_rt.serving.documents import ENDED, JOBS, TASKS, JobState, new_job
from tests.helpers import eventually
from tests.support.lean import UNASKED_BY_JAX, environment_without
from tests.support.mongodb.running import OnMongoDB

SERVERS = Path(__file__).parent / "servers"


def on_jax() -> dict[str, str]:
    """The environment of a server whose Keras runs on JAX, where nothing else is that Keras would import."""
    return {**environment_without(*UNASKED_BY_JAX), "KERAS_BACKEND": "jax"}


class Served:
    """A server's process, and the jobs that are created for it.

    Args:
        url: The backend.
        file: The server's file.
        folder: The working directory, which gets the runs' folders.
        store: How to look at the backend; signed in, say.
        environment: More of its environment.
    """

    def __init__(self, url: str, file: Path, folder: Path, store: DataStore | None = None, **environment: str) -> None:
        self.url = url
        self.folder = folder
        self.store = store or DataStore(url)
        self.jobs = self.store.service(JOBS)
        self.log = folder / "server.log"
        self._words = [sys.executable, str(file)]
        self._environment = {**os.environ, **environment, "MARCELLE_BACKEND": url}
        self.start()

    def start(self) -> None:
        """Starts the server, and waits until it can be seen."""
        before = {document["server"] for document in self.store.service(TASKS).items()}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._words, env=self._environment, cwd=self.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        eventually(lambda: self.is_present(before), 60)

    def is_present(self, before: set[str]) -> bool:
        """Whether there is a server that was not there before."""
        assert self.process.poll() is None, self.log.read_text()
        return any(document["server"] not in before for document in self.store.service(TASKS).items())

    def submit(self, task: str, dataset: str | None = None, **params: Any) -> str:
        """Creates a job as a page does."""
        job = new_job(task, params, dataset, "page")
        self.jobs.create(job)
        return job["_id"]

    def command(self, job: str, verb: str, run: str | None = None, **params: Any) -> Callable[[], dict[str, Any]]:
        """Sends a command as a page does, to a job or to its run, and gives what reads its document."""
        commands = self.store.service(COMMANDS)
        identity = str(uuid.uuid4())
        fields = {"runId": run, "jobId": job, "command": verb, "params": params}
        commands.create({"_id": identity, "state": "sent", **fields})
        return lambda: commands.get(identity)

    def job(self, identity: str) -> dict[str, Any]:
        return self.jobs.get(identity)

    def end_of(self, identity: str, timeout: float = 60.0) -> dict[str, Any]:
        """The job's document when it has ended."""
        ends = [state.value for state in ENDED]
        eventually(lambda: self.job(identity)["state"] in ends, timeout)
        return self.job(identity)

    def worker_of(self, identity: str) -> int:
        """The process of a `wait` job, when it is running."""
        eventually(lambda: self.job(identity)["progress"]["text"].startswith("process"), 60)
        assert self.job(identity)["state"] == JobState.RUNNING.value
        return int(self.job(identity)["progress"]["text"].split()[1])

    def end(self, number: int = signal.SIGTERM) -> int:
        """Ends the server, and gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)

    def clear(self) -> None:
        """Removes the jobs that a test has left."""
        for document in self.jobs.items({"state": {"$nin": [state.value for state in ENDED]}}):
            with suppress(NotFound):
                self.jobs.remove(document["_id"])

    def close(self) -> None:
        """Ends the server and the jobs that are left; does nothing the second time."""
        if self.store.status == "closed":
            return
        self.clear()
        self.end()
        self.store.close()


@pytest.fixture(scope="module")
def plain(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server of `plain.py` for all tests of a file that don't end it."""
    served = Served(backend.url, SERVERS / "plain.py", tmp_path_factory.mktemp("plain"))
    yield served
    served.close()


@pytest.fixture
def served(plain: Served) -> Iterator[Served]:
    """`plain`, with no job left over."""
    yield plain
    plain.clear()


@pytest.fixture(scope="module")
def quiet(node: None) -> Iterator[Backend]:
    """A backend that is started when it is needed, for servers of one test at a time."""
    with ExitStack() as stack:
        backend = Backend()
        stack.push(backend)
        yield backend


@pytest.fixture
def serve(quiet: Backend, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts servers where there are no others; arguments as for `Served`, but for the backend and the folder."""
    running: list[Backend | OnMongoDB] = []
    with ExitStack() as stack:

        def start(file: str = "plain.py", on: Backend | OnMongoDB | None = None, **environment: str) -> Served:
            if not running:
                running.append(on or quiet.start())
            served = Served(running[0].url, SERVERS / file, tmp_path, **environment)
            stack.callback(served.close)
            return served

        yield start
