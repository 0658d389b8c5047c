"""A job's Keras training is steered: by commands to the job, and by those to its run."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from marcelle_rt.backend import Backend
from marcelle_rt.runs.document.commands import COMMANDS
from tests.helpers import eventually
from tests.serving.conftest import SERVERS, Served

pytest.importorskip("keras")
pytest.importorskip("jax")


@pytest.fixture(scope="module")
def keras_server(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a Keras training, on JAX: each process that imports TensorFlow takes seconds."""
    served = Served(backend.url, SERVERS / "predicting.py", tmp_path_factory.mktemp("keras"), KERAS_BACKEND="jax")
    yield served
    served.close()


def training(served: Served) -> tuple[str, str]:
    """A job that trains for long, and its run, which has an epoch."""
    job = served.submit("fit", epochs=100_000)
    eventually(lambda: served.job(job)["runId"], 120)
    run = served.job(job)["runId"]
    runs = served.store.service("runs")
    eventually(lambda: runs.count({"_id": run}) and runs.get(run)["epoch"] > 0, 60)
    return job, run


def send(served: Served, **fields: object) -> str:
    identity = str(uuid.uuid4())
    document = {"_id": identity, "runId": None, "jobId": None, "params": {}, "state": "sent", **fields}
    served.store.service(COMMANDS).create(document)
    return identity


def test_a_command_to_a_job_reaches_its_run(keras_server: Served) -> None:
    served = keras_server
    job, run = training(served)
    commands = served.store.service(COMMANDS)

    slower = send(served, jobId=job, command="set", params={"learning_rate": 0.125})
    eventually(lambda: commands.get(slower)["state"] == "done", 30)
    eventually(lambda: served.store.service("runs").get(run)["logs"]["learning_rate"][-1] == 0.125, 30)
    send(served, jobId=job, command="stop")

    ended = served.end_of(job)
    assert (ended["state"], ended["message"]) == ("success", "stopped")
    stored = served.store.service("runs").get(run)
    assert (stored["status"], stored["logs"]["learning_rate"][-1]) == ("success", 0.125)


def test_a_stop_of_the_run_stops_the_job(keras_server: Served) -> None:
    job, run = training(keras_server)

    send(keras_server, runId=run, jobId=job, command="stop")

    ended = keras_server.end_of(job)
    assert (ended["state"], ended["message"]) == ("success", "stopped")
