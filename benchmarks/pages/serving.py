"""What it costs that a page's model is Python: a prediction, the click that begins a training, and jobs on a cluster.

A prediction goes page -> Python -> page as a document, beside one that a JS client on the same backend answers. A
click is a job that a page creates, until the page has the first epoch, beside a process with Keras imported that is
told to train the same. Jobs on 4 workers of Dask and of Ray stand beside the engine's own tasks of the same length;
that is printed and promises nothing, as each job is written down five times. It needs a Chromium and
`pip install "marcelle-rt[dev,ray]"`.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.support.feathers_js import JsClient
from benchmarks.support.measure import verdict
from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.site import Site
from marcelle_rt.serving.documents import ENDED, JOBS, TASKS, new_job
from tests.helpers import chromium, dashboard_html, eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page

SUPPORT = Path(__file__).parents[1] / "support"
PREDICTIONS = 200
CLICKS = 5
JOBS_AT_ONCE = 200
PROMISED = 1.3  # of the JS answerer's time
PROMISED_CLICK = 1.5  # of the warm process's time
PAGE = """
const { dataStore } = await import('./marcelle.js');
const store = dataStore('BACKEND');
await store.connect();
const requests = store.service('predict-requests');
const waiting = new Map();
requests.on('patched', (request) => {
  if (request.state === 'answered') waiting.get(request._id)?.();
});
window.predict = async (task) => {
  const _id = crypto.randomUUID();
  const start = performance.now();
  const answered = new Promise((resolve) => waiting.set(_id, resolve));
  requests.create({ _id, task, x: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], state: 'asked' });
  await answered;
  const seconds = (performance.now() - start) / 1000;
  waiting.delete(_id);
  await requests.remove(_id);
  return seconds;
};
window.seen = {};
store.service('runs').on('patched', (run) => {
  const now = (performance.timeOrigin + performance.now()) / 1000;
  if (run.epoch >= 1) (window.seen[run.basename] ??= {})[run._id] ??= now;
});
window.click = (job) => store.service('training-jobs').create(job);
window.ready = true;
"""


@contextmanager
def serving(file: str, url: str, folder: Path, **more: str) -> Iterator[DataStore]:
    """The server of a file in `support`, with more in its environment, until it is left."""
    with DataStore(url) as store, (folder / "server.log").open("ab") as log:
        environment = {**os.environ, "MARCELLE_BACKEND": url, **more}
        server = subprocess.Popen(
            [sys.executable, str(SUPPORT / file)],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            eventually(lambda: store.service(TASKS).count() > 0, 120)
            yield store
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


def predictions(page: Page) -> dict[str, list[float]]:
    """The seconds of predictions by both, in turn."""
    taken: dict[str, list[float]] = {"Python": [], "the JS client": []}
    for number in range(PREDICTIONS + 10):
        for who, task in (("Python", "of_python"), ("the JS client", "of_javascript")):
            seconds = page.evaluate("(task) => window.predict(task)", task)
            if number >= 10:
                taken[who].append(seconds)
    return taken


def clicks(page: Page, url: str, folder: Path) -> dict[str, list[float]]:
    """The seconds from a click to the first epoch in the page, of jobs and of warm processes, in turn."""
    taken: dict[str, list[float]] = {"a job": [], "a warm process": []}
    for number in range(CLICKS):
        environment = {**os.environ, "MARCELLE_BACKEND": url, "TF_CPP_MIN_LOG_LEVEL": "3"}
        with subprocess.Popen(
            [sys.executable, str(SUPPORT / "warm_process.py"), f"warm{number}"],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as warm:
            assert warm.stdin is not None
            assert warm.stdout is not None
            assert warm.stdout.readline() == "ready\n"
            time.sleep(10)  # the server's spare has imported everything too by then
            start = time.time()
            warm.stdin.write("go\n")
            warm.stdin.flush()
            taken["a warm process"].append(first_epoch(page, f"warm{number}") - start)
        time.sleep(10)
        start = time.time()
        page.evaluate("(job) => window.click(job)", dict(new_job("tiny", {}, None, "page")))
        taken["a job"].append(first_epoch(page, "tiny", number + 1) - start)
    return taken


def first_epoch(page: Page, basename: str, runs: int = 1) -> float:
    """When the page had the first epoch of the last of so many runs of a name, in seconds since 1970."""
    page.wait_for_function(
        "([name, runs]) => Object.keys(window.seen[name] ?? {}).length === runs", arg=[basename, runs], timeout=120_000
    )
    return float(page.evaluate("(name) => Math.max(...Object.values(window.seen[name]))", basename))


def jobs_a_second(store: DataStore) -> float:
    """How many jobs of 10 ms are done in a second, by workers that have done some before."""
    naps(store, 50)
    start = time.monotonic()
    naps(store, JOBS_AT_ONCE)
    return JOBS_AT_ONCE / (time.monotonic() - start)


def naps(store: DataStore, count: int) -> None:
    """Has so many jobs done."""
    service = store.service(JOBS)
    done = {"task": "nap", "state": {"$in": [state.value for state in ENDED]}}
    before = service.count(done)
    for _ in range(count // 50):
        service.create([new_job("nap", {}, None, "python") for _ in range(50)])
    eventually(lambda: service.count(done) >= before + count, 600, 0.05)


def nap() -> None:
    """What the engines do alone."""
    time.sleep(0.01)


def dask_alone() -> float:
    """How many tasks of 10 ms Dask does in a second, on 4 workers."""
    from distributed import Client

    with Client(n_workers=4, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as client:
        client.gather([client.submit(nap, pure=False) for _ in range(20)])
        start = time.monotonic()
        client.gather([client.submit(nap, pure=False) for _ in range(JOBS_AT_ONCE)])
        return JOBS_AT_ONCE / (time.monotonic() - start)


def ray_alone() -> float:
    """The same of Ray."""
    import ray

    ray.init(num_cpus=4, include_dashboard=False, _node_ip_address="127.0.0.1")
    remote: Any = ray.remote(nap)
    ray.get([remote.remote() for _ in range(20)])
    start = time.monotonic()
    ray.get([remote.remote() for _ in range(JOBS_AT_ONCE)])
    rate = JOBS_AT_ONCE / (time.monotonic() - start)
    ray.shutdown()
    return rate


def told(taken: dict[str, list[float]], ours: str, other: str) -> float:
    """Prints medians and tails; gives ours over the other's."""
    for who, seconds in taken.items():
        tail = statistics.quantiles(seconds, n=20)[-1]
        print(f"{who}: {statistics.median(seconds) * 1e3:.1f} ms at the median, {tail * 1e3:.1f} ms for 1 of 20")
    return statistics.median(taken[ours]) / statistics.median(taken[other])


