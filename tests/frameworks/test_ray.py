"""Jobs on Ray, with workers of this machine alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from marcelle_rt.backend import Backend
from marcelle_rt.errors import MarcelleError
from marcelle_rt.serving.executors.ray import Ray
from tests.serving.conftest import SERVERS, Served

PATIENCE = 120.0


@pytest.fixture
def on_ray(own_backend: Callable[..., Backend], tmp_path: Path) -> Iterator[Served]:
    """The server of `on_ray.py`."""
    with ExitStack() as stack:
        served = Served(own_backend().url, SERVERS / "on_ray.py", tmp_path, LEASE="2")
        stack.callback(served.close)
        yield served


def test_jobs_run_on_the_workers_and_one_whose_worker_dies_is_started_once_more(on_ray: Served, tmp_path: Path) -> None:
    ends = [on_ray.end_of(job, PATIENCE) for job in [on_ray.submit("where") for _ in range(4)]]
    assert [(end["state"], end["attempt"]) for end in ends] == [("success", 1)] * 4
    assert f"process {on_ray.process.pid}" not in {end["progress"]["text"] for end in ends}
    assert on_ray.store.service("runs").get(ends[0]["runId"])["logs"] == {"loss": [0.5]}

    assert set(addresses(on_ray.process.pid)) == {"127.0.0.1"}

    marker = tmp_path / "attempts"
    end = on_ray.end_of(on_ray.submit("die_once", marker=os.fspath(marker)), PATIENCE)
    assert (end["state"], end["attempt"]) == ("success", 2)
    assert marker.read_text().split() == ["1", "2"]
    assert on_ray.end() == 0


def addresses(server: int) -> Iterator[str]:
    """Where a server and all that it has started listen."""
    process = psutil.Process(server)
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            for line in each.net_connections("tcp"):
                if line.status == psutil.CONN_LISTEN:
                    yield line.laddr.ip.removeprefix("::ffff:")


def test_an_address_that_is_not_rays_and_a_machine_without_it_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    with pytest.raises(MarcelleError, match=r"executor='nonsense' has found no Ray cluster: Invalid address format"):
        Ray("nonsense", lambda order, reason: None)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MarcelleError, match=r"pip install 'marcelle-rt\[ray\]'"):
        Ray("ray", lambda order, reason: None)
