"""What a notebook's widget costs its kernel while a run elsewhere saves ten epochs a second.

A real kernel shows `LiveRuns`; its messages are read here as a front-end would read them, and not drawn. The kernel's
processor time is counted with a run that goes on, and with none. It needs `pip install "marcelle-rt[dev]"`.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from benchmarks.support.measure import verdict
from marcelle_rt.backend import Backend

SECONDS = 20.0
WARM_UP = 3.0
PROMISED = 5.0  # percent of one processor

SHOW = """
from marcelle_rt import DataStore
from marcelle_rt.monitor import LiveRuns
live = LiveRuns(DataStore({url!r}))
live
"""

TRAIN = """
import sys, time
from marcelle_rt import Writer
with Writer("bench", sys.argv[1], base_log_dir=sys.argv[2]) as writer:
    writer.create_run()
    writer.train_begin(10_000)
    for epoch in range(1, 10_001):
        writer.save_epoch(epoch, {"loss": 1 / epoch, "accuracy": 1 - 1 / epoch})
        time.sleep(0.1)
"""


@contextmanager
def kernel(folder: str) -> Iterator[tuple[BlockingKernelClient, psutil.Process]]:
    """A kernel, a client of it, and its process."""
    manager, client = start_new_kernel(cwd=folder)
    try:
        yield client, psutil.Process(manager.provisioner.pid)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run_cell(client: BlockingKernelClient, code: str) -> None:
    """Runs a cell, and fails as it does."""
    answer = client.execute_interactive(code, timeout=120, output_hook=lambda message: None)
    assert answer["content"]["status"] == "ok", answer["content"]


def spent(process: psutil.Process, seconds: float) -> float:
    """The processor time of a while, in percent of one processor."""
    before, start = process.cpu_times(), time.perf_counter()
    time.sleep(seconds)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return 100 * used / (time.perf_counter() - start)


def read_all(client: BlockingKernelClient, updates: list[int], ended: threading.Event) -> None:
    """Reads what the kernel tells its front-ends, and counts the widgets' messages."""
    while not ended.is_set():
        try:
            message = client.get_iopub_msg(timeout=0.2)
        except queue.Empty:
            continue
        updates[0] += message["msg_type"] == "comm_msg"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, Backend(port=0) as backend, kernel(folder) as (client, process):
        run_cell(client, SHOW.format(url=backend.url))
        updates, ended = [0], threading.Event()
        reader = threading.Thread(target=read_all, args=(client, updates, ended))
        reader.start()
        time.sleep(WARM_UP)
        idle = spent(process, SECONDS / 2)
        training = subprocess.Popen([sys.executable, "-c", TRAIN, backend.url, folder])
        try:
            time.sleep(WARM_UP)
            updates[0] = 0
            busy = spent(process, SECONDS)
            told = updates[0] / SECONDS
        finally:
            training.kill()
            training.wait()
            ended.set()
            reader.join()
    assert told > 1, "the widget did not move"
    print(f"a kernel with a widget: {idle:.1f} % with no run, {busy:.1f} % with one; {told:.0f} messages a second")
    sys.exit(not verdict("processor time of a kernel with a widget at 10 epochs a second", busy, PROMISED, " %"))
