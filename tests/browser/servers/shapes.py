"""A server for users who sign in; whether they all see it is said by the environment."""

from __future__ import annotations

import os
from typing import Any

from marcelle_rt import TrainingServer

server = TrainingServer(public=bool(os.environ.get("PUBLIC")))


@server.task
def shapes(job: Any, *, epochs: int = 3) -> None:
    """Records a run of some epochs."""
    job.writer.train_begin(epochs)
    for epoch in range(1, epochs + 1):
        job.writer.save_epoch(epoch, {"loss": 1 / epoch})


if __name__ == "__main__":
    server.serve()
