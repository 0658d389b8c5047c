"""How much of the house one epoch walks through, on its way from `save_epoch` to the backend."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import marcelle_rt
from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.notices import THREADS
from marcelle_rt.runs.sync.pace import PAUSE

ROOT = Path(marcelle_rt.__file__).parent

LINE = tuple(ROOT / "client" / "socket" / name for name in ("transport.py", "wire.py"))
"""How often these are called depends on how the frames of an answer arrive."""

AT_MOST = {"files": 23, "calls": 226, "returns": 97}

EPOCHS = 10


class Walk:
    """Notes which of our files each thread calls into, in order."""

    def __init__(self) -> None:
        self.threads: dict[str, list[str]] = {}

    def note(self, frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(f"{ROOT}/") and Path(file) not in LINE:
            self.threads.setdefault(threading.current_thread().name, []).append(file)

    def taken(self) -> dict[str, list[str]]:
        """What was noted since this was called last."""
        threads, self.threads = self.threads, {}
        return threads


@pytest.fixture
def walk() -> Iterator[Walk]:
    """A walk of all threads that are started from now on."""
    made = Walk()
    before = threading.getprofile() if hasattr(threading, "getprofile") else None
    threading.setprofile(made.note)
    yield made
    threading.setprofile(before)  # type: ignore[arg-type]  # `None` takes it away


def returns(files: list[str]) -> int:
    """How often a thread comes back to a file that it has left."""
    moves = [file for file, _ in groupby(files)]
    return len(moves) - len(set(moves))


def test_a_steady_epoch_walks_through_few_files(walk: Walk, nedb: Backend, tmp_path: Path) -> None:
    def clock() -> float:  # of this test alone, so that the publisher's thread is started here too
        return time.monotonic()

    steps = []
    with DataStore(nedb.url) as store:
        writer = Writer("walk", store, base_log_dir=tmp_path)
        writer.settings = replace(writer.settings, clock=clock)
        writer.create_run()
        writer.train_begin(EPOCHS)
        for epoch in range(EPOCHS):
            if epoch == 2:
                writer.flush(10)  # from here on the run is on the backend
            walk.taken()
            _with_profile(walk, lambda epoch=epoch: writer.save_epoch(epoch, {"loss": 1 / (epoch + 1), "acc": epoch}))
            time.sleep(2.5 * PAUSE)  # over the pause between two messages
            steps.append(walk.taken())
        writer.train_end()
    ways = [
        [files for thread, files in step.items() if thread in (threading.current_thread().name, f"{THREADS}publisher")]
        for step in steps[3:]
    ]
    # The median: once a second run_data.json is written too, and every two the publisher looks for a flood.
    found = {
        "files": statistics.median_high(len(set().union(*way)) for way in ways),
        "calls": statistics.median_high(sum(map(len, way)) for way in ways),
        "returns": statistics.median_high(sum(map(returns, way)) for way in ways),
    }
    assert all(len(way) == 2 for way in ways)
    assert {name: count for name, count in found.items() if count > AT_MOST[name]} == {}, (found, ways[-1])


def _with_profile(walk: Walk, act: Callable[[], object]) -> None:
    before = sys.getprofile()
    sys.setprofile(walk.note)
    try:
        act()
    finally:
        sys.setprofile(before)
