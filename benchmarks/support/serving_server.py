"""The server that `serving.py` measures."""

from __future__ import annotations

import os
import time
from typing import Any

from benchmarks.support.tiny_training import train  # here, so that the server's spare has it
from marcelle_rt import TrainingServer


def executor() -> Any:
    """What `EXECUTOR` says: a number of processes, or workers of an engine."""
    engine, _, workers = os.environ.get("EXECUTOR", "1").partition(":")
    if engine == "dask":
        from distributed import Client

        return Client(n_workers=int(workers), threads_per_worker=1, host="127.0.0.1", dashboard_address=None)
    if engine == "ray":
        import ray

        ray.init(num_cpus=int(workers), include_dashboard=False, _node_ip_address="127.0.0.1")
        return "ray"
    return int(engine)


server = TrainingServer(executor=executor)


@server.predictor("of_python")
def of_python(x: Any) -> Any:
    """Adds up."""
    return {"label": "sum", "confidences": {"sum": float(sum(x))}}


@server.task
def tiny(job: Any) -> None:
    """Trains a tiny Keras model."""
    train(job.callback())


@server.task
def nap(job: Any) -> None:
    """Takes 10 ms."""
    time.sleep(0.01)


if __name__ == "__main__":
    server.serve()
