"""Many jobs, and workers that are killed at random.

`python -m tests.serving.chaos --jobs 1000 --servers 3`, or `--dask 4` for one server on a cluster of so many workers.
It counts what became of the jobs, and exits with 1 unless every job has ended, no attempt ran twice, and no job went on
that was done. The suite runs it with a few.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.serving.documents import ENDED, JOBS, new_job
from tests.helpers import eventually

SERVER = Path(__file__).parent / "servers" / "unlucky.py"


class Counts(NamedTuple):
    """What became of the jobs.

    Attributes:
        states: How many jobs are in which state.
        attempts: How many attempts there were.
        killed: How many workers and servers were killed.
        twice: Attempts that ran twice.
        repeated: Jobs that were begun again after they were done.
        seconds: How long it took.
    """

    states: dict[str, int]
    attempts: int
    killed: int
    twice: int
    repeated: int
    seconds: float

    @property
    def is_right(self) -> bool:
        """Whether every job was done, and nothing happened twice."""
        return set(self.states) == {"success"} and not self.twice and not self.repeated


class Chaos:
    """Servers on one backend, and somebody who kills what they have started.

    Args:
        url: The backend.
        folder: Gets the attempts' files and the servers' output.
        executors: What each server's `EXECUTOR` is.
        seed: What the killing draws from.
    """

    def __init__(self, url: str, folder: Path, executors: list[str], seed: int) -> None:
        self.killed = 0
        self._store = DataStore(url)
        self._jobs = self._store.service(JOBS)
        self._folder = folder
        self._effects = folder / "effects"
        self._effects.mkdir()
        self._random = random.Random(seed)
        self._environment = {**os.environ, "MARCELLE_BACKEND": url, "EFFECTS": os.fspath(self._effects)}
        self._executors = executors
        self._servers = [self._start(executor) for executor in executors]

    def run(self, count: int, every: float, patience: float, *, kill_servers: bool) -> Counts:
        """Creates jobs, and kills until all have ended.

        Args:
            count: How many jobs.
            every: How many attempts begin between two kills, at the mean: a slow machine gets fewer of them.
            patience: Seconds without an attempt after which it is given up.
            kill_servers: Whether servers are killed too, one kill of ten.
        """
        start = time.monotonic()
        jobs = [new_job("leave_a_mark", {}, None, "python") for _ in range(count)]
        for first in range(0, count, 100):
            self._jobs.create(jobs[first : first + 100])
        goal = 1.0
        while not self._have_ended(count):
            eventually(partial(self._has_come, goal, count), patience, 0.05)
            self._kill(kill_servers)
            goal = self._begun() + self._random.expovariate(1 / every)
        return self._count({job["_id"] for job in jobs}, time.monotonic() - start)

    def _has_come(self, goal: float, count: int) -> bool:
        for server in self._servers:  # those that were killed are others by now
            assert server.poll() is None, (self._folder / "servers.log").read_text()[-5000:]
        return self._begun() >= goal or self._have_ended(count)

    def _begun(self) -> int:
        return len(os.listdir(self._effects))

    def _have_ended(self, count: int) -> bool:
        return self._jobs.count({"state": {"$in": [state.value for state in ENDED]}}) >= count

    def close(self) -> None:
        """Ends the servers."""
        for server in self._servers:
            server.send_signal(signal.SIGTERM)
        for server in self._servers:
            server.wait(60)
        self._store.close()

    def _start(self, executor: str) -> subprocess.Popen[bytes]:
        with (self._folder / "servers.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, str(SERVER)],
                env={**self._environment, "EXECUTOR": executor},
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _kill(self, kill_servers: bool) -> None:
        number = self._random.randrange(len(self._servers))
        server = self._servers[number]
        if kill_servers and self._random.random() < 0.1:
            server.kill()
            server.wait()
            self._servers[number] = self._start(self._executors[number])
            self.killed += 1
            return
        with suppress(psutil.NoSuchProcess):
            begun = self._have_begun_a_job()
            children = psutil.Process(server.pid).children(recursive=True)
            workers = [child for child in children if _is_our_worker(child) or child.pid in begun]
            if workers:
                self._random.choice(workers).kill()
                self.killed += 1

    def _have_begun_a_job(self) -> set[int]:
        """The processes that have begun a job: Dask gives a worker up that is killed before it has started."""
        return {int(path.read_text() or 0) for path in self._effects.iterdir()}

    def _count(self, ours: set[str], seconds: float) -> Counts:
        documents = [document for document in self._jobs.items() if document["_id"] in ours]
        last: Counter[str] = Counter()
        begun = [path.name.split(".") for path in self._effects.iterdir()]
        for job, attempt, *_ in begun:
            last[job] = max(last[job], int(attempt))
        return Counts(
            dict(Counter(document["state"] for document in documents)),
            sum(1 for parts in begun if len(parts) == 2),
            self.killed,
            sum(1 for parts in begun if len(parts) == 3),
            sum(1 for document in documents if last[document["_id"]] > document["attempt"]),
            seconds,
        )


def _is_our_worker(process: psutil.Process) -> bool:
    """Whether a process is one of ours that carries jobs out, or will soon."""
    return "marcelle_rt.serving" in " ".join(process.cmdline())


def wreak(folder: Path, executors: list[str], jobs: int, *, seed: int, every: float, patience: float) -> Counts:
    """Runs all of it on a backend of its own.

    Args:
        folder: Gets what it leaves.
        executors: One for each server.
        jobs: How many jobs.
        seed: What the killing draws from.
        every: How many attempts begin between two kills, at the mean.
        patience: Seconds without an attempt after which it is given up.
    """
    with ExitStack() as stack:
        backend: Any = stack.enter_context(Backend(port=0))
        chaos = Chaos(backend.url, folder, executors, seed)
        stack.callback(chaos.close)
        return chaos.run(jobs, every, patience, kill_servers=len(executors) > 1)


def main() -> None:
    """Reads the command line, and prints the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--servers", type=int, default=3, help="servers, each with a process a job")
    parser.add_argument("--dask", type=int, default=0, help="one server, with so many Dask workers instead")
    parser.add_argument("--every", type=float, default=5.0, help="attempts between two kills, at the mean")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    executors = [f"dask:{options.dask}"] if options.dask else ["1"] * options.servers
    print(f"seed {options.seed}: {options.jobs} jobs over {', '.join(executors)}")
    with tempfile.TemporaryDirectory() as folder:
        counts = wreak(Path(folder), executors, options.jobs, seed=options.seed, every=options.every, patience=600.0)
    for name, value in counts._asdict().items():
        print(f"{name}: {value}")
    sys.exit(not counts.is_right)


if __name__ == "__main__":
    main()
