"""Commands to jobs: stop and cancel, before, while and after they run, and what refuses to end."""

from __future__ import annotations

from tests.helpers import eventually, is_running
from tests.serving.conftest import Served


def test_a_job_that_ignores_its_cancellation_is_ended_after_a_grace_time(served: Served) -> None:
    job = served.submit("hang")
    process = served.worker_of(job)

    answer = served.command(job, "cancel")

    eventually(lambda: answer()["state"] == "accepted")
    eventually(lambda: served.job(job)["state"] == "stopping")
    ended = served.end_of(job)
    assert (ended["state"], "did not end by itself" in ended["message"]) == ("cancelled", True)
    assert not is_running(process)
    eventually(lambda: answer()["state"] in ("done", "refused"))


def test_a_command_that_no_job_knows_is_refused(served: Served) -> None:
    job = served.submit("wait")
    served.worker_of(job)

    unknown, early = served.command(job, "explode"), served.command(job, "set")

    eventually(lambda: unknown()["state"] == "refused")
    assert "explode" in unknown()["message"]
    eventually(lambda: early()["state"] == "refused")
    assert early()["message"] == "the training has not begun"
