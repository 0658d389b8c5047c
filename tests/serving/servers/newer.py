"""A server of which `plain.py` is an older version: its task `count` has one more parameter."""

from __future__ import annotations

from typing import Any

from marcelle_rt import TrainingServer

server = TrainingServer()


@server.task
def count(job: Any, *, epochs: int = 3, newest: bool = False) -> None:
    """Says that it is the newer one."""
    job.progress(1.0, "newer")


if __name__ == "__main__":
    server.serve()
