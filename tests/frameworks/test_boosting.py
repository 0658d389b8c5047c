"""The adapters of XGBoost and LightGBM, and CatBoost by a Writer."""

from __future__ import annotations

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import optuna
import pytest
import xgboost
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from marcelle_rt import Writer
from marcelle_rt.callbacks.lightgbm import marcelle_callback
from marcelle_rt.callbacks.xgboost import MarcelleCallback
from marcelle_rt.errors import InvalidData
from tests.frameworks.trainings import offline, only, runs

X = np.random.default_rng(0).random((120, 4))
Y = (X.sum(axis=1) > 2).astype(int)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """The folder that gets the runs."""
    return tmp_path / "logs"


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_threads_that_train_by_one_callback_at_a_time_have_a_run_each(library: str, logs: Path) -> None:
    """As in optuna-integration#240, with OptunaSearchCV(n_jobs=2)."""
    both = threading.Barrier(2)
    ours = MarcelleCallback if library == "xgboost" else marcelle_callback

    def train(depth: int, callback: Any) -> None:
        both.wait(60)
        if library == "xgboost":
            data = xgboost.DMatrix(X, Y)
            given: dict[str, Any] = {"max_depth": depth}
            xgboost.train(given, data, 15, evals=[(data, "train")], verbose_eval=False, callbacks=[Meeting(), callback])
        else:
            table = lightgbm.Dataset(X, Y)
            given = {"num_leaves": 2 + depth, "verbose": -1}
            lightgbm.train(given, table, 15, valid_sets=[table], callbacks=[meet, callback])

    def meet(env: Any) -> None:
        if env.iteration in (0, 5):
            both.wait(60)

    class Meeting(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            if epoch in (0, 5):
                both.wait(60)
            return False

    with ours("trees", **offline(logs)) as callback, ThreadPoolExecutor(2) as pool:
        later = [pool.submit(train, depth, callback) for depth in (1, 5)]
        for each in later:
            each.result()
    found = [(run["status"], run["epoch"], len(next(iter(run["logs"].values())))) for run in runs(logs)]
    assert found == [("success", 15, 15)] * 2


def test_a_training_of_xgboost_is_a_run(logs: Path) -> None:
    train, valid = xgboost.DMatrix(X[:80], Y[:80]), xgboost.DMatrix(X[80:], Y[80:])
    params = {"objective": "binary:logistic", "eval_metric": ["auc", "logloss"], "max_depth": 2}
    callback = MarcelleCallback("trees", run_params=params, rounds=5, **offline(logs))
    evals = [(train, "train"), (valid, "valid"), (valid, "again")]
    xgboost.train(params, train, 5, evals=evals, verbose_eval=False, callbacks=[callback])
    run = only(logs)
    assert (run["status"], run["source"], run["epoch"], run["epochs"]) == ("success", "xgboost", 5, 5)
    assert list(run["logs"]) == ["loss", "lossVal", "train-auc", "valid-auc", "again-auc", "again-logloss"]
    assert all(len(values) == 5 and None not in values for values in run["logs"].values())
    assert run["params"]["max_depth"] == 2


@pytest.mark.parametrize("metric", ["gamma-nloglik", "gamma-deviance", "mphe", "poisson-nloglik", "rmsle", "error@0.4"])
def test_a_loss_that_xgboost_alone_calls_so_is_the_runs_loss(metric: str, logs: Path) -> None:
    params = {"eval_metric": ["auc", metric], "base_score": 0.5}
    data = xgboost.DMatrix(X, Y)
    callback = MarcelleCallback("trees", **offline(logs))
    xgboost.train(params, data, 2, evals=[(data, "train")], verbose_eval=False, callbacks=[callback])
    assert list(only(logs)["logs"]) == ["loss", "train-auc"]


def test_early_stopping_of_xgboost_tells_the_best_round(logs: Path) -> None:
    callback = MarcelleCallback("trees", **offline(logs))
    model = xgboost.XGBClassifier(n_estimators=400, early_stopping_rounds=2, callbacks=[callback])
    model.fit(X[:80], Y[:80], eval_set=[(X[80:], Y[80:])], verbose=False)
    run = only(logs)
    assert run["summary"] == {"best_iteration": model.best_iteration, "best_score": model.best_score}
    assert (run["status"], list(run["logs"])) == ("success", ["lossVal"])


def test_cross_validation_of_xgboost_has_means(logs: Path) -> None:
    callback = MarcelleCallback("trees", **offline(logs))
    params = {"objective": "binary:logistic"}
    table = xgboost.cv(params, xgboost.DMatrix(X, Y), 4, nfold=2, callbacks=[callback])
    assert only(logs)["logs"]["loss"] == pytest.approx(list(table["train-logloss-mean"]))
    assert only(logs)["logs"]["lossVal"] == pytest.approx(list(table["test-logloss-mean"]))


def test_an_estimator_with_the_callback_can_be_cloned_pickled_and_searched(logs: Path) -> None:
    model = xgboost.XGBClassifier(n_estimators=2, callbacks=[MarcelleCallback("trees", **offline(logs))])
    for each in (clone(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        each.fit(X, Y, eval_set=[(X, Y)], verbose=False)
    pickle.dumps(model.fit(X, Y, eval_set=[(X, Y)], verbose=False))
    search = GridSearchCV(model, {"max_depth": [1, 2]}, cv=2, n_jobs=2)
    search.fit(X, Y, eval_set=[(X, Y)], verbose=False)
    assert [run["status"] for run in runs(logs)] == ["success"] * (4 + 2 * 2 + 1)


class Stop(xgboost.callback.TrainingCallback):
    """Raises after the second round."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        if epoch == 1:
            raise self.error
        return False


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("too hot"), ("error", None, "ValueError: too hot", 2)),
        (KeyboardInterrupt(), ("error", None, "KeyboardInterrupt", 2)),
        (optuna.TrialPruned("no good"), ("success", "pruned", "TrialPruned: no good", 2)),
    ],
)
def test_a_block_ends_the_run_of_xgboost_as_its_exception_says(error: BaseException, told: Any, logs: Path) -> None:
    data = xgboost.DMatrix(X, Y)
    with pytest.raises(type(error)), MarcelleCallback("trees", rounds=5, **offline(logs)) as callback:
        xgboost.train({}, data, 5, evals=[(data, "train")], verbose_eval=False, callbacks=[callback, Stop(error)])
    run = only(logs)
    assert (run["status"], run.get("outcome"), run.get("error") or run.get("reason"), run["epoch"]) == told


def test_a_plan_of_the_users_own_writer_stays_where_xgboost_tells_none(logs: Path) -> None:
    data = xgboost.DMatrix(X, Y)
    with Writer("trees", **offline(logs)) as writer:
        writer.create_run()
        writer.train_begin(epochs=5)
        callback = MarcelleCallback("trees", writer=writer)
        xgboost.train({}, data, 3, evals=[(data, "train")], verbose_eval=False, callbacks=[callback])
    assert (only(logs)["epoch"], only(logs)["epochs"], only(logs)["status"]) == (3, 5, "success")


def test_an_argument_that_there_is_not_is_refused_with_similar_ones() -> None:
    with pytest.raises(InvalidData, match="tag: 'a' is not an argument of MarcelleCallback; similar: tags"):
        MarcelleCallback("trees", tag="a")
    with pytest.raises(InvalidData, match="nope: 1 is not an argument of marcelle_callback"):
        marcelle_callback("trees", nope=1)


def test_a_training_of_lightgbm_is_a_run(logs: Path) -> None:
    data = lightgbm.Dataset(X[:80], Y[:80])
    valid = lightgbm.Dataset(X[80:], Y[80:], reference=data)
    params = {"objective": "binary", "metric": ["auc", "binary_logloss"], "verbose": -1, "num_leaves": 4}
    callback = marcelle_callback("trees", **offline(logs))
    lightgbm.train(params, data, 5, valid_sets=[data, valid], callbacks=[callback])
    run = only(logs)
    assert (run["status"], run["source"], run["epoch"]) == ("success", "lightgbm", 5)
    assert list(run["logs"]) == ["loss", "lossVal", "training-auc", "valid_1-auc"]
    assert all(len(values) == 5 and None not in values for values in run["logs"].values())
    assert run["params"]["num_leaves"] == 4


def test_early_stopping_of_lightgbm_ends_with_the_block_or_the_next_training(logs: Path) -> None:
    def train(*callbacks: Any) -> None:
        data = lightgbm.Dataset(X[:80], Y[:80])
        valid = lightgbm.Dataset(X[80:], Y[80:], reference=data)
        lightgbm.train({"objective": "binary", "verbose": -1}, data, 500, valid_sets=[valid], callbacks=[*callbacks])

    stopping = lightgbm.early_stopping(2, verbose=False)
    with marcelle_callback("trees", **offline(logs)) as callback:
        train(callback, stopping)
        train(callback, stopping)
    first, second = runs(logs)
    assert (first["status"], first["outcome"], list(first["logs"])) == ("success", "stopped", ["lossVal"])
    assert (second["status"], second.get("outcome")) == ("success", None)
    assert 0 < first["epoch"] < 500


def test_cross_validation_of_lightgbm_has_means(logs: Path) -> None:
    params = {"objective": "binary", "verbose": -1}
    table = lightgbm.cv(
        params, lightgbm.Dataset(X, Y), 4, nfold=2, callbacks=[marcelle_callback("trees", **offline(logs))]
    )
    assert only(logs)["logs"]["lossVal"] == pytest.approx(table["valid binary_logloss-mean"])


def test_an_estimator_of_lightgbm_with_the_callback_can_be_searched(logs: Path) -> None:
    callback = marcelle_callback("trees", **offline(logs))
    search = GridSearchCV(lightgbm.LGBMClassifier(n_estimators=2, verbose=-1), {"num_leaves": [2, 3]}, cv=2, n_jobs=2)
    search.fit(X, Y, eval_set=[(X, Y)], callbacks=[callback])
    assert [run["status"] for run in runs(logs)] == ["success"] * 5
