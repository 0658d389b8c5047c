"""KerasCallback in real trainings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import InvalidData, UnsupportedFormat
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.utils import get_model_info
from tests.helpers import skip_without
from tests.support.lean import UNASKED_BY_JAX, environment_without, lean_environment
from tests.support.programs.forked import run

keras = pytest.importorskip("keras")
from marcelle_rt import KerasCallback  # noqa: E402

X = np.random.default_rng(0).random((64, 4), dtype=np.float32)
Y = X.sum(axis=1, keepdims=True)


@cache
def small(**options: Any) -> Any:
    """One model for all tests that look at what is recorded of it: Keras traces its training once."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    model.compile(**{"optimizer": "adam", "loss": "mse", "metrics": ["mae"], **options})
    return model


def runs_of(store: DataStore, name: str) -> list[dict[str, Any]]:
    return sorted(store.service("runs").items({"basename": name}), key=lambda run: run["start"])


def test_a_fit_is_a_run_with_its_learning_rate_among_the_logs(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    callback = KerasCallback(name, backend.url, base_log_dir=tmp_path, run_params={"dropout": 0.5})
    history = small().fit(X, Y, epochs=3, verbose=0, validation_split=0.25, callbacks=[callback]).history
    (run,) = runs_of(store, name)
    assert run["logs"].pop("learning_rate") == pytest.approx([0.001] * 3)
    assert run["logs"] == history
    assert (run["status"], run["epoch"], run["epochs"]) == ("success", 3, 3)
    assert run["params"]["dropout"] == 0.5
    assert run["model"]["loss"] == "mse"
    assert run["model"]["param_count"] == {"total": 19, "trainable": 19, "non_trainable": 0}


def test_a_learning_rate_schedule_shows(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=2, decay_rate=0.5)
    model = small(optimizer=keras.optimizers.SGD(schedule))
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[KerasCallback(name, backend.url, base_log_dir=tmp_path)])
    rates = runs_of(store, name)[0]["logs"]["learning_rate"]
    assert rates == pytest.approx([0.05, 0.025, 0.0125], rel=1e-3)


def test_several_fits_are_several_runs(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    callback = KerasCallback(name, backend.url, base_log_dir=tmp_path)
    model = small()
    for epochs in (1, 2):
        model.fit(X, Y, epochs=epochs, verbose=0, callbacks=[callback])
    assert [(r["name"], r["status"], len(r["logs"]["loss"])) for r in runs_of(store, name)] == [
        (f"{name}-1", "success", 1),
        (f"{name}-2", "success", 2),
    ]


def test_an_interrupted_fit_is_ended_as_an_error_by_the_next(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    class Stop(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise KeyboardInterrupt

    name = uuid.uuid4().hex
    callback = KerasCallback(name, backend.url, base_log_dir=tmp_path)
    model = small()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback, Stop()])
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[callback])
    first, second = runs_of(store, name)
    assert (first["status"], len(first["logs"]["loss"])) == ("error", 1)
    assert first["error"]
    assert second["status"] == "success"


def test_a_sequential_without_input_tells_about_itself_once_it_is_built(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    name = uuid.uuid4().hex
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[KerasCallback(name, backend.url, base_log_dir=tmp_path)])
    (run,) = runs_of(store, name)
    assert run["model"]["param_count"]["total"] == 19
    assert len(run["logs"]["loss"]) == 2


