"""How long a dataset of 10,000 JPEGs takes to be arrays, what memory that takes, and what a page is like meanwhile.

The images have 28 by 28 pixels, with a thumbnail each, as a page records them. Reading is measured beside the way of
the client of 2021 (REST, 10 documents a page, decoded as ours are) and beside decoding alone, by Pillow, interleaved,
each by its fastest round, as other work on the machine only adds. Memory is what a fresh process grows by at its peak
over the size of the arrays that it gets (on Linux). The page has a `datasetBrowser` and
a button; what is measured is the time from a real click, by its own time stamp, to its handler, while Python adds 2,000
images to the dataset.
"""

from __future__ import annotations

import base64
import io
import json
import statistics
import subprocess
import sys
import threading
import time

import numpy as np
import requests
from PIL import Image

from benchmarks.support.measure import verdict
from marcelle_rt import Dataset, DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.site import Site
from marcelle_rt.datasets.stored import images
from tests.helpers import chromium, dashboard_html

INSTANCES = 10_000
ROUNDS = 3
ADDED = 2_000
SIZE = (64, 64)

PAGE = """
import { dataStore, dataset, datasetBrowser } from './marcelle.js';
const store = dataStore(BACKEND);
await store.connect();
const clicked = dataset('clicked', store);
await clicked.ready;
datasetBrowser(clicked).mount(document.querySelector('#browser'));
window.delays = [];
document.querySelector('#button').onclick = (event) => delays.push(performance.now() - event.timeStamp);
window.ready = true;
"""
BODY = """
<div id="browser"></div>
<button id="button" style="position: fixed; top: 0; left: 0; z-index: 9">click</button>
"""


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, 28, 28, 3), dtype=np.uint8)


def by_2021(url: str) -> float:
    """Seconds for all instances by REST, 10 a page."""
    start = time.perf_counter()
    x = np.empty((INSTANCES, 28, 28, 3), np.uint8)
    with requests.Session() as session:
        for skip in range(0, INSTANCES, 10):
            query = {"datasetName": "read", "$limit": "10", "$skip": str(skip)}
            for place, document in enumerate(session.get(f"{url}/instances-read", params=query).json()["data"]):
                x[skip + place] = images.decode_url(document["x"])
    return time.perf_counter() - start


def decoding(urls: list[str]) -> float:
    """Seconds to decode images that are there, by Pillow."""
    start = time.perf_counter()
    x = np.empty((len(urls), 28, 28, 3), np.uint8)
    for place, url in enumerate(urls):
        x[place] = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))
    return time.perf_counter() - start


def ours(dataset: Dataset) -> float:
    """Seconds until all instances are arrays."""
    start = time.perf_counter()
    x, y = dataset.to_numpy()
    assert len(x) == len(y) == INSTANCES
    return time.perf_counter() - start


def growth(url: str, size: str) -> float:
    """How much a process grows at its peak that reads the dataset, over the size of its arrays."""
    program = f"""
from pathlib import Path
from marcelle_rt import Dataset

def memory(field):
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024

Dataset({url!r}, "one").to_numpy(size={size})  # all that is imported and opened
dataset = Dataset({url!r}, "read")
Path("/proc/self/clear_refs").write_text("5")  # from here on the peak counts
before = memory("VmRSS")
x, y = dataset.to_numpy(size={size})
print((memory("VmHWM") - before) / (x.nbytes + y.nbytes))
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(answer.stdout)


def clicks(backend: str) -> list[float]:
    """Seconds that a page takes to answer each click while 2,000 images come."""
    script = PAGE.replace("BACKEND", json.dumps(backend))
    with chromium() as browser, Site({"index.html": dashboard_html(script, BODY)}) as site, DataStore(backend) as store:
        page = browser.new_page()
        page.goto(site.url)
        page.wait_for_function("window.ready")
        box = page.locator("#button").bounding_box()
        assert box is not None
        labels = [f"class {n % 4}" for n in range(ADDED)]
        adding = threading.Thread(target=Dataset(store, "clicked").add_many, args=(pictures(ADDED), labels))
        adding.start()
        while adding.is_alive():
            page.mouse.click(box["x"] + 5, box["y"] + 5)
            adding.join(0.2)
        page.wait_for_function(f"document.querySelectorAll('#browser img').length === {ADDED}", timeout=120_000)
        return [delay / 1000 for delay in page.evaluate("delays")]


if __name__ == "__main__":
    kept = []
    with Backend(port=0) as backend, DataStore(backend.url, timeout=60) as store:
        dataset = Dataset(store, "read")
        dataset.add_many(pictures(INSTANCES), [f"class {n % 10}" for n in range(INSTANCES)], gently=False)
        Dataset(store, "one").add(pictures(1)[0], "a")
        urls = [document["x"] for document in dataset.documents("x")]
        rounds = [(ours(dataset), decoding(urls), by_2021(backend.url)) for _ in range(ROUNDS)]
        own, alone, old = (min(taken) for taken in zip(*rounds, strict=True))  # other work on the machine only adds
        print(f"{INSTANCES:,} instances: {own:.2f} s; decoding alone {alone:.2f} s; as in 2021 {old:.2f} s")
        kept.append(verdict("to_numpy over REST, 10 a page", own / old, 0.1))
        kept.append(verdict("to_numpy over decoding alone, by Pillow", own / alone, 2.0))
        kept.append(verdict(f"peak of memory over the arrays, size={SIZE}", growth(backend.url, str(SIZE)), 1.3))
        print(
            f"the same of 28 by 28 pixels as they are, in 24 MB: {growth(backend.url, 'None'):.2f}x, without a promise"
        )
    with Backend(port=0) as backend:
        delays = clicks(backend.url)
    print(f"{len(delays)} clicks: median {statistics.median(delays):.3f} s")
    kept.append(verdict(f"slowest answer to a click while {ADDED:,} images are added", max(delays), 1.0, " s"))
    sys.exit(not all(kept))
