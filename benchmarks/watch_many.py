"""What a watch over 10,000 documents costs: until all are there, for each change, and in memory.

It is measured beside what reading the same documents by `items` takes. It needs `pip install "marcelle-rt[dev]"`.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from itertools import islice

from benchmarks.support.measure import verdict
from marcelle_rt import DataStore, Service
from marcelle_rt.backend import Backend

DOCUMENTS = 10_000
CHANGES = 500
ROUNDS = 3
SERVICE = "bench"
PROMISED = 1.5  # of the time that just reading them takes


def fill(service: Service) -> list[str]:
    """Creates the documents; returns their ids."""
    ids = []
    for start in range(0, DOCUMENTS, 1000):
        created = service.create([{"n": n, "text": "x" * 200} for n in range(start, start + 1000)])
        ids += [document["_id"] for document in created]
    return ids


def read(service: Service) -> float:
    """The seconds that reading all takes."""
    start = time.perf_counter()
    assert sum(1 for _ in service.items()) == DOCUMENTS
    return time.perf_counter() - start


def watch(service: Service) -> float:
    """The seconds until a watch has given all."""
    start = time.perf_counter()
    with service.watch(timeout=60) as view:
        assert sum(1 for _ in islice(view, DOCUMENTS)) == DOCUMENTS
        return time.perf_counter() - start


def follow(service: Service, writer: Service, ids: list[str]) -> tuple[float, float]:
    """The seconds that many patches take with a watch that follows, and the bytes that it holds."""
    tracemalloc.start()
    with service.watch(timeout=60) as view:
        for _ in islice(view, DOCUMENTS):
            pass
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        start = time.perf_counter()
        for id in ids[:CHANGES]:
            writer.patch(id, {"n": -1})
        changed = {change.document["_id"] for change in islice(view, CHANGES)}
        taken = time.perf_counter() - start
        assert changed == set(ids[:CHANGES])
    return taken, held


def alone(writer: Service, ids: list[str]) -> float:
    """The seconds that as many patches take when nobody follows."""
    start = time.perf_counter()
    for id in ids[:CHANGES]:
        writer.patch(id, {"n": -2})
    return time.perf_counter() - start


if __name__ == "__main__":
    with (
        Backend(port=0) as backend,
        DataStore(backend.url) as store,
        DataStore(backend.url.replace("127.0.0.1", "localhost")) as other,
    ):
        service, writer = store.service(SERVICE), other.service(SERVICE)
        ids = fill(writer)
        pairs = [(read(service), watch(service)) for _ in range(ROUNDS)]
        least = min(seconds for seconds, _ in pairs), min(seconds for _, seconds in pairs)
        taken, held = follow(service, writer, ids)
        unwatched = alone(writer, ids)
    print(f"{DOCUMENTS} documents: read in {least[0]:.2f} s, watched in {least[1]:.2f} s; {held / 1e6:.1f} MB held")
    print(f"{CHANGES} patches, followed: {taken:.2f} s ({CHANGES / taken:.0f}/s); with nobody: {unwatched:.2f} s")
    sys.exit(not verdict("a watch's first view over reading the same", least[1] / least[0], PROMISED))
