"""A fit that is killed and resumed is, on the backend, the run that it would have been."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from tests.helpers import skip_without
from tests.support.lean import UNASKED_BY_JAX, environment_without

pytest.importorskip("keras")
skip_without("jax")

PROGRAM = """
import gc, os, pathlib, signal, sys, time
gc.disable()  # a third of the imports' time
import keras, numpy as np
gc.enable()
from marcelle_rt import KerasCallback

url, base, killed, whole = sys.argv[1:]
x = np.random.default_rng(0).random((64, 4), dtype=np.float32)
y = x.sum(axis=1, keepdims=True)

class Die(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        time.sleep(0.1)
        if epoch + 1 == 8:
            os.kill(os.getpid(), signal.SIGKILL)

def model():
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(0.05), loss="mse")
    return made

def fit(model, name, *others, resume=None, **options):
    record = KerasCallback(name, url, "keras", model_checkpoint_freq=2, base_log_dir=base, resume=resume)
    model.fit(x, y, epochs=10, shuffle=False, verbose=0, callbacks=[record, *others], **options)

if not os.fork():  # what is killed is a process of its own, but for the imports
    fit(model(), killed, Die())
assert os.WTERMSIG(os.wait()[1]) == signal.SIGKILL
(folder,) = pathlib.Path(base).iterdir()
last = keras.models.load_model(folder / "model_checkpoint_epoch=6.keras")
fit(last, killed, resume=folder, initial_epoch=6)
fit(model(), whole)
print(folder)
"""


def test_a_fit_that_was_killed_and_resumed_equals_one_that_was_never_interrupted(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    killed, whole = uuid.uuid4().hex, uuid.uuid4().hex
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, backend.url, str(tmp_path), killed, whole]
    environment = {**environment_without(*UNASKED_BY_JAX), "KERAS_BACKEND": "jax"}
    done = subprocess.run(command, env=environment, timeout=300, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.splitlines()[-1])

    (resumed,) = store.service("runs").items({"basename": killed})
    (expected,) = store.service("runs").items({"basename": whole})
    assert resumed["logs"] == {key: pytest.approx(values, rel=1e-4) for key, values in expected["logs"].items()}
    assert len(resumed["logs"]["loss"]) == 10
    for field in ("status", "epoch", "epochs", "params"):
        assert resumed[field] == expected[field]
    for run in (resumed, expected):
        assert [c["metadata"]["epoch"] for c in run["checkpoints"]] == [2, 4, 6, 8, 10]
        assert {c["id"] for c in run["checkpoints"]} == ids_of(store, run)
    assert {path.name for path in folder.glob("*.keras")} == {
        f"model_checkpoint_epoch={n}.keras" for n in (2, 4, 6, 8, 10)
    }


def ids_of(store: DataStore, run: dict[str, Any]) -> set[str]:
    return {document["_id"] for document in store.service("tfjs-models").items({"runId": run["_id"]})}
