"""A server for what becomes of jobs when workers are killed: each attempt leaves a file, and may be there once."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

from marcelle_rt import TrainingServer

EFFECTS = Path(os.environ.get("EFFECTS", "."))


def executor() -> Any:
    """What `EXECUTOR` says: a number of processes, or a Dask cluster of `dask:<workers>`."""
    engine, _, workers = os.environ.get("EXECUTOR", "1").partition(":")
    if engine != "dask":
        return int(engine)
    import dask
    from distributed import Client

    # A local cluster closes the place of a worker for good that was lost 15 s ago and is starting again just then.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "1h"})
    return Client(n_workers=int(workers), threads_per_worker=1, host="127.0.0.1", dashboard_address=None)


server = TrainingServer(executor=executor, lease=3.0)


@server.task(retries=1000)
def leave_a_mark(job: Any) -> None:
    """Makes the attempt's file, which nobody may have made before; it holds the number of the process."""
    try:
        with (EFFECTS / f"{job.id}.{job.attempt}").open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        (EFFECTS / f"{job.id}.{job.attempt}.twice").touch()
        raise
    time.sleep(random.uniform(0.0, 0.05))


if __name__ == "__main__":
    server.serve()
