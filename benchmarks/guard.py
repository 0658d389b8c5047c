"""What the guard costs: a `get` by socket and by REST, and an upload, with it and without it.

Both backends run side by side. Each pair does the same on the one and on the other, in an order that alternates, and
the median of the pairs' ratios is what counts: what else the machine does hits both halves of a pair alike. On one
with more to do than it has processors that is not so for minutes; the processor time of the servers, which is printed
beside it, tells then.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from benchmarks.support.measure import verdict
from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import install
from marcelle_rt.backend.process import NodeProcess

PAIRS = 301
READS = 20
SIZE = 20_000_000
SERVICE = "bench"
PROMISED = 1.05

Task = Callable[[str], Callable[[], object]]


@dataclass(frozen=True)
class Server:
    """A backend, and the process that it is."""

    url: str
    process: psutil.Process

    def cpu(self) -> float:
        """The processor time that it has taken, in seconds."""
        return sum(self.process.cpu_times()[:2])


@contextmanager
def bare() -> Iterator[Server]:
    """A backend without the guard."""
    with tempfile.TemporaryDirectory() as folder:
        backend = Backend(data=folder)
        (backend.data / "db").mkdir()
        packages = install()
        # The same settings as the guarded one's, which only the class itself knows.
        environment = backend._environment(packages)
        script = Path(__file__).parent / "support" / "bare.js"
        command = [find_node().executable, str(script), str(packages), "127.0.0.1", "0"]
        process = NodeProcess(command, log=backend.data / "bare.log", env={**os.environ, **environment})
        try:
            yield Server(f"http://127.0.0.1:{process.ready['port']}", psutil.Process(process.process.pid))
        finally:
            process.stop()


def by_socket(stack: ExitStack) -> Task:
    """Reads a document over a WebSocket, one time after the other."""

    def prepare(url: str) -> Callable[[], object]:
        service = stack.enter_context(DataStore(url)).service(SERVICE)
        id = service.create({"name": "bench-1", "logs": {"loss": [0.5] * 10}})["_id"]
        return lambda: [service.get(id) for _ in range(READS)]

    return prepare


def by_rest(stack: ExitStack) -> Task:
    """Reads a document over HTTP, on one connection."""

    def prepare(url: str) -> Callable[[], object]:
        session = stack.enter_context(requests.Session())
        id = session.post(f"{url}/{SERVICE}", json={"name": "bench-1"}).json()["_id"]
        return lambda: [session.get(f"{url}/{SERVICE}/{id}").raise_for_status() for _ in range(READS)]

    return prepare


def upload(stack: ExitStack) -> Task:
    """Uploads a file, and removes it again."""
    content = os.urandom(SIZE)

    def prepare(url: str) -> Callable[[], object]:
        session = stack.enter_context(requests.Session())

        def once() -> None:
            files = {"model.json": ("model.json", content)}
            stored = session.post(f"{url}/tfjs-models/upload", files=files).json()
            assert len(stored) == 1
            document = session.post(f"{url}/tfjs-models", json={"files": stored}).json()
            session.delete(f"{url}/tfjs-models/{document['_id']}").raise_for_status()

        return once

    return prepare


def seconds(task: Callable[[], object]) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def compare(name: str, prepare: Task, guarded: Server, unguarded: Server, pairs: int) -> bool:
    """Measures pairs, after one that warms up, and says whether the promise is kept."""
    servers = {"with": guarded, "without": unguarded}
    tasks = {side: prepare(server.url) for side, server in servers.items()}
    before = {side: server.cpu() for side, server in servers.items()}
    taken: dict[str, list[float]] = {"with": [], "without": []}
    for pair in range(1 + pairs):
        for side in sorted(tasks, reverse=pair % 2 == 0):
            taken[side].append(seconds(tasks[side]))
    ratio = statistics.median(a / b for a, b in zip(taken["with"][1:], taken["without"][1:], strict=True))
    medians = {side: statistics.median(times[1:]) * 1e3 for side, times in taken.items()}
    print(f"{name}: {medians['with']:.1f} ms with the guard, {medians['without']:.1f} ms without")
    cpu = {side: (server.cpu() - before[side]) / (1 + pairs) * 1e3 for side, server in servers.items()}
    print(f"  of the server's processor {cpu['with']:.2f} ms and {cpu['without']:.2f} ms")
    return verdict(f"{name} with the guard over without", ratio, PROMISED)


if __name__ == "__main__":
    with Backend() as backend, bare() as other, ExitStack() as stack:
        assert backend.process is not None
        ours = Server(backend.url, psutil.Process(backend.process.pid))
        kept = [
            compare(f"{READS} gets by socket", by_socket(stack), ours, other, PAIRS),
            compare(f"{READS} gets by REST", by_rest(stack), ours, other, PAIRS),
            compare(f"an upload of {SIZE // 10**6} MB", upload(stack), ours, other, PAIRS // 3),
        ]
    sys.exit(not all(kept))
