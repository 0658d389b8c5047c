"""What rests on the database below the backend, on each of those that Marcelle has: claims, commands, predictions."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.backend import Backend
from marcelle_rt.runs.document.commands import COMMANDS
from marcelle_rt.serving.documents import REQUESTS, new_job
from tests.helpers import eventually
from tests.serving.conftest import SERVERS, Served
from tests.support.mongodb.running import OnMongoDB

Serve = Callable[..., Served]


@pytest.fixture(scope="module", params=["nedb", "mongodb"])
def database(request: pytest.FixtureRequest, node: None) -> Backend | OnMongoDB:
    """A backend on that database."""
    running: Backend | OnMongoDB = request.getfixturevalue(request.param)
    return running


@pytest.fixture(scope="module")
def served(database: Backend | OnMongoDB, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server there."""
    running = Served(database.url, SERVERS / "plain.py", tmp_path_factory.mktemp("plain"))
    yield running
    running.close()


def test_a_job_that_anybody_creates_is_run_and_its_document_says_how_it_went(served: Served) -> None:
    states: list[str] = []
    served.jobs.on("patched", lambda document: states.append(document["state"]))

    job = served.end_of(served.submit("count", epochs=4, kind="down"))

    assert (job["state"], job["attempt"], job["progress"]) == ("success", 1, {"fraction": 1.0, "text": "epoch 4"})
    run = served.store.service("runs").get(job["runId"])
    assert (run["status"], run["logs"]["loss"]) == ("success", [0.5, 1.0, 1.5, 2.0])
    assert run["params"] == {"epochs": 4, "rate": 0.5, "kind": "down"}
    eventually(lambda: states[-1:] == ["success"])
    assert list(dict.fromkeys(states)) == ["claimed", "running", "success"]


def test_a_parameter_that_does_not_fit_is_refused_by_its_name(served: Served) -> None:
    bad: dict[str, Any] = {"epochs": 0, "rate": None, "kind": "sideways", "__class__": "os.system"}

    jobs = {field: served.submit("count", **{field: value}) for field, value in bad.items()}

    for field, job in jobs.items():
        ended = served.end_of(job)
        assert (ended["state"], ended["message"].split(":")[0]) == ("refused", field)


def test_the_same_click_twice_is_one_job_and_a_command_that_is_late_or_for_nobody_is_refused(served: Served) -> None:
    job = served.submit("count")
    document = served.job(job)

    with pytest.raises(Exception, match=r"unique|duplicate"):
        served.jobs.create({**document, "state": "queued"})

    assert served.end_of(job)["attempt"] == 1
    late, nobody = served.command(job, "stop"), served.command("nobody", "cancel")
    eventually(lambda: late()["state"] == "refused")
    assert late()["message"] == "the job has ended: success"
    eventually(lambda: nobody()["state"] == "refused")
    assert nobody()["message"] == "there is no such job"


def test_a_job_that_is_stopped_is_a_success_with_what_it_has_done(served: Served) -> None:
    job = served.submit("wait")
    served.worker_of(job)
    states: list[str] = []
    served.store.service(COMMANDS).on("patched", lambda document: states.append(document["state"]))
    answer = served.command(job, "stop")

    ended = served.end_of(job)
    assert (ended["state"], ended["message"]) == ("success", "stopped")
    eventually(lambda: answer()["state"] == "done")
    eventually(lambda: states == ["accepted", "done"])


def test_a_job_that_is_cancelled_is_none(served: Served) -> None:
    running, waiting = served.submit("wait"), served.submit("wait")
    served.worker_of(running)

    answers = [served.command(job, "cancel") for job in (waiting, running)]

    assert served.end_of(waiting)["message"] == "cancelled before it began"
    assert served.end_of(running)["state"] == "cancelled"
    for answer in answers:
        eventually(lambda answer=answer: answer()["state"] == "done")


def test_many_jobs_for_two_servers_are_each_done_once_and_requests_have_the_answer_of_one(
    served: Served, serve: Serve, database: Backend | OnMongoDB, tmp_path: Path
) -> None:
    serve(POOL="threads", on=database)
    requests_have_the_answer_of_one_server(served)
    names = [f"{number:03}" for number in range(12)]
    jobs = [new_job("note", {"name": name}, None, "page") for name in names]

    served.jobs.create(jobs)

    ends = [served.end_of(job["_id"], 240) for job in jobs]
    assert {(end["state"], end["attempt"]) for end in ends} == {("success", 1)}
    notes = [folder / "notes.txt" for folder in (served.folder, tmp_path)]
    assert Counter(line for file in notes if file.exists() for line in file.read_text().split()) == Counter(names)


def requests_have_the_answer_of_one_server(served: Served) -> None:
    """Both of them see each request."""
    requests = served.store.service(REQUESTS)
    servers: defaultdict[str, set[str]] = defaultdict(set)
    requests.on("patched", lambda request: servers[request["_id"]].add(request["server"]))
    asked = {str(uuid.uuid4()): [float(n)] for n in range(10)}

    for key, x in asked.items():
        requests.create({"_id": key, "task": "exits", "x": x, "state": "asked", "y": None, "message": ""})

    eventually(lambda: set(servers) == set(asked), 30)
    assert {key: requests.remove(key)["y"] for key in asked} == asked
    assert {len(each) for each in servers.values()} == {1}
