"""Frameworks copy callbacks: KerasTuner for each trial, scikeras and joblib to send them to other processes."""

from __future__ import annotations

import copy
import pickle
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend

keras = pytest.importorskip("keras")
from marcelle_rt import KerasCallback  # noqa: E402

X, Y = np.ones((8, 4)), np.ones((8, 1))


@cache
def small() -> Any:
    """One model for all tests that look at what is recorded of it: Keras traces its training once."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def test_each_trial_of_a_tuner_is_a_run_of_its_own(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    callbacks = [KerasCallback(name, backend.url, base_log_dir=tmp_path, batch_freq=1, run_params={"lr": 0.1})]
    for _trial in range(3):  # as KerasTuner does it
        copied = copy.deepcopy(callbacks)
        small().fit(X, Y, epochs=2, verbose=0, callbacks=copied)
        copy.deepcopy(copied)  # and one that has had a run
    runs = list(store.service("runs").items({"basename": name}))
    assert sorted(run["name"] for run in runs) == [f"{name}-{n}" for n in (1, 2, 3)]
    assert [(run["status"], run["epoch"], run["params"]["lr"]) for run in runs] == [("success", 2, 0.1)] * 3
    assert all(store.service("run-batches").count({"runId": run["_id"]}) for run in runs)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))], ids=["copy", "pickle"])
def test_a_copy_in_the_middle_of_a_fit_is_a_callback_without_a_run(
    copied: Callable[[Any], Any], tmp_path: Path
) -> None:
    callback = KerasCallback("copied", "http://127.0.0.1:9", base_log_dir=tmp_path, batch_freq=2, finish_timeout=0.0)
    made: list[Any] = []

    class Copy(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            made.append(copied(callback))

    small().fit(X, Y, epochs=1, verbose=0, callbacks=[callback, Copy()])
    (other,) = made
    assert (other.writer.name, other.batch_freq, other.writer.is_open) == ("copied", 2, False)
    assert other.model is None
    assert other.on_train_batch_end.__self__ is other
    assert repr(other) == "KerasCallback(Writer('copied'))"
