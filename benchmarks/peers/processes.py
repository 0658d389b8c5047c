"""Runs a candidate in a fresh process, to its end or until it is killed."""

from __future__ import annotations

import array
import contextlib
import mmap
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

CHILD = Path(__file__).with_name("child.py")
START = 120.0  # seconds that a tool may take until its first call
EXIT = 30.0  # seconds that a tool may take from its last call to the end of its process
SETTLE = 15.0  # seconds that helper processes may go on after the process is killed
MOST = 1_000_000


@dataclass(frozen=True)
class Timed:
    """What logging took in one process, in seconds."""

    calls: list[float]
    exit: float
    """From the last call to the end of the process; infinite where that took more than `EXIT`."""


@dataclass(frozen=True)
class Killed:
    """What a kill left."""

    returned: int
    """Calls that had returned."""
    kept: int
    """Calls whose values are in the files."""


class _Process:
    """A process that logs, and the notes that it leaves (see child.py)."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.notes = folder / "notes"
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        with self.notes.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 16)

    @property
    def returned(self) -> int:
        return int.from_bytes(self._map[:8], "little")

    @property
    def last(self) -> float:
        """When the last call returned, on the monotonic clock; 0 before it did."""
        return int.from_bytes(self._map[8:16], "little") / 1e9

    def durations(self) -> list[float]:
        content = self.notes.read_bytes()[16 : 16 + 8 * self.returned]
        return [nanoseconds / 1e9 for nanoseconds in array.array("q", content)]

    def wait_for(self, condition: Callable[[], object], timeout: float) -> None:
        end = time.monotonic() + timeout
        while not condition():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{self.process.args}: {self.output.read_text()[-2000:]}")
            time.sleep(0.01)

    def tree(self) -> list[psutil.Process]:
        """The process and its helpers."""
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.process.pid)
            return [process, *process.children(recursive=True)]
        return []


@dataclass(frozen=True)
class Runner:
    """Starts a candidate's processes."""

    name: str
    python: str
    variables: dict[str, str]

    def time(self, calls: int, budget: float, pause: float) -> Timed:
        """Logs `calls` times, or for `budget` seconds, and waits for the end."""
        with self._logging(calls, budget, pause) as (process, _):
            process.wait_for(lambda: process.last, START + budget)
            try:
                failed = process.process.wait(EXIT)
                exit_time = time.monotonic() - process.last
            except subprocess.TimeoutExpired:
                failed, exit_time = 0, float("inf")
            if failed:
                raise RuntimeError(process.output.read_text()[-2000:])
            return Timed(process.durations(), exit_time)

    def kill(self, after: float, pause: float, *, helpers: bool) -> Killed:
        """Kills the process some seconds after its first call, alone or with its helper processes."""
        with self._logging(MOST, START, pause) as (process, folder):
            process.wait_for(lambda: process.returned, START)
            end = time.monotonic() + after
            process.wait_for(lambda: time.monotonic() > end, after + 1)
            tree = process.tree()
            for victim in tree if helpers else tree[:1]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    victim.kill()
            process.process.wait()
            psutil.wait_procs(tree, timeout=SETTLE)  # a helper may write what it has
            command = self._command("read", folder)
            done = subprocess.run(
                command, cwd=folder, env=self._environment(folder), check=True, stdout=subprocess.PIPE, text=True
            )
            return Killed(process.returned, int(done.stdout.split()[-1]))

    @contextmanager
    def _logging(self, calls: int, budget: float, pause: float) -> Iterator[tuple[_Process, Path]]:
        with tempfile.TemporaryDirectory(prefix="peers-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            (folder / "run").mkdir()
            with (folder / "notes").open("wb") as file:
                file.truncate(8 * (2 + calls))
            command = self._command("log", folder, folder / "notes", calls, budget, pause)
            process = _Process(command, folder, self._environment(folder))
            tree: list[psutil.Process] = []
            try:
                yield process, folder
            finally:
                tree = process.tree()
                for survivor in tree:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        survivor.kill()
                process.process.wait()

    def _command(self, verb: str, folder: Path, *arguments: object) -> list[str]:
        return [self.python, str(CHILD), verb, self.name, str(folder / "run"), *map(str, arguments)]

    def _environment(self, folder: Path) -> dict[str, str]:
        """An environment of its own: a home that is empty, and nothing that goes to a network."""
        offline = {"DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}
        return {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **offline, **self.variables}
