"""Many short runs in one process leave no thread, no socket, no file and no memory behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.client.socket import sharing
from marcelle_rt.runs.sync import publisher
from tests.helpers import eventually

RUNS = 100  # the thousand of them is run by `python -m tests.scenarios.test_leaks`


def resources() -> tuple[int, int]:
    """How many threads and open files (sockets too) this process has."""
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def memory() -> int:
    """The bytes of memory that this process holds."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def short_run(folder: Path, url: str | None = None, remote: Remote | None = None) -> None:
    with Writer("short", url, base_log_dir=folder, remote=remote) as writer:
        writer.create_run()
        writer.train_begin(2)
        for epoch in range(2):
            writer.save_epoch(epoch, {"loss": epoch / 7})


def look(url: str, folder: Path, runs: int) -> None:
    """Makes runs that share a remote, then a tenth as many with their own, and compares before and after.

    Raises:
        AssertionError: Something was left.
    """
    before = resources()
    with Remote(url) as remote:
        for _ in range(10):
            short_run(folder, remote=remote)
        warm, held = resources(), memory()
        for _ in range(runs):
            short_run(folder, remote=remote)
        assert resources() <= warm, (warm, resources())
        grown = (memory() - held) / runs
    for _ in range(runs // 10):
        short_run(folder, url)
    eventually(lambda: resources() <= before, 30)
    print(f"{runs} runs: threads and files {before} -> {resources()}, {grown:,.0f} bytes more memory a run")
    assert grown < 20_000
    assert sharing._shared == {}
    assert not [known for known in publisher._publishers.values() if known._thread is not None]
    with DataStore(url) as store:
        assert store.service("runs").count({"basename": "short", "status": "success"}) == 10 + runs + runs // 10


def test_short_runs_leave_nothing_behind(own_backend: type[Backend], tmp_path: Path) -> None:
    backend = own_backend()
    program = f"from tests.scenarios.test_leaks import *; look({backend.url!r}, Path({str(tmp_path)!r}), {RUNS})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    import tempfile

    with Backend() as alone, tempfile.TemporaryDirectory() as temporary:
        look(alone.url, Path(temporary), 1000)
