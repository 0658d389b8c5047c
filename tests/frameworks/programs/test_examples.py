"""Each example of a framework is run as people run it, and what arrived on the backend is looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from marcelle_rt.backend import Backend
from tests.frameworks.programs.running import run_for_four_epochs


@pytest.mark.parametrize(
    ("name", "basename", "source"),
    [
        ("xgboost_cancer.py", "cancer", "xgboost"),
        ("lightgbm_cancer.py", "cancer-lightgbm", "lightgbm"),
        ("torch_loop.py", "sums-torch", "pytorch"),
    ],
)
def test_an_example_arrives_with_its_losses(
    name: str, basename: str, source: str, own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    run_for_four_epochs(name, basename, source, own_backend(), tmp_path)
