"""The server whose jobs `serving.py` counts: its workers import nothing large."""

from __future__ import annotations

import os
import time
from typing import Any

from marcelle_rt import TrainingServer


def executor() -> Any:
    """What `EXECUTOR` says: an engine, and how many workers it has."""
    engine, _, workers = os.environ["EXECUTOR"].partition(":")
    if engine == "dask":
        from distributed import Client

        return Client(n_workers=int(workers), threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
    import ray

    ray.init(num_cpus=int(workers), include_dashboard=False, _node_ip_address="127.0.0.1")
    return "ray"


server = TrainingServer(executor=executor)


@server.task
def nap(job: Any) -> None:
    """Takes 10 ms."""
    time.sleep(0.01)


if __name__ == "__main__":
    server.serve()
