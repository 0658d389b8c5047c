"""The server of predictions and of a training that `serving.py` measures."""

from __future__ import annotations

from typing import Any

from benchmarks.support.tiny_training import train  # here, so that the server's spare has it
from marcelle_rt import TrainingServer

server = TrainingServer()


@server.predictor("of_python")
def of_python(x: Any) -> Any:
    """Adds up."""
    return {"label": "sum", "confidences": {"sum": float(sum(x))}}


@server.task
def tiny(job: Any) -> None:
    """Trains a tiny Keras model."""
    train(job.callback())


if __name__ == "__main__":
    server.serve()
