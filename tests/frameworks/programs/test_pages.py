"""Every block of code on the pages about frameworks runs, page by page, as a reader would run it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from marcelle_rt.backend import Backend
from tests.frameworks.programs.running import RUNS, run_page
from tests.support.docs.doc_pages import DOCS

ELSEWHERE = {"huggingface", "lightning"}
"""Those beside their framework's example, with which they share what takes seconds to import."""


def test_each_page_is_counted() -> None:
    assert {page.stem for page in (DOCS / "frameworks").glob("*.md")} == set(RUNS)


@pytest.mark.parametrize("name", sorted(RUNS.keys() - ELSEWHERE))
def test_the_programs_of_a_page_run_one_after_the_other(
    name: str, own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    run_page(name, own_backend(), tmp_path)
