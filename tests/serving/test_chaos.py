"""A few jobs while workers and servers are killed: `chaos.py` does it with thousands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving.chaos import wreak

JOBS = 6


@pytest.mark.parametrize(("executors", "seed"), [(["1", "1"], 1), (["dask:2"], 2)], ids=["two servers", "Dask"])
def test_every_job_ends_and_none_is_done_twice_while_workers_are_killed(
    node: None, tmp_path: Path, executors: list[str], seed: int
) -> None:
    if executors[0].startswith("dask"):
        pytest.importorskip("distributed")
    counts = wreak(tmp_path, executors, JOBS, seed=seed, every=4.0, patience=120.0)

    assert counts.killed
    assert counts.attempts >= JOBS
    assert counts.is_right, (counts, (tmp_path / "servers.log").read_text())
