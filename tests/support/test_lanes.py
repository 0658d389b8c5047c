"""The lanes that tests run in: what is fast, and that nothing is skipped unnoticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.lanes import ROOT, is_fast


def test_a_test_is_fast_unless_it_or_what_it_imports_needs_something_heavy(tmp_path: Path) -> None:
    def judged(text: str, *fixtures: str) -> bool:
        file = tmp_path / f"test_{len(list(tmp_path.iterdir()))}.py"
        file.write_text(text)
        return is_fast(file, fixtures)

    assert judged("import json\nfrom marcelle_rt import Writer\nfrom tests.support.runs import epoch", "tmp_path")
    assert not judged("import json", "backend", "node")
    assert not judged("def test_it():\n    from keras.layers import Dense")
    assert not judged("import pytest\nkeras = pytest.importorskip('keras')")
    assert not judged("from marcelle_rt import KerasCallback")
    assert not judged("from tests.support.models.model_kinds import KINDS")
    assert judged("if TYPE_CHECKING:\n    import keras\nfrom tests.support.trainings.live_training import Live")


SKIPPING = "import pytest\ndef test_a(): pass\n@pytest.mark.skip\ndef test_b(): pass"


@pytest.mark.parametrize(
    ("ci", "text", "workers", "expected"),
    [
        ("true", SKIPPING, "0", 1),
        ("true", SKIPPING, "1", 1),  # by a worker of pytest-xdist
        ("false", SKIPPING, "0", 0),
        ("true", "def test_a(): pass", "0", 0),
    ],
)
def test_in_ci_a_test_that_is_skipped_fails_the_whole(
    tmp_path: Path, ci: str, text: str, workers: str, expected: int
) -> None:
    (tmp_path / "test_it.py").write_text(text)
    # The hooks of tests/conftest.py, for a test that lies elsewhere.
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_addoption, pytest_sessionfinish")
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "-p", "no:cacheprovider", "test_it.py"]
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=120)
    assert done.returncode == expected
