"""The real KerasTuner and scikeras: each trial is a run, of a callback that they copy or pickle."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from tests.support.lean import lean_environment

keras = pytest.importorskip("keras")
from marcelle_rt import KerasCallback  # noqa: E402

X, Y = np.random.default_rng(1).random((32, 4)), np.ones(32)


def build(units: int = 4) -> Any:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def test_each_trial_of_keras_tuner_is_a_run(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    tuners = pytest.importorskip("keras_tuner")
    name = uuid.uuid4().hex
    tuner = tuners.RandomSearch(
        lambda hp: build(hp.Int("units", 2, 64)), objective="val_loss", max_trials=2, directory=tmp_path / "tuner"
    )
    callback = KerasCallback(name, backend.url, base_log_dir=tmp_path / "logs", model_checkpoint_freq=2)

    tuner.search(X, Y, epochs=2, validation_split=0.25, verbose=0, callbacks=[callback])

    runs = list(store.service("runs").items({"basename": name}))
    assert [(run["status"], run["epoch"], len(run["checkpoints"])) for run in runs] == [("success", 2, 1)] * 2
    assert all(len(run["logs"]["val_loss"]) == 2 for run in runs)


@pytest.mark.parametrize("processes", [1, 2])
def test_each_fit_of_a_grid_search_is_a_run(
    backend: Backend, store: DataStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    wrappers = pytest.importorskip("scikeras.wrappers")
    from sklearn.model_selection import GridSearchCV, ShuffleSplit

    for variable, value in lean_environment("narwhals", "scipy", "sklearn").items():  # of the processes that it starts
        monkeypatch.setenv(variable, value)
    name = uuid.uuid4().hex
    callback = KerasCallback(name, backend.url, base_log_dir=tmp_path, group="grid")
    estimator = wrappers.KerasRegressor(build, units=4, epochs=2, verbose=0, callbacks=[callback])

    GridSearchCV(estimator, {"units": [2, 4]}, cv=ShuffleSplit(1), n_jobs=processes, refit=False).fit(X, Y)

    runs = list(store.service("runs").items({"basename": name}))
    assert [(run["status"], run["group"], run["epoch"]) for run in runs] == [("success", "grid", 2)] * 2
    assert len({run["name"] for run in runs}) == 2
