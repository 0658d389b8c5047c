"""A server whose jobs run on a Ray of its own, with the processors of this machine; no other machine sees it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from marcelle_rt import TrainingServer

server = TrainingServer(executor="ray", lease=float(os.environ.get("LEASE", "30")))


@server.task
def where(job: Any) -> None:
    """Records a run, and tells which process it was."""
    job.writer.save_epoch(1, {"loss": 0.5})
    job.progress(1.0, f"process {os.getpid()}")


@server.task
def die_once(job: Any, *, marker: str) -> None:
    """Is killed with its worker the first time; the marker has a line for each time."""
    with Path(marker).open("a") as file:
        file.write(f"{job.attempt}\n")
    if job.attempt == 1:
        os._exit(1)


if __name__ == "__main__":
    server.serve()
