"""Several fits in one run: a frozen backbone first and fine-tuning then, or a training that goes on."""

from __future__ import annotations

import argparse
import json
import uuid
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import DataStore, Remote, Uploader, Writer
from marcelle_rt.notices import MarcelleWarning

keras = pytest.importorskip("keras")
from marcelle_rt import KerasCallback  # noqa: E402

X, Y = np.ones((8, 4)), np.ones((8, 1))


@cache
def small() -> Any:
    """One model for all tests that look at what is recorded of it: Keras traces its training once."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def on_disk(writer: Writer) -> dict[str, Any]:
    assert writer.run_directory is not None
    data: dict[str, Any] = json.loads((writer.run_directory / "run_data.json").read_text())
    return data


def test_a_second_fit_goes_on_after_the_first(remote: Remote, store: DataStore, tmp_path: Path) -> None:
    writer = Writer(uuid.uuid4().hex, remote=False, base_log_dir=tmp_path)
    writer.create_run()
    model = small()
    callback = KerasCallback("two-phases", writer=writer, model_checkpoint_freq=3, batch_freq=1)
    losses: list[float] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error", MarcelleWarning)
        for _phase in (1, 2):
            losses += model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback]).history["loss"]
    writer.train_end()
    run = on_disk(writer)
    assert run["logs"]["loss"] == pytest.approx(losses)
    assert (run["epoch"], run["epochs"]) == (6, 6)
    assert [checkpoint["metadata"]["epoch"] for checkpoint in run["checkpoints"]] == [3, 6]
    assert writer.run_directory is not None
    Uploader(remote).upload(writer.run_directory)
    (stored,) = store.service("runs").items({"basename": writer.name})
    first, second = (store.service("tfjs-models").get(entry["id"]) for entry in stored["checkpoints"])
    assert {tuple(pair) for pair in first["files"]}.isdisjoint(tuple(pair) for pair in second["files"])
    batches = list(store.service("run-batches").items({"runId": stored["_id"]}))
    assert sorted(step for chunk in batches for step in chunk["steps"]) == [1, 2, 3, 4, 5, 6]


def test_a_fit_that_counts_on_by_itself_is_left_as_it_is(tmp_path: Path) -> None:
    writer = Writer("counts", remote=False, base_log_dir=tmp_path)
    writer.create_run()
    model, callback = small(), KerasCallback("counts", writer=writer)
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[callback])
    model.fit(X, Y, epochs=4, initial_epoch=2, verbose=0, callbacks=[callback])
    writer.train_end()
    run = on_disk(writer)
    assert (len(run["logs"]["loss"]), run["epoch"], run["epochs"]) == (4, 4, 4)


def test_a_second_checkpoint_of_one_epoch_gets_a_file_of_its_own(model: Any, tmp_path: Path) -> None:
    writer = Writer("again", remote=False, base_log_dir=tmp_path)
    writer.create_run(model)
    writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True)
    writer.save_checkpoint(1)
    writer.train_end()
    paths = [checkpoint["metadata"]["local_path"] for checkpoint in on_disk(writer)["checkpoints"]]
    assert [Path(path).name for path in paths] == ["model_checkpoint_epoch=1.h5", "model_checkpoint_epoch=1-2.h5"]
    assert writer.run_directory is not None
    assert all((writer.run_directory / Path(path).name).exists() for path in paths)


def test_a_fit_that_would_drop_a_runs_history_says_so_before_it_is_trained(tmp_path: Path) -> None:
    first = KerasCallback("history", writer=Writer("history", remote=False, base_log_dir=tmp_path))
    small().fit(X, Y, epochs=4, verbose=0, callbacks=[first])
    directory = first.writer.run_directory
    resumed = KerasCallback("history", writer=Writer.resume(directory, remote=False))
    epochs: list[int] = []

    class Look(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            epochs.append(len(on_disk(resumed.writer)["logs"]["loss"]))

    expected = f"epoch 1, so epochs 1 to 4 of {directory} will be dropped.*go on with epoch 5 .Keras: initial_epoch=4."
    with pytest.warns(MarcelleWarning, match=expected):
        small().fit(X, Y, epochs=1, verbose=0, callbacks=[resumed, Look()])
    assert epochs == [4]
    resumed.writer.close()


def test_a_fit_that_goes_on_at_the_runs_end_says_nothing(tmp_path: Path) -> None:
    first = KerasCallback("history", writer=Writer("history", remote=False, base_log_dir=tmp_path))
    small().fit(X, Y, epochs=2, verbose=0, callbacks=[first])
    resumed = KerasCallback("history", writer=Writer.resume(first.writer.run_directory, remote=False))
    with warnings.catch_warnings():
        warnings.simplefilter("error", MarcelleWarning)
        small().fit(X, Y, epochs=3, initial_epoch=2, verbose=0, callbacks=[resumed])
    resumed.writer.close()
    assert len(on_disk(resumed.writer)["logs"]["loss"]) == 3


def test_of_a_metric_whose_direction_nothing_tells_no_checkpoint_is_saved_and_that_is_said(tmp_path: Path) -> None:
    def nearness(truth: Any, guess: Any) -> Any:
        return -10 * keras.ops.log10(keras.ops.mean((truth - guess) ** 2))

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse", metrics=[nearness])
    x = np.random.default_rng(1).random((64, 4))
    writers = {mode: Writer(mode, remote=False, base_log_dir=tmp_path) for mode in ("auto", "max")}
    callbacks = [
        KerasCallback(mode, writer=writer, save_best_only=True, monitor="val_nearness", mode=mode)
        for mode, writer in writers.items()
    ]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MarcelleWarning)
        fit = model.fit(x, x.sum(1, keepdims=True), epochs=4, verbose=0, validation_split=0.3, callbacks=callbacks)
    (text,) = [str(warning.message) for warning in caught if "set `mode`" in str(warning.message)]
    assert "'val_nearness'" in text
    saved = {
        mode: [checkpoint["metadata"]["epoch"] for checkpoint in on_disk(writer)["checkpoints"]]
        for mode, writer in writers.items()
    }
    values = fit.history["val_nearness"]
    assert (saved["auto"], saved["max"][-1]) == ([], 1 + values.index(max(values)))


@pytest.mark.parametrize("given", [None, argparse.Namespace(lr=0.1), {"lr": 0.1}], ids=["none", "namespace", "dict"])
def test_run_params_of_any_kind_are_no_reason_for_a_fit_to_fail(given: Any, tmp_path: Path) -> None:
    writer = Writer("params", remote=False, base_log_dir=tmp_path)
    callback = KerasCallback("params", writer=writer, run_params=given)
    small().fit(X, Y, epochs=1, verbose=0, callbacks=[callback])
    params = on_disk(writer)["params"]
    assert params.get("lr") == (None if given is None else 0.1)
    assert params["epochs"] == 1
