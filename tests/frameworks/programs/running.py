"""Runs what the docs and the examples have of a framework, as readers do, and looks at what arrived on a backend."""

from __future__ import annotations

import os
from pathlib import Path

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from tests.support.docs.doc_pages import DOCS, ROOT, blocks
from tests.support.docs.doc_session import session
from tests.test_examples import only_run, run_example

RUNS = {"boosting": 4, "huggingface": 1, "lightning": 3, "pytorch": 2, "searches": 7}
"""How many runs the programs of each page make."""


def run_page(name: str, backend: Backend, tmp_path: Path, library: str | None = None) -> None:
    """Runs a page's blocks, one after the other; `library` as `session` takes it."""
    folder = tmp_path / "reader"
    folder.mkdir()
    path = DOCS / "frameworks" / f"{name}.md"
    ours = {"MARCELLE_BACKEND": backend.url, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}  # as of examples
    with session(folder, {**os.environ, **ours}, library) as reader:
        for block in blocks(path):
            assert (block.language, block.reason) == ("python", None)
            reader.run(f"{path.name}:{block.line}", block.text)
    with DataStore(backend.url) as store:
        runs = list(store.service("runs").items())
    assert [run["status"] for run in runs] == ["success"] * RUNS[name]
    assert all(run["logs"]["loss"] for run in runs)


def run_for_four_epochs(
    name: str, basename: str, source: str, backend: Backend, tmp_path: Path, library: str | None = None
) -> None:
    """Runs an example, which makes one run; `library` as `run_example` takes it."""
    run_example(name, "4", backend=backend.url, folder=tmp_path, library=library)
    with DataStore(backend.url) as store:
        run = only_run(store, basename)
    assert (run["status"], run["source"], run["epoch"], run["epochs"]) == ("success", source, 4, 4)
    for metric in ("loss", "lossVal"):
        assert len(run["logs"][metric]) == 4
        assert run["logs"][metric][-1] < run["logs"][metric][0]