def engines(folder: Path) -> None:
    """Prints jobs a second over 4 workers of each engine, and the engine alone."""
    alone: dict[str, Callable[[], float]] = {"dask:4": dask_alone, "ray:4": ray_alone}
    for executor, engine in alone.items():
        by_itself = engine()
        with Backend(port=0) as backend, serving("jobs_server.py", backend.url, folder, EXECUTOR=executor) as store:
            ours = jobs_a_second(store)
        print(f"{executor}: {ours:.1f} jobs a second; the engine's own tasks: {by_itself:.1f} a second")


def main() -> bool:
    """Measures all; whether the promises are kept."""
    with (
        tempfile.TemporaryDirectory() as name,
        Backend(port=0) as backend,
        Site({"index.html": dashboard_html(PAGE.replace("BACKEND", backend.url))}) as site,
        chromium() as browser,
        serving("serving_server.py", backend.url, Path(name)),
        JsClient(backend.url, Path(name) / "client.log") as js,
    ):
        js.do("answer", task="of_javascript")
        page = browser.new_page()
        page.goto(site.url)
        page.wait_for_function("window.ready")
        ratio = told(predictions(page), "Python", "the JS client")
        kept = verdict("a prediction page -> Python -> page over one of a JS client's", ratio, PROMISED)
        ratio = told(clicks(page, backend.url, Path(name)), "a job", "a warm process")
        kept = verdict("a click to the first epoch over a warm process's", ratio, PROMISED_CLICK) and kept
    with tempfile.TemporaryDirectory() as name:
        engines(Path(name))
    return kept


if __name__ == "__main__":
    sys.exit(not main())
