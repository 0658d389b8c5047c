"""Many runs at once: all arrive, and none is left behind. The figures are `benchmarks/load.py`'s."""

from __future__ import annotations

from pathlib import Path

from marcelle_rt.backend import Backend
from tests.support.trainings.many_runs import Load, run


def test_forty_runs_in_two_processes_all_arrive_whole(backend: Backend, tmp_path: Path) -> None:
    report = run(Load(processes=2, runs=20, epochs=20, apart=0.05), backend.url, tmp_path, timeout=100)
    assert report.complete == 40
    assert len(report.gaps) >= 40
