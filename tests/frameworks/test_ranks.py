"""Several processes of one training: one run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.frameworks.trainings import runs
from tests.support.docs.doc_pages import ROOT

PROGRAM = """
import sys
from pathlib import Path
import lightning.pytorch as pl
from marcelle_rt.callbacks.lightning import MarcelleCallback, MarcelleLogger
from tests.frameworks.lightning_module import loader, module, trainer

folder, strategy = Path(sys.argv[1]), sys.argv[2]
options = {"base_log_dir": folder / "logs", "remote": False}
if __name__ == "__main__":
    made = trainer(
        pl, folder, strategy=strategy, devices=2, max_epochs=2,
        callbacks=[MarcelleCallback("callback", **options)], logger=MarcelleLogger("logger", **options),
    )
    made.fit(module(pl), loader(), loader())
"""


@pytest.mark.parametrize("strategy", ["ddp", "ddp_fork"])
def test_two_processes_of_lightnings_make_one_run(strategy: str, tmp_path: Path) -> None:
    program = tmp_path / "train.py"
    program.write_text(PROGRAM)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(program), str(tmp_path), strategy]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    found = runs(tmp_path / "logs")
    assert sorted(run["basename"] for run in found) == ["callback", "logger"]
    assert all((run["status"], len(run["logs"]["loss"])) == ("success", 2) for run in found)
