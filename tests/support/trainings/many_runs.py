"""Many runs at once, in many processes: what `tests/scenarios/test_load.py` and `benchmarks/load.py` measure."""

from __future__ import annotations

import itertools
import multiprocessing
import statistics
import time
import uuid
import warnings
from dataclasses import dataclass, field
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.sync import route as channel

LIGHT = [
    "marcelle_rt.runs.writer",
    "marcelle_rt.client.socket.transport",
    "marcelle_rt.client.rest.http",
    "tests.support.trainings.many_runs",
]
"""What is imported once, before the processes are forked: each costs a few MB then."""


@dataclass(frozen=True)
class Load:
    """What is run.

    Attributes:
        processes: How many processes.
        runs: Runs in each, which share a connection.
        epochs: Epochs of each run.
        apart: Seconds between two epochs.
        stagger: Seconds in which they start, one process after the other, as a scheduler starts them.
        flood: The ratio, the rate and the seconds from which on a process counts as flooded; `None` for what holds.
    """

    processes: int
    runs: int
    epochs: int
    apart: float
    stagger: float = 0.0
    flood: tuple[float, float, float] | None = None


@dataclass
class Report:
    """What came of it; times in seconds."""

    complete: int = 0
    """Runs of which the backend has every epoch and the end."""
    took: float = 0.0
    """From the first epoch until all of them were there."""
    gaps: list[float] = field(default_factory=list)
    """Between two events of one run, as an observer sees them."""
    ends: list[float] = field(default_factory=list)
    """From the first epoch until a run's last event."""
    save_epoch: list[float] = field(default_factory=list)
    """The median in each process."""
    slowest_call: float = 0.0
    by_rest: int = 0
    """Processes that had no socket when their last epoch was saved."""

    def fairness(self) -> float:
        """How much longer the slowest run took than the one in the middle."""
        return max(self.ends) / statistics.median(self.ends)

    def quantile(self, share: float) -> float:
        """A quantile of the gaps."""
        ordered = sorted(self.gaps)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def lines(self) -> str:
        """The figures, one a line."""
        return (
            f"complete: {self.complete} runs, all there after {self.took:.1f} s\n"
            f"between a run's events: median {self.quantile(0.5):.2f} s, p95 {self.quantile(0.95):.2f} s\n"
            f"slowest run over the middle one: {self.fairness():.2f}x\n"
            f"save_epoch: median {statistics.median(self.save_epoch) * 1e6:.0f} us in the middle process, "
            f"{max(self.save_epoch) * 1e6:.0f} us in the slowest, one call at most {self.slowest_call * 1e3:.1f} ms\n"
            f"processes without a socket: {self.by_rest}"
        )


def run(load: Load, url: str, folder: Path, timeout: float = 240.0) -> Report:
    """Runs a load against a backend, watched from another process.

    Args:
        load: How much.
        url: The backend.
        folder: Where the runs' folders go.
        timeout: The most seconds for the whole.

    Raises:
        AssertionError: A process failed, or did not end in time.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIGHT)
    basename = f"load-{uuid.uuid4().hex[:8]}"
    seen: SimpleQueue[Any] = context.SimpleQueue()
    results: SimpleQueue[Any] = context.SimpleQueue()
    go, stop, watching = context.Event(), context.Event(), context.Event()
    ready = context.Semaphore(0)
    observer = context.Process(target=_observe, args=(url, basename, watching, stop, seen), daemon=True)
    observer.start()
    assert watching.wait(60)
    workers = [
        context.Process(
            target=_work,
            args=(load, url, str(folder), basename, ready, go, results, load.stagger * number / load.processes),
            daemon=True,
        )
        for number in range(load.processes)
    ]
    for worker in workers:
        worker.start()
    assert all(ready.acquire(timeout=60) for _ in workers)
    began = time.time()
    go.set()
    answers = [results.get() for _ in workers]
    for worker in workers:
        worker.join(timeout)
        assert worker.exitcode == 0, worker
    report = Report(took=max(answer["end"] for answer in answers) - began)
    report.save_epoch = [statistics.median(answer["calls"]) for answer in answers]
    report.slowest_call = max(max(answer["calls"]) for answer in answers)
    report.by_rest = sum(answer["by_rest"] for answer in answers)
    stop.set()
    for times in seen.get().values():
        report.gaps += [after - before for before, after in itertools.pairwise(times)]
        report.ends.append(times[-1] - began)
    observer.join()
    logs = {name: [n / 7 for n in range(load.epochs)] for name in ("loss", "acc")}
    with DataStore(url) as store:
        for document in store.service("runs").items({"basename": basename}):
            report.complete += document["status"] == "success" and document["logs"] == logs
    return report


def _observe(url: str, basename: str, watching: Any, stop: Any, seen: Any) -> None:
    times: dict[str, list[float]] = {}
    with DataStore(url) as store:

        def note(document: dict[str, Any]) -> None:
            if document.get("basename") == basename:
                times.setdefault(document["_id"], []).append(time.time())

        store.service("runs").on("created", note)
        store.service("runs").on("patched", note)
        watching.set()
        stop.wait()
        seen.put(times)


def _work(load: Load, url: str, folder: str, basename: str, ready: Any, go: Any, results: Any, stagger: float) -> None:
    warnings.simplefilter("ignore", MarcelleWarning)
    calls: list[float] = []
    if load.flood is not None:
        channel.FLOOD_RATIO, channel.FLOOD_RATE, channel._WINDOW = load.flood
    with Remote(url) as remote:
        writers = [Writer(basename, base_log_dir=folder, remote=remote, finish_timeout=200) for _ in range(load.runs)]
        ready.release()
        go.wait()
        time.sleep(stagger)
        for writer in writers:
            writer.create_run()
            writer.train_begin(load.epochs)
        due = time.monotonic()
        for epoch in range(load.epochs):
            for writer in writers:
                start = time.perf_counter()
                writer.save_epoch(epoch, {"loss": epoch / 7, "acc": epoch / 7})
                calls.append(time.perf_counter() - start)
            due += load.apart
            time.sleep(max(0.0, due - time.monotonic()))
        by_rest = remote.store.status != "connected"
        for writer in writers:
            writer.train_end()
        results.put({"calls": calls, "end": time.time(), "by_rest": by_rest})
