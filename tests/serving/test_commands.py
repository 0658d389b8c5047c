"""Commands to jobs: stop and cancel, before, while and after they run, and what refuses to end."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from marcelle_rt.runs.document.commands import COMMANDS
from tests.helpers import eventually, is_running
from tests.serving.conftest import Served


def command(served: Served, job: str, verb: str) -> Callable[[], dict[str, Any]]:
    """Sends a command as a page does, and gives what reads its document."""
    commands = served.store.service(COMMANDS)
    identity = str(uuid.uuid4())
    commands.create({"_id": identity, "runId": None, "jobId": job, "command": verb, "params": {}, "state": "sent"})
    return lambda: commands.get(identity)


def test_a_job_that_is_stopped_is_a_success_with_what_it_has_done(served: Served) -> None:
    job = served.submit("wait")
    served.worker_of(job)
    states: list[str] = []
    served.store.service(COMMANDS).on("patched", lambda document: states.append(document["state"]))
    answer = command(served, job, "stop")

    ended = served.end_of(job)
    assert (ended["state"], ended["message"]) == ("success", "stopped")
    eventually(lambda: answer()["state"] == "done")
    eventually(lambda: states == ["accepted", "done"])


def test_a_job_that_is_cancelled_is_none(served: Served) -> None:
    running, waiting = served.submit("wait"), served.submit("wait")
    served.worker_of(running)

    answers = [command(served, job, "cancel") for job in (waiting, running)]

    assert served.end_of(waiting)["message"] == "cancelled before it began"
    assert served.end_of(running)["state"] == "cancelled"
    for answer in answers:
        eventually(lambda answer=answer: answer()["state"] == "done")


def test_a_job_that_ignores_its_cancellation_is_ended_after_a_grace_time(served: Served) -> None:
    job = served.submit("hang")
    process = served.worker_of(job)

    answer = command(served, job, "cancel")

    eventually(lambda: answer()["state"] == "accepted")
    eventually(lambda: served.job(job)["state"] == "stopping")
    ended = served.end_of(job)
    assert (ended["state"], "did not end by itself" in ended["message"]) == ("cancelled", True)
    assert not is_running(process)
    eventually(lambda: answer()["state"] in ("done", "refused"))


def test_a_command_that_is_late_or_for_nobody_is_refused_once(served: Served) -> None:
    job = served.submit("count")
    served.end_of(job)

    late, nobody = command(served, job, "stop"), command(served, "nobody", "cancel")

    eventually(lambda: late()["state"] == "refused")
    assert late()["message"] == "the job has ended: success"
    eventually(lambda: nobody()["state"] == "refused")
    assert nobody()["message"] == "there is no such job"


def test_a_command_that_no_job_knows_is_refused(served: Served) -> None:
    job = served.submit("wait")
    served.worker_of(job)

    unknown, early = command(served, job, "explode"), command(served, job, "set")

    eventually(lambda: unknown()["state"] == "refused")
    assert "explode" in unknown()["message"]
    eventually(lambda: early()["state"] == "refused")
    assert early()["message"] == "the training has not begun"
