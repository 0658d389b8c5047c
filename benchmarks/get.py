"""How fast a document is read, beside the JS client that Marcelle's data store is made of.

Sequential is one `get` after the other; pipelined has a batch under way at a time. Rounds of both clients alternate,
and each talks to the same backend over a WebSocket of its own.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.support.feathers_js import JsClient
from benchmarks.support.measure import verdict
from marcelle_rt import DataStore
from marcelle_rt.backend import Backend

ROUNDS = 21
READS = 200
SERVICE = "bench"
PROMISED = 1 / 2  # of the JS client's time, one read after the other; pipelined nothing is promised


def sequential(store: DataStore, id: str, count: int) -> float:
    """The seconds that `count` reads take, one after the other."""
    service = store.service(SERVICE)
    start = time.perf_counter()
    for _ in range(count):
        service.get(id)
    return time.perf_counter() - start


def pipelined(store: DataStore, id: str, count: int) -> float:
    """The same, all under way at once."""
    connection = store.connection
    start = time.perf_counter()
    for call in [connection.call_async("get", SERVICE, id, {}, timeout=30) for _ in range(count)]:
        call.result()
    return time.perf_counter() - start


def compare(name: str, ours: Callable[[DataStore, str, int], float], store: DataStore, js: JsClient, id: str) -> float:
    """Measures rounds of both in turn, after one that warms up; returns our time over the JS client's."""
    times: dict[str, list[float]] = {"ours": [], "the JS client": []}
    for _ in range(1 + ROUNDS):
        times["ours"].append(ours(store, id, READS))
        times["the JS client"].append(js.do(name, service=SERVICE, id=id, count=READS))
    medians = {client: statistics.median(taken[1:]) for client, taken in times.items()}
    ratio = medians["ours"] / medians["the JS client"]
    rates = ", ".join(f"{client} {READS / median:.0f}/s" for client, median in medians.items())
    print(f"{name}: {rates}: {ratio:.2f}x the time")
    return ratio


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, Backend(port=0) as backend, DataStore(backend.url) as store:
        document = store.service(SERVICE).create({"name": "bench-1", "logs": {"loss": [0.5] * 10}})
        with JsClient(backend.url, Path(folder) / "client.log") as js:
            compare("pipelined", pipelined, store, js, document["_id"])
            ratio = compare("sequential", sequential, store, js, document["_id"])
    sys.exit(not verdict("time of sequential get over the JS client's", ratio, PROMISED))
