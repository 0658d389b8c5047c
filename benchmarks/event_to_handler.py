"""How long an event takes to a Python handler, beside a handler of the JS client that Marcelle's data store is made of.

Both listen to one service of one backend, on connections of their own. A third client creates documents, and each
handler notes when it was called; all clocks are the machine's. It needs `pip install "marcelle-rt[dev]"`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.support.feathers_js import JsClient
from benchmarks.support.measure import verdict
from marcelle_rt import DataStore
from marcelle_rt.backend import Backend

EVENTS = 400
WARM_UP = 20
APART = 0.01  # seconds
SERVICE = "bench"
PROMISED = 1.5  # of the JS client's time


def measure(writer: DataStore, listener: DataStore, js: JsClient) -> dict[str, list[float]]:
    """Creates documents; returns each client's seconds from before the call that creates one to its handler."""
    heard: list[tuple[int, float]] = []

    def hear(document: dict[str, Any]) -> None:
        heard.append((document["n"], time.time()))

    listener.service(SERVICE).on("created", hear)
    js.do("listen", service=SERVICE)
    begun = []
    for number in range(EVENTS):
        begun.append(time.time())
        writer.service(SERVICE).create({"n": number, "text": "x" * 200})
        time.sleep(APART)
    while len(heard) < EVENTS:
        time.sleep(0.01)
    both = {"ours": heard, "the JS client": js.do("heard")}
    for who, events in both.items():
        assert [number for number, _ in events] == list(range(EVENTS)), f"{who} missed some, or had them out of order"
    return {who: [at - begun[number] for number, at in events[WARM_UP:]] for who, events in both.items()}


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        Backend(port=0) as backend,
        DataStore(backend.url) as writer,
        DataStore(backend.url.replace("127.0.0.1", "localhost")) as listener,
        JsClient(backend.url, Path(folder) / "client.log") as js,
    ):
        taken = measure(writer, listener, js)
    medians = {who: statistics.median(seconds) for who, seconds in taken.items()}
    for who, seconds in taken.items():
        tail = statistics.quantiles(seconds, n=20)[-1]
        print(f"{who}: {medians[who] * 1e3:.2f} ms at the median, {tail * 1e3:.2f} ms for 1 of 20")
    ratio = medians["ours"] / medians["the JS client"]
    sys.exit(not verdict("an event to a handler over the JS client's", ratio, PROMISED))
