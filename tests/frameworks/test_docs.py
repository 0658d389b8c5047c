"""Every block of code on the pages about frameworks runs, page by page, as a reader would run it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from tests.support.docs.doc_pages import DOCS, ROOT, blocks
from tests.support.docs.doc_session import session

RUNS = {"boosting": 4, "huggingface": 1, "lightning": 3, "pytorch": 2, "searches": 7}
"""How many runs the programs of each page make."""


def test_each_page_is_counted() -> None:
    assert {page.stem for page in (DOCS / "frameworks").glob("*.md")} == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_the_programs_of_a_page_run_one_after_the_other(
    name: str, own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    backend = own_backend().url
    folder = tmp_path / "reader"
    folder.mkdir()
    path = DOCS / "frameworks" / f"{name}.md"
    with session(folder, {**os.environ, "MARCELLE_BACKEND": backend, "PYTHONPATH": str(ROOT)}) as reader:
        for block in blocks(path):
            assert (block.language, block.reason) == ("python", None)
            reader.run(f"{path.name}:{block.line}", block.text)
    with DataStore(backend) as store:
        runs = list(store.service("runs").items())
    assert [run["status"] for run in runs] == ["success"] * RUNS[name]
    assert all(run["logs"]["loss"] for run in runs)
