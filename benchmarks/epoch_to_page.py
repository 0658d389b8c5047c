"""How long an epoch takes from `save_epoch` to the event in a dashboard, beside a JS client that patches a run itself.

A page in Chromium with Marcelle's own data store listens. Epochs of a `Writer` and the same patches of a JS
client come in turn, further apart than the publisher pauses between two messages. All clocks are the machine's.
It needs a Chromium and `pip install "marcelle-rt[dev]"`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.support.feathers_js import JsClient
from benchmarks.support.measure import verdict
from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.site import Site
from marcelle_rt.runs.document.delta import compare, next_patch
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.sync.replica.fence import rev_text
from tests.helpers import chromium, dashboard_html

if TYPE_CHECKING:
    from playwright.sync_api import Page

EPOCHS = 60
WARM_UP = 5
APART = 0.3  # seconds
LOGS = {"loss": 0.123456, "accuracy": 0.987654, "val_loss": 0.234567, "val_accuracy": 0.876543}
SCRIPT = """
const { dataStore } = await import('./marcelle.js');
const store = dataStore('BACKEND');
window.seen = { ours: [], js: [] };
store.service('runs').on('patched', (run) => {
  window.seen[run.basename].push([run.epoch, (performance.timeOrigin + performance.now()) / 1000]);
});
await store.connect();
window.ready = true;
"""


class JsPublisher:
    """A run whose patches a JS client sends; what is in them is what a `Writer` would send."""

    def __init__(self, store: DataStore, js: JsClient) -> None:
        self._js = js
        self._run = Run()
        self._run.apply({"type": "create", "_id": "js-run", "run": {"basename": "js", "params": {}}})
        self._run.apply({"type": "begin", "epochs": EPOCHS})
        document = store.service("runs").create({**self._run.document(), "name": "js-1", "rev": rev_text(0)})
        self._known = compare(self._run, document)

    def save_epoch(self, epoch: int) -> float:
        """Patches the run; returns when that began, in seconds since 1970."""
        self._run.apply({"type": "epoch", "epoch": epoch, "place": epoch - 1, "logs": LOGS})
        patch = next_patch(self._run, self._known, 900_000)
        assert patch is not None
        self._known.accept(patch)
        rev = rev_text(epoch)
        query = {"rev": {"$lte": rev}}
        start: float = self._js.do("patch", service="runs", id="js-run", data={**patch.data, "rev": rev}, query=query)
        return start


def measure(page: Page, writer: Writer, js: JsPublisher) -> dict[str, list[float]]:
    """Saves epochs by both in turn; returns each one's seconds to the page's event."""
    begun: dict[str, list[float]] = {"ours": [], "js": []}
    for epoch in range(1, EPOCHS + 1):
        begun["ours"].append(time.time())
        writer.save_epoch(epoch, LOGS)
        time.sleep(APART / 2)
        begun["js"].append(js.save_epoch(epoch))
        time.sleep(APART / 2)
    page.wait_for_function(f"Object.values(seen).every((events) => events.at(-1)[0] === {EPOCHS})")
    seen: dict[str, list[tuple[int, float]]] = page.evaluate("seen")
    return {
        who: [first(seen[who], epoch) - start for epoch, start in enumerate(starts, 1) if epoch > WARM_UP]
        for who, starts in begun.items()
    }


def first(events: list[tuple[int, float]], epoch: int) -> float:
    """When an epoch was there: on a machine that stumbles, two epochs may come with one event."""
    return next(when for latest, when in events if latest >= epoch)


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        Backend(port=0) as backend,
        Site({"index.html": dashboard_html(SCRIPT.replace("BACKEND", backend.url))}) as site,
        chromium() as browser,
        DataStore(backend.url) as store,
        JsClient(backend.url, Path(folder) / "client.log") as client,
        Writer("ours", backend.url, base_log_dir=folder) as writer,
    ):
        writer.create_run()
        writer.train_begin(EPOCHS)
        page = browser.new_page()
        page.goto(site.url)
        page.wait_for_function("window.ready")
        taken = measure(page, writer, JsPublisher(store, client))
    medians = {who: statistics.median(seconds) for who, seconds in taken.items()}
    for who, seconds in taken.items():
        print(f"{who}: {medians[who] * 1e3:.2f} ms, from {min(seconds) * 1e3:.2f} to {max(seconds) * 1e3:.2f} ms")
    sys.exit(not verdict("save_epoch to a page's event over a JS client's patch", medians["ours"] / medians["js"], 1.5))
