"""A server whose jobs run on a Dask cluster on this machine, of two processes or as many as `WORKERS` says."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from marcelle_rt import TrainingServer


def cluster() -> Any:
    """Starts it; only the server does."""
    import dask
    from distributed import Client

    dask.config.set({"distributed.scheduler.allowed-failures": int(os.environ.get("ALLOWED_FAILURES", "3"))})
    workers = int(os.environ.get("WORKERS", "2"))
    return Client(n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None)


server = TrainingServer(executor=cluster, lease=float(os.environ.get("LEASE", "30")))


@server.task
def where(job: Any, *, epochs: int = 2) -> None:
    """Records a run, and tells which process it was."""
    for epoch in range(1, epochs + 1):
        job.writer.save_epoch(epoch, {"loss": 1 / epoch})
    job.progress(1.0, f"process {os.getpid()}")


@server.task
def wait(job: Any) -> None:
    """Goes on until it is stopped."""
    job.progress(None, f"process {os.getpid()}")
    while not job.stopped:
        time.sleep(0.02)


@server.task
def die_once(job: Any, *, marker: str) -> None:
    """Is killed with its worker the first time; the marker has a line for each time."""
    with Path(marker).open("a") as file:
        file.write(f"{job.attempt}\n")
    if job.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)


@server.task
def fail(job: Any) -> None:
    """Raises."""
    raise ValueError("no such data")


if __name__ == "__main__":
    server.serve()
