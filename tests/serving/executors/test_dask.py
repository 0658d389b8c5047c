"""Jobs on a real Dask cluster of this machine: each is done once, whatever becomes of the workers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.serving.definition import Reference
from marcelle_rt.serving.executors.dask import Dask
from marcelle_rt.serving.executors.elsewhere import ExecutorGone
from marcelle_rt.serving.executors.seam import Order
from tests.helpers import eventually
from tests.serving.conftest import Served

distributed = pytest.importorskip("distributed")


def test_jobs_run_side_by_side_errors_and_deaths_are_told_and_an_end_gives_jobs_back_and_leaves_no_cluster_behind(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    served = serve("on_dask.py", LEASE="5")
    ends = [served.end_of(job) for job in [served.submit("where") for _ in range(6)]]

    assert [end["state"] for end in ends] == ["success"] * 6
    assert {end["attempt"] for end in ends} == {1}
    processes = {end["progress"]["text"] for end in ends}
    assert len(processes) <= 2
    assert f"process {served.process.pid}" not in processes
    runs = [served.store.service("runs").get(end["runId"]) for end in ends]
    assert [(run["status"], run["logs"]["loss"]) for run in runs] == [("success", [1.0, 0.5])] * 6
    a_task_that_raises_is_an_error_and_is_not_tried_again(served)
    # Dask runs its task again, which finds the attempt taken; the lease tells.
    a_job_whose_worker_is_killed_is_started_once_more(served, tmp_path)
    a_server_that_ends_gives_its_jobs_back_and_leaves_no_cluster_behind(served)


def a_task_that_raises_is_an_error_and_is_not_tried_again(served: Served) -> None:
    end = served.end_of(served.submit("fail"))

    assert (end["state"], end["attempt"], end["message"]) == ("error", 1, "ValueError: no such data")
    assert "no such data" in end["traceback"]


def a_server_that_ends_gives_its_jobs_back_and_leaves_no_cluster_behind(served: Served) -> None:
    job = served.submit("wait")
    worker = served.worker_of(job)
    assert served.end() == 0

    eventually(lambda: not Path(f"/proc/{worker}").exists())
    assert served.job(job)["state"] == "queued"


def a_job_whose_worker_is_killed_is_started_once_more(served: Served, folder: Path) -> None:
    marker = folder / "attempts"
    end = served.end_of(served.submit("die_once", marker=os.fspath(marker)))

    assert (end["state"], end["attempt"]) == ("success", 2)
    assert marker.read_text().split() == ["1", "2"]


def test_a_job_whose_worker_is_killed_is_started_once_more_where_dask_gives_its_task_up(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    served = serve("on_dask.py", WORKERS="1", ALLOWED_FAILURES="0")

    a_job_whose_worker_is_killed_is_started_once_more(served, tmp_path)


def test_a_cluster_without_workers_says_so_and_one_whose_scheduler_is_lost_takes_no_more(tmp_path: Path) -> None:
    dask = pytest.importorskip("dask")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        distributed.Client(processes=False, dashboard_address=None, n_workers=0, threads_per_worker=2) as client,
    ):
        ended: list[Any] = []
        executor = Dask(client, lambda *end: ended.append(end))
        # It takes some orders all the same: a cluster may get workers because something waits.
        assert (executor.problem, executor.free) == ("the Dask cluster has no workers", 2)
        executor.start(Order(Reference("no_such_module", "server", ""), "http://127.0.0.1:1", "a-job", 1, "a-token"))
        assert executor.free == 1

        client.cluster.scale(1)
        eventually(lambda: executor.problem == "")
        (order, reason) = eventually(lambda: ended)[0]
        assert (order.job, executor.free) == ("a-job", 4)
        assert "WrongWorker: a worker can't find no_such_module:server" in reason

        client.cluster.scheduler.loop.add_callback(client.cluster.scheduler.close)
        with pytest.raises(ExecutorGone, match="Dask takes no more jobs: its client is closed"):
            eventually(lambda: executor.free < 0)
        executor.close()


def test_a_client_is_known_by_its_class_and_nothing_else_is_taken_for_one() -> None:
    with distributed.Client(processes=False, dashboard_address=None, n_workers=1, threads_per_worker=3) as client:
        assert Dask.is_client(client)
        ended: list[Any] = []
        assert Dask(client, lambda *end: ended.append(end)).free == 6
    assert not Dask.is_client(object())
    assert not Dask.is_client("tcp://127.0.0.1:8786")