def test_a_model_with_two_outputs_logs_both(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    inputs = keras.Input((4,))
    outputs = [keras.layers.Dense(1, name="a")(inputs), keras.layers.Dense(1, name="b")(inputs)]
    model = keras.Model(inputs, outputs)
    model.compile("adam", {"a": "mse", "b": keras.losses.MeanAbsoluteError()}, metrics={"a": ["mae"]})
    name = uuid.uuid4().hex
    targets = {"a": Y, "b": Y}
    model.fit(X, targets, epochs=1, verbose=0, callbacks=[KerasCallback(name, backend.url, base_log_dir=tmp_path)])
    (run,) = runs_of(store, name)
    assert {"loss", "a_loss", "b_loss", "a_mae"} <= set(run["logs"])
    assert run["model"]["loss"] == "a: mse, b: mean_absolute_error"


def test_checkpoints_come_each_n_epochs(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    callback = KerasCallback(name, backend.url, base_log_dir=tmp_path, model_checkpoint_freq=2)
    small().fit(X, Y, epochs=5, verbose=0, callbacks=[callback])
    (run,) = runs_of(store, name)
    assert [c["metadata"]["epoch"] for c in run["checkpoints"]] == [2, 4]


@pytest.mark.parametrize(
    ("options", "values", "epochs"),
    [
        ({}, [3.0, 4.0, 2.0, 2.5], [1, 3]),
        ({"monitor": "val_accuracy"}, [0.1, 0.3, 0.2, 0.4], [1, 2, 4]),
        ({"monitor": "x", "mode": "max"}, [1.0, 0.5, 2.0, 2.0], [1, 3]),
        ({"monitor": "accuracy", "mode": "min"}, [1.0, 2.0, 0.5, 0.1], [1, 3, 4]),
        ({"model_checkpoint_freq": 2}, [1.0, 3.0, 0.1, 2.0], [2, 4]),
    ],
)
def test_only_the_best_are_saved(
    tmp_path: Path, options: dict[str, Any], values: list[float], epochs: list[int]
) -> None:
    writer = Writer("best", remote=False, base_log_dir=tmp_path)
    callback = KerasCallback("best", writer=writer, save_best_only=True, **options)
    callback.set_model(small())
    callback.set_params({"epochs": 4})
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {options.get("monitor", "val_loss"): value})
    callback.on_train_end()
    assert writer.run_directory is not None
    saved = json.loads((writer.run_directory / "run_data.json").read_text())["checkpoints"]
    assert [c["metadata"]["epoch"] for c in saved] == epochs


def test_a_monitor_that_is_not_in_the_logs_is_said(tmp_path: Path) -> None:
    writer = Writer("best", remote=False, base_log_dir=tmp_path)
    callback = KerasCallback("best", writer=writer, save_best_only=True)
    with pytest.warns(MarcelleWarning, match=r"'val_loss'.*'loss'"):
        small().fit(X, Y, epochs=1, verbose=0, callbacks=[callback])


def test_wrong_arguments_are_said_at_once() -> None:
    with pytest.raises(InvalidData, match=r"'best'.*'min' or 'max'"):
        KerasCallback("x", mode="best")
    with pytest.raises(InvalidData, match=r"writer: 'w' is not a Writer; give for example Writer\('m'\)"):
        KerasCallback("m", writer="w")  # type: ignore[arg-type]
    with pytest.raises(InvalidData, match=r"model_checkpoint_freq: '5' is not a number of epochs"):
        KerasCallback("m", model_checkpoint_freq="5")  # type: ignore[arg-type]
    with pytest.raises(InvalidData, match="model_checkpoint_freq"):
        KerasCallback("x", model_checkpoint_freq=0)


def test_a_run_of_your_own_writer_is_used_and_left_open(tmp_path: Path) -> None:
    with Writer("mine", remote=False, base_log_dir=tmp_path) as writer:
        writer.create_run(run_params={"fold": 1})
        small().fit(X, Y, epochs=2, verbose=0, callbacks=[KerasCallback("mine", writer=writer)])
        assert writer.is_open
    assert len(list(tmp_path.iterdir())) == 1


def test_a_fit_goes_on_with_a_run_that_was_cut_off(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    model = small()
    first = KerasCallback(name, backend.url, base_log_dir=tmp_path)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[first])
    again = KerasCallback(name, backend.url, resume=first.writer.run_directory)
    model.fit(X, Y, epochs=5, initial_epoch=2, verbose=0, callbacks=[again])
    (run,) = runs_of(store, name)
    assert (run["status"], run["epoch"], len(run["logs"]["loss"])) == ("success", 5, 5)


def test_the_end_of_a_notebooks_cell_ends_an_interrupted_fit_but_none_in_a_thread(tmp_path: Path) -> None:
    skip_without("IPython")
    program = f"""
from IPython.testing.globalipapp import start_ipython
shell = start_ipython()
cell = '''
import keras, numpy as np, threading
from marcelle_rt import KerasCallback, Writer
begun, go_on = threading.Event(), threading.Event()
class Stop(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt
class Wait(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            begun.set()
            go_on.wait(60)
def fit(writer, callback):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    callbacks = [KerasCallback("cell", writer=writer), callback]
    model.fit(np.zeros((8, 4)), np.zeros((8, 1)), epochs=3, verbose=0, callbacks=callbacks)
stopped, threaded = (Writer("cell", remote=False, base_log_dir={str(tmp_path)!r}) for _ in range(2))
thread = threading.Thread(target=fit, args=(threaded, Wait()))
thread.start()
begun.wait(60)
fit(stopped, Stop())
'''
shell.run_cell(cell)
import json
def status(name):
    writer = shell.user_ns[name]
    assert writer.flush()
    return json.loads((writer.run_directory / "run_data.json").read_text())["status"], writer.is_open
print("AFTER THE CELL", status("stopped"), status("threaded"))
shell.run_cell("go_on.set(); thread.join()")
print("AT THE END", status("threaded"))
"""
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = run(["-c", program], "keras", cwd=tmp_path, env=env, timeout=120)
    assert "AFTER THE CELL ('error', False) ('epoch', True)" in done.stdout, done.stderr
    assert "AT THE END ('success', False)" in done.stdout, done.stderr


@pytest.mark.parametrize("framework", ["jax"])
def test_other_backends_of_keras_work(tmp_path: Path, framework: str) -> None:
    skip_without(framework)
    program = """
import sys, keras, numpy as np
from marcelle_rt import KerasCallback, Writer
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("adam", "mse", metrics=["mae"])
writer = Writer("other", remote=False, base_log_dir=sys.argv[1])
callback = KerasCallback("other", writer=writer, model_checkpoint_freq=1)
model.fit(np.zeros((8, 4)), np.zeros((8, 1)), epochs=2, verbose=0, callbacks=[callback])
"""
    environment = {**environment_without(*UNASKED_BY_JAX), "KERAS_BACKEND": framework}
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], env=environment, timeout=180)
    assert done.returncode == 0
    (directory,) = tmp_path.iterdir()
    run = json.loads((directory / "run_data.json").read_text())
    assert len(run["logs"]["learning_rate"]) == len(run["logs"]["mae"]) == len(run["checkpoints"]) == 2


