"""Jobs of a server in a process of its own, on a real backend: how they begin, are commanded, and how they end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from marcelle_rt.errors import NotFound
from marcelle_rt.serving.documents import TASKS
from marcelle_rt.values import iso
from tests.helpers import eventually, is_running
from tests.serving.conftest import Served

Serve = Callable[..., Served]


def test_a_job_that_a_page_has_created_without_all_of_its_fields_is_done(served: Served) -> None:
    created = served.jobs.create({"task": "count", "state": "queued"})

    assert served.end_of(created["_id"])["state"] == "success"


def test_a_stop_of_the_run_stops_the_job(served: Served) -> None:
    job = served.submit("train")
    run = eventually(lambda: served.job(job)["runId"], 60)

    served.command(job, "stop", run)

    ended = served.end_of(job)
    assert (ended["state"], ended["message"]) == ("success", "stopped")
    assert served.store.service("runs").get(run)["status"] == "success"


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


def test_a_task_that_raises_is_an_error_with_the_users_own_lines(served: Served) -> None:

    job = served.end_of(served.submit("fail"))

    assert (job["state"], job["message"]) == ("error", "ValueError: the data is <b>bad</b>")
    assert "in fail" in job["traceback"]
    assert "attempt.py" not in job["traceback"]


def test_jobs_are_done_in_the_order_in_which_they_were_created(served: Served) -> None:
    first = served.submit("wait")
    served.worker_of(first)
    jobs = []
    for name in "cab":
        jobs.append(served.submit("note", name=name))
        created = served.job(jobs[-1])["createdAt"]
        eventually(lambda: iso() > created)  # noqa: B023
    served.jobs.remove(first)

    assert [served.end_of(job)["state"] for job in jobs] == ["success"] * 3
    assert (served.folder / "notes.txt").read_text().split() == ["c", "a", "b"]


def test_a_task_that_ends_its_process_is_an_error(served: Served) -> None:
    left, vanished, silent = served.submit("leave"), served.submit("vanish"), served.submit("vanish", code=0)

    assert served.end_of(left)["message"] == "sys.exit(3)"
    assert served.end_of(vanished)["message"] == "the job's process ended with code 5"
    ended = served.end_of(silent, 20)  # and not after a lease of 30 s
    assert (ended["state"], ended["message"]) == ("error", "the job's process ended with code 0")


def test_a_thread_that_a_task_leaves_behind_holds_up_no_other_job_nor_does_a_lot_of_print(
    served: Served,
) -> None:
    lingering, next_one = served.submit("linger"), served.submit("flood")

    assert served.end_of(lingering)["state"] == "success"
    assert served.end_of(next_one)["state"] == "success"
    assert "A thread that the task has left did not end" in served.log.read_text()


def test_a_job_whose_process_is_killed_is_started_again_as_often_as_the_task_says(served: Served) -> None:
    job = served.end_of(served.submit("die"))

    assert (job["state"], job["attempt"]) == ("error", 2)
    assert "killed by SIGKILL" in job["message"]
    told = [line for line in served.log.read_text().splitlines() if job["_id"][:8] in line]
    assert len(told) == 2  # and people who look at the server's log read of both deaths
    assert f"Job {job['_id'][:8]} (die): the job's process was killed by SIGKILL" in told[0]
    assert "it is to be started again" in told[0]


def test_a_server_that_ends_leaves_no_process_and_its_job_to_the_next_one_also_in_its_first_moment(
    serve: Serve,
) -> None:
    served = serve()
    pages_see_which_tasks_it_has(served)
    served.jobs.on("patched", lambda job: job["state"] == "claimed" and served.process.send_signal(signal.SIGINT))
    job = served.submit("wait")

    assert served.process.wait(60) == 0
    assert (served.job(job)["state"], served.job(job)["losses"]) == ("queued", 0)
    assert served.store.service(TASKS).count() == 0
    served.jobs.off("patched")

    served.start()
    process = served.worker_of(job)
    assert served.job(job)["attempt"] == 2
    assert served.end() == 0
    assert not is_running(process)
    assert (served.job(job)["state"], served.job(job)["losses"]) == ("queued", 0)


def pages_see_which_tasks_it_has(served: Served) -> None:
    shown = served.store.service(TASKS)
    train = {"count", "note", "flood", "wait", "train", "garble", "hang", "fail", "leave", "vanish", "linger", "die"}
    names = {*train, "exits"}
    eventually(lambda: shown.count() == len(names))
    tasks = {document["task"]: document for document in shown.items()}

    assert set(tasks) == names
    assert tasks["count"]["params"] == [
        {"name": "epochs", "type": "integer", "min": 1, "max": 1000, "default": 3},
        {"name": "rate", "type": "number", "default": 0.5},
        {"name": "kind", "type": "choice", "options": ["up", "down"], "default": "up"},
    ]


def test_a_job_ends_as_an_error_for_the_deaths_of_its_own_worker_and_not_for_those_of_its_servers(
    serve: Serve,
) -> None:
    served = serve()
    job = served.submit("garble")  # makes another error of what interrupts it
    for _ in range(2):
        process = served.worker_of(job)
        served.end(signal.SIGKILL)
        eventually(lambda: served.job(job)["state"] == "queued")  # by the job's own process
        eventually(lambda: served.store.service(TASKS).count() == 0)
        assert "server was killed" in served.job(job)["message"]
        eventually(lambda process=process: not is_running(process))
        served.start()

    for attempt in (3, 4):
        eventually(lambda attempt=attempt: served.job(job)["attempt"] == attempt)
        os.kill(served.worker_of(job), signal.SIGTERM)

    ended = served.end_of(job)
    assert (ended["state"], ended["attempt"], ended["losses"]) == ("error", 4, 2)
    assert "ended by SIGTERM" in ended["message"]
    a_server_that_is_killed_while_it_waits_is_there_no_more(served)
    an_interruption_that_a_library_has_lost_is_made_again(served)


def a_server_that_is_killed_while_it_waits_is_there_no_more(served: Served) -> None:
    """It has had a job, so that the process that tells has not begun its imports."""
    served.end(signal.SIGKILL)

    eventually(lambda: served.store.service(TASKS).count() == 0)


def an_interruption_that_a_library_has_lost_is_made_again(served: Served) -> None:
    served.start()
    job = served.submit("garble", lost=1)
    served.worker_of(job)
    served.end(signal.SIGKILL)

    eventually(lambda: served.job(job)["state"] == "queued", 20)  # long before the lease has run out


def test_a_job_that_is_removed_is_not_run(served: Served) -> None:
    first = served.submit("wait")
    process = served.worker_of(first)
    second = served.submit("count")
    served.jobs.remove(second)
    served.jobs.remove(first)

    eventually(lambda: not is_running(process), 60)
    with pytest.raises(NotFound):
        served.job(second)
