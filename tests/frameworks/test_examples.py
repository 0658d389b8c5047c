"""Each example of a framework is run as people run it, and what arrived on the backend is looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from tests.test_examples import only_run, run_example


@pytest.mark.parametrize(
    ("name", "basename", "source"),
    [
        ("lightning_sums.py", "sums-lightning", "lightning"),
        ("huggingface_sums.py", "sums-trainer", "transformers"),
        ("xgboost_cancer.py", "cancer", "xgboost"),
        ("lightgbm_cancer.py", "cancer-lightgbm", "lightgbm"),
        ("torch_loop.py", "sums-torch", "pytorch"),
    ],
)
def test_an_example_arrives_with_its_losses(
    name: str, basename: str, source: str, own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    backend = own_backend()
    run_example(name, "4", backend=backend.url, folder=tmp_path)
    with DataStore(backend.url) as store:
        run = only_run(store, basename)
    assert (run["status"], run["source"], run["epoch"], run["epochs"]) == ("success", source, 4, 4)
    for metric in ("loss", "lossVal"):
        assert len(run["logs"][metric]) == 4
        assert run["logs"][metric][-1] < run["logs"][metric][0]