def test_keras_2_works(tmp_path: Path) -> None:
    skip_without("tf_keras")
    program = """
import sys, numpy as np, tensorflow as tf
from marcelle_rt import KerasCallback, Writer
assert tf.keras.Sequential.__module__.startswith("tf_keras")
model = tf.keras.Sequential([tf.keras.layers.Dense(3), tf.keras.layers.Dense(1)])
model.compile("adam", "mse", metrics=["mae"])
writer = Writer("two", remote=False, base_log_dir=sys.argv[1])
callback = KerasCallback("two", writer=writer, model_checkpoint_freq=2)
model.fit(np.zeros((8, 4)), np.zeros((8, 1)), epochs=2, verbose=0, callbacks=[callback])
"""
    environment = {**lean_environment(), "TF_USE_LEGACY_KERAS": "1"}
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], env=environment, timeout=180)
    assert done.returncode == 0
    (directory,) = tmp_path.iterdir()
    run = json.loads((directory / "run_data.json").read_text())
    assert (run["status"], len(run["checkpoints"])) == ("success", 1)
    assert len(run["logs"]["learning_rate"]) == 2
    assert run["model"]["param_count"]["total"] == 19


def test_model_info_has_no_other_source_than_keras() -> None:
    with pytest.raises(UnsupportedFormat, match="keras"):
        get_model_info(small(), "torch")
    with pytest.raises(InvalidData, match="not a Keras model"):
        get_model_info(object(), "keras")


def test_model_info_names_a_loss_however_it_was_given() -> None:
    def mine(a: Any, b: Any) -> Any:
        return a - b

    assert get_model_info(small(loss=mine), "keras")["loss"] == "mine"
    assert get_model_info(small(loss=keras.losses.Huber()), "keras")["loss"].startswith("huber")
    assert get_model_info(small(), "keras", loss="given")["loss"] == "given"
    assert get_model_info(keras.Sequential([keras.layers.Dense(1)]), "keras")["loss"] == "Unknown"


@pytest.mark.parametrize(
    ("monitor", "kept"),
    [
        ("val_mean_io_u", [0, 1, 3]),
        ("val_binary_io_u", [0, 1, 3]),
        ("val_cosine_similarity", [0, 1, 3]),
        ("val_accuracy", [0, 1, 3]),
        ("val_loss", [0]),
        ("val_mean_absolute_error", [0]),
    ],
)
def test_mode_auto_knows_in_which_direction_metrics_of_keras_get_better(monitor: str, kept: list[int]) -> None:
    callback = KerasCallback("best", save_best_only=True, monitor=monitor)
    seen = [callback._is_checkpoint(epoch, {monitor: value}) for epoch, value in enumerate([0.1, 0.5, 0.2, 0.9])]
    assert [epoch for epoch, saved in enumerate(seen) if saved] == kept


def test_a_monitored_value_that_is_nan_is_not_called_missing() -> None:
    import warnings

    callback = KerasCallback("best", save_best_only=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert callback._is_checkpoint(0, {"val_loss": float("nan")}) is False
    assert callback._is_checkpoint(1, {"val_loss": 1.0}) is True
