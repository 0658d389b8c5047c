"""Several servers, many jobs, workers that are silent, and a backend that goes away."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from marcelle_rt.backend import Backend
from marcelle_rt.serving.documents import ENDED, TASKS
from tests.helpers import eventually, is_running
from tests.serving.conftest import Served

Serve = Callable[..., Served]

ENDS = [state.value for state in ENDED]


def test_a_pool_that_breaks_is_said_and_its_jobs_wait_for_the_next_server(serve: Serve) -> None:
    served = serve(POOL="processes")
    assert served.end_of(served.submit("count"))["state"] == "success"
    killed = served.submit("die")

    assert served.process.wait(60) == 1
    assert "ProcessPoolExecutor takes no more jobs" in served.log.read_text()
    assert served.job(killed)["state"] == "queued"
    assert "BrokenProcessPool" in served.job(killed)["message"]
    assert served.store.service(TASKS).count() == 0


def test_a_job_whose_worker_is_silent_is_taken_over_and_the_worker_that_wakes_up_gives_it_up(serve: Serve) -> None:
    silent = serve(LEASE="3")
    job = silent.submit("wait")
    process = silent.worker_of(job)
    other = serve(LEASE="3")
    try:
        for pid in (silent.process.pid, process):
            os.kill(pid, signal.SIGSTOP)
        eventually(lambda: other.job(job)["attempt"] == 2, 60)
        assert other.worker_of(job) != process
    finally:
        for pid in (silent.process.pid, process):
            os.kill(pid, signal.SIGCONT)

    eventually(lambda: not is_running(process), 60)
    assert (other.job(job)["state"], other.job(job)["attempt"]) == ("running", 2)
    other.close()
    a_worker_that_is_silent_under_a_server_that_lives_is_ended_and_its_job_started_again(silent)


def a_worker_that_is_silent_under_a_server_that_lives_is_ended_and_its_job_started_again(served: Served) -> None:
    job = served.submit("wait")
    process = served.worker_of(job)
    os.kill(process, signal.SIGSTOP)

    eventually(lambda: served.job(job)["attempt"] == 2, 60)
    eventually(lambda: not is_running(process))
    assert served.job(job)["losses"] == 1


def test_a_job_goes_on_while_the_backend_is_away_for_longer_than_its_lease(serve: Serve, tmp_path: Path) -> None:
    data = tmp_path / "data"
    backend = Backend(data=data)
    with backend:
        served = serve(on=backend, LEASE="2")
        job = served.submit("wait")
        process = served.worker_of(job)
        port = backend.port
    beats = 0
    with Backend(data=data, port=port):
        eventually(lambda: served.job(job)["beat"] > beats, 60)
        beats = served.job(job)["beat"]
        eventually(lambda: served.job(job)["beat"] > beats + 1, 60)
        assert (served.job(job)["state"], served.job(job)["attempt"]) == ("running", 1)
        later = served.submit("count")
        served.jobs.patch(job, {"state": "cancelled", "worker": "page"})
        eventually(lambda: not is_running(process), 60)
        assert served.end_of(later)["state"] == "success"
        served.close()


def test_a_job_for_a_newer_version_of_a_task_is_left_to_it(serve: Serve) -> None:
    older = serve()
    newer = serve("newer.py")

    job = older.end_of(older.submit("count", newest=True))
    assert (job["state"], job["progress"]["text"]) == ("success", "newer")

    newer.end()
    refused = older.end_of(older.submit("count", newest=True))
    assert (refused["state"], refused["message"].split(":")[0]) == ("refused", "newest")
