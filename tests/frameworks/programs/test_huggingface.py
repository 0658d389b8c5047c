"""The page and the example of `Trainer` are forked from one process, which takes five seconds to import it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from marcelle_rt.backend import Backend
from tests.frameworks.programs.running import run_for_four_epochs, run_page


def test_the_programs_of_the_page_run_one_after_the_other(own_backend: Callable[..., Backend], tmp_path: Path) -> None:
    run_page("huggingface", own_backend(), tmp_path, "transformers.trainer")


def test_the_example_arrives_with_its_losses(own_backend: Callable[..., Backend], tmp_path: Path) -> None:
    run_for_four_epochs(
        "huggingface_sums.py", "sums-trainer", "transformers", own_backend(), tmp_path, "transformers.trainer"
    )
