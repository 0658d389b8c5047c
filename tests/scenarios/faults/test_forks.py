"""A training that forks after its run was created: the run stays its parent's alone."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from marcelle_rt.backend import Backend
from tests.support.lean import UNASKED_BY_JAX, environment_without
from tests.support.trainings.audit import Counts, audit

pytest.importorskip("keras")

PROGRAM = """
import gc, os, sys
from pathlib import Path
gc.disable()  # a third of the imports' time
import keras
gc.enable()
from marcelle_rt import Writer
from tests.support.pictures import PNG
from tests.support.trainings.program import logs_of

url, name, base = sys.argv[1:]
picture = Path(base) / "fig.png"
picture.write_bytes(PNG)
writer = Writer(name, url, base_log_dir=Path(base) / "logs", disk_save_format="keras")
writer.create_run(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]))
writer.train_begin(4)

def save(epoch):
    writer.save_epoch(epoch, logs_of(epoch), save_checkpoint=True, assets=[picture])

save(1)
save(2)  # what is under way just now is the parent's
pid = os.fork()
if pid == 0:
    save(7)
    writer.train_end()
    sys.exit(0)
save(3)
assert os.waitpid(pid, 0)[1] == 0
save(4)
writer.train_end()
print(writer.run_directory)
"""


def test_a_forked_child_adds_no_epoch_and_no_file_and_its_parent_loses_none(backend: Backend, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, backend.url, uuid.uuid4().hex, str(tmp_path)]
    # A process with TensorFlow's threads would not survive a fork.
    environment = {**environment_without(*UNASKED_BY_JAX), "KERAS_BACKEND": "numpy"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    directory = Path(done.stdout.strip().splitlines()[-1])
    assert audit(backend, directory, range(1, 5), 8) == Counts(12, 12, 12, 0, 0)
