"""What the README says is so: its programs run as they stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from tests.support.lean import lean_environment

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(scope="module")
def readers_backend(node: None) -> Iterator[Backend]:
    """A backend that only the README's programs write to."""
    with Backend() as running:
        yield running


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.splitlines()[-1].strip())
def test_a_program_of_the_readme_runs_as_it_stands(program: str, readers_backend: Backend, tmp_path: Path) -> None:
    env = {**os.environ, "MARCELLE_BACKEND": readers_backend.url}
    if "import keras" in program:
        pytest.importorskip("keras")
        env |= lean_environment()
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=180
    )

    assert answer.returncode == 0, answer.stderr
    assert "MarcelleWarning" not in answer.stderr
    folders = list(tmp_path.glob("marcelle-logs/*"))
    assert len(folders) == ("Writer" in program or "KerasCallback" in program)
    for folder in folders:
        document = json.loads((folder / "run_data.json").read_bytes())
        assert stored(readers_backend, document["_id"])["status"] == "success"


def stored(backend: Backend, run_id: str) -> dict[str, Any]:
    with DataStore(backend.url) as store:
        return store.service("runs").get(run_id)


def test_the_readme_has_its_programs() -> None:
    assert any("KerasCallback" in program for program in PROGRAMS)
    assert any("writer.save_epoch" in program for program in PROGRAMS)
    assert any("notes.on" in program for program in PROGRAMS)
