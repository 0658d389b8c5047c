"""What the dashboard's page costs a browser: until it shows something, until an epoch is drawn, and with many curves.

A page in Chromium shows the dashboard. The epoch's way is measured beside that of a page which does nothing but
draw the same curve with uPlot on the data store's event, both fed by one JS client's patches, in turn. All clocks are
the machine's. It needs a Chromium and `pip install "marcelle-rt[dev]"`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.support.feathers_js import JsClient
from benchmarks.support.measure import verdict
from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.pages import page_files
from marcelle_rt.dashboard.site import Site
from tests.helpers import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATCHES = 40
WARM_UP = 5
APART = 0.15  # seconds
FRAMES = 60
RUN = {"start": "2026-01-01T00:00:00.000Z", "status": "epoch", "epochs": 1000, "params": {"lr": 0.1}}

# Notes when a chart's canvas is drawn on; a drawing is over when the browser has had the frame.
NOTE_DRAWINGS = """
window.drawn = [];
const { stroke } = CanvasRenderingContext2D.prototype;
CanvasRenderingContext2D.prototype.stroke = function (path) {
  const answer = path ? stroke.call(this, path) : stroke.call(this);
  if (path) window.drawn.push((performance.timeOrigin + performance.now()) / 1000);
  return answer;
};
"""
BARE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="uplot.css"><div id="app"></div>
<script type="module">
import { dataStore } from './marcelle.js';
import uPlot from './uplot.js';
const store = dataStore('BACKEND');
const plot = new uPlot({ width: 600, height: 220, scales: { x: { time: false } },
  series: [{}, { stroke: 'red', points: { show: false } }] }, [[], []], document.getElementById('app'));
store.service('runs').on('patched', ({ logs }) => plot.setData([logs.loss.map((_, i) => i + 1), logs.loss]));
await store.connect();
window.ready = true;
</script>"""


def many(store: DataStore, count: int, epochs: int, **fields: Any) -> None:
    """Creates runs with four metrics."""
    documents: list[dict[str, Any]] = []
    for n in range(count):
        logs = {
            metric: [(n + 1) / (epoch + 1) for epoch in range(epochs)]
            for metric in ("loss", "val_loss", "accuracy", "val_accuracy")
        }
        documents.append({**RUN, "name": f"run-{n}", "epoch": epochs, "logs": logs, **fields})
        if len(documents) == 5 or n == count - 1:
            store.service("runs").create(documents)
            documents = []


def first_paint(browser: Browser, url: str) -> float:
    """Seconds from the request until the table shows its rows, in a fresh profile; the median of five."""
    taken = []
    for _ in range(5):
        context = browser.new_context()
        page = context.new_page()
        begun = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.locator(".rt-table tbody tr").first.wait_for()
        taken.append(time.perf_counter() - begun)
        context.close()
    return statistics.median(taken)


def to_curve(pages: dict[str, Page], store: DataStore, client: JsClient) -> dict[str, list[float]]:
    """Patches a run that all pages draw; returns each one's seconds from a patch to its first stroke."""
    run = store.service("runs").create({**RUN, "name": "live-1", "epoch": 1, "logs": {"loss": [1.0]}})
    pages["ours"].locator(".rt-chart canvas").wait_for()
    taken: dict[str, list[float]] = {who: [] for who in pages}
    losses = [1.0]
    for patch in range(PATCHES):
        losses.append(1 / (patch + 2))
        for page in pages.values():
            page.evaluate("window.drawn = []")
        begun: float = client.do(
            "patch", service="runs", id=run["_id"], data={"logs": {"loss": losses}, "epoch": len(losses)}
        )
        for who, page in pages.items():
            page.wait_for_function("window.drawn.length > 0")
            taken[who].append(page.evaluate("window.drawn[0]") - begun)
        time.sleep(APART)
    return {who: seconds[WARM_UP:] for who, seconds in taken.items()}


def frames(page: Page, url: str) -> float:
    """Seconds until 200 curves, one of each ticked run, are smoothed and drawn anew."""
    page.goto(url)
    page.get_by_role("combobox", name="runs a page").select_option("100")
    for turn in (False, True):
        if turn:
            page.get_by_role("button", name="next page").click()
        page.get_by_role("checkbox", name="tick all on this page").check()
    page.get_by_text("and 188 more").wait_for(timeout=60_000)
    page.get_by_role("searchbox", name="find a metric").fill("val_loss")  # one curve of each run
    page.locator(".rt-chart").first.scroll_into_view_if_needed()  # what is out of sight is not drawn
    page.wait_for_timeout(3000)
    # The slider redraws all curves at each step, as an event does.
    taken: list[float] = page.evaluate(
        """async (count) => {
          const slider = document.querySelector('[aria-label=smoothing]');
          const times = [];
          for (let i = 0; i < count; i += 1) {
            slider.value = String(0.01 + 0.9 * (i % 2));
            const begun = performance.now();
            window.drawn = [];
            slider.dispatchEvent(new Event('input'));
            while (window.drawn.length < 200) await new Promise(requestAnimationFrame);
            times.push((performance.now() - begun) / 1000);
          }
          return times;
        }""",
        FRAMES,
    )
    return statistics.median(taken)


def main() -> bool:
    """Measures all of it; returns whether every promise is kept."""
    kept = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        with Backend() as backend, DataStore(backend.url) as store, Site(page_files(backend.url)) as site:
            many(store, 1000, 30, status="success")
            kept.append(verdict("first paint of 1,000 runs", first_paint(browser, site.url), 2.0, " s"))
        with (
            Backend() as backend,
            DataStore(backend.url) as store,
            Site(page_files(backend.url)) as site,
            Site({"index.html": BARE.replace("BACKEND", backend.url)}) as bare,
            JsClient(backend.url, Path(folder) / "client.log") as client,
        ):
            pages = {who: browser.new_page() for who in ("ours", "bare")}
            for page, url in zip(pages.values(), (site.url, bare.url), strict=True):
                page.add_init_script(NOTE_DRAWINGS)
                page.goto(url)
            pages["bare"].wait_for_function("window.ready")
            pages["ours"].get_by_text("No run yet").wait_for()
            taken = to_curve(pages, store, client)
            for who, seconds in taken.items():
                print(f"{who}: {statistics.median(seconds) * 1e3:.1f} ms, at most {max(seconds) * 1e3:.1f} ms")
            ratio = statistics.median(taken["ours"]) / statistics.median(taken["bare"])
            kept.append(verdict("an event to its curve over a page that does nothing else", ratio, 1.3))
            for page in pages.values():
                page.close()
        with Backend() as backend, DataStore(backend.url) as store, Site(page_files(backend.url)) as site:
            many(store, 200, 1000, status="success")
            page = browser.new_page()
            page.add_init_script(NOTE_DRAWINGS)
            kept.append(verdict("a drawing of 200 ticked curves of 1,000 epochs", frames(page, site.url), 1 / 30, " s"))
    return all(kept)


if __name__ == "__main__":
    sys.exit(not main())
