"""Documents that anybody can write where jobs are: a server passes over what is none, and goes on."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from marcelle_rt.runs.document.commands import COMMANDS
from marcelle_rt.serving.documents import JOBS, REQUESTS, TASKS, is_job, is_job_command, new_job
from tests.helpers import eventually
from tests.serving.conftest import Served

Serve = Callable[..., Served]

RUNNING = {"task": "count", "state": "running", "worker": "somebody", "beat": 0}
JOB_DOCUMENTS: list[dict[str, Any]] = [
    {**RUNNING, "attempt": "x"},
    {**RUNNING, "attempt": None},
    {**RUNNING, "attempt": True},
    RUNNING,
    {**new_job("count", {}, None, "page"), "_id": 1.5},
    {**new_job("count", {}, None, "page"), "state": 7},
]
COMMAND_DOCUMENTS: list[dict[str, Any]] = [
    {"jobId": "a", "state": "sent"},
    {"jobId": {}, "state": "sent", "command": "stop"},
    {"jobId": "a", "state": "sent", "command": ["stop"]},
]
OTHER_SERVERS: list[Any] = [
    [{"name": "zz"}],
    [{"name": {"a": 1}, "type": "integer"}],
    [{"name": "zz", "type": "integer", "min": "a"}],
    5,
    "abc",
]


@pytest.mark.parametrize("document", JOB_DOCUMENTS)
def test_what_is_not_a_job_is_told_apart(document: dict[str, Any]) -> None:
    assert not is_job({"_id": "some", **document})


@pytest.mark.parametrize("document", COMMAND_DOCUMENTS)
def test_what_is_not_a_command_to_a_job_is_told_apart(document: dict[str, Any]) -> None:
    assert not is_job_command({"_id": "some", **document})


def test_a_server_goes_on_whatever_documents_are_there_before_it_starts_and_while_it_runs(serve: Serve) -> None:
    served = serve(LEASE="1")

    def write() -> None:
        for document in JOB_DOCUMENTS:
            served.store.service(JOBS).create(document if "_id" not in document else {**document, "_id": new_id()})
        job = new_job("count", {}, None, "page")
        served.store.service(JOBS).create({**job, "state": "queued", "_id": new_id(), "attempt": 0})
        for document in COMMAND_DOCUMENTS:
            served.store.service(COMMANDS).create(document)
        for params in OTHER_SERVERS:
            fields = {"task": "count", "server": "evil", "trains": True, "params": params, "beat": {"a": 1}}
            served.store.service(TASKS).create({"_id": new_id(), **fields})

    def new_id() -> str:
        return str(uuid.uuid4())

    write()
    refused = served.submit("count", zz=1)
    eventually(lambda: served.job(refused)["state"] == "refused", 60)
    assert served.end_of(served.submit("count"))["state"] == "success"
    for n in range(200):
        served.store.service(COMMANDS).create(
            {"jobId": f"no-such-{n}", "runId": None, "command": "cancel", "state": "sent"}
        )
    assert served.end_of(served.submit("count"))["state"] == "success"
    a_predictor_that_exits_ends_no_answering(served)
    assert served.process.poll() is None
    assert served.end() == 0


def a_predictor_that_exits_ends_no_answering(served: Served) -> None:
    requests = served.store.service(REQUESTS)

    def answer(x: Any) -> dict[str, Any]:
        key = str(uuid.uuid4())
        requests.create({"_id": key, "task": "exits", "x": x, "state": "asked", "y": None, "message": ""})
        return eventually(lambda: found if (found := requests.get(key))["state"] != "asked" else None, 30)

    assert answer("exit")["state"] == "error"
    assert answer([1.0])["y"] == [1.0]
