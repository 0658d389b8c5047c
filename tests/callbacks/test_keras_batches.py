"""KerasCallback(batch_freq=n) in real trainings."""

from __future__ import annotations

import uuid
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import InvalidData

keras = pytest.importorskip("keras")
from marcelle_rt import KerasCallback  # noqa: E402

X = np.random.default_rng(0).random((64, 4), dtype=np.float32)
Y = X.sum(axis=1, keepdims=True)


@cache
def small(**options: Any) -> Any:
    """One model for all tests that look at what is recorded of it: Keras traces its training once."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", **options)
    return model


class Kept(Writer):
    """A writer to disk alone that notes the batches that it gets."""

    def __init__(self, folder: Path) -> None:
        super().__init__("kept", remote=False, base_log_dir=folder)
        self.batches: list[int] = []

    def save_batch(self, step: int, logs: Any) -> None:
        self.batches.append(step)
        super().save_batch(step, logs)


def test_batches_are_saved_beside_the_run(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    callback = KerasCallback(name, backend.url, base_log_dir=tmp_path, batch_freq=2)
    small().fit(X, Y, epochs=3, batch_size=8, verbose=0, callbacks=[callback])
    (run,) = store.service("runs").items({"basename": name})
    chunks = sorted(store.service("run-batches").items({"runId": run["_id"]}), key=lambda chunk: chunk["steps"])
    assert [step for chunk in chunks for step in chunk["steps"]] == list(range(2, 25, 2))
    assert all(loss > 0 for chunk in chunks for loss in chunk["logs"]["loss"])
    assert len(run["logs"]["loss"]) == 3


@pytest.mark.parametrize(
    ("options", "fit", "expected"),
    [
        ({}, {"epochs": 2}, [3, 6, 9, 12, 15]),
        ({"steps_per_execution": 4}, {"epochs": 2}, [4, 8, 12, 16]),
        ({}, {"epochs": 3, "initial_epoch": 2}, [18, 21, 24]),
    ],
)
def test_steps_count_through_the_training(
    tmp_path: Path, options: dict[str, Any], fit: dict[str, int], expected: list[int]
) -> None:
    writer = Kept(tmp_path)
    callback = KerasCallback("kept", writer=writer, batch_freq=3)
    for _ in range(2):
        writer.batches.clear()
        small(**options).fit(X, Y, batch_size=8, verbose=0, callbacks=[callback], **fit)
        assert writer.batches == expected


def test_without_it_keras_calls_no_hook_of_batches(tmp_path: Path) -> None:
    keras_utils = pytest.importorskip("keras.src.utils.python_utils")
    plain = KerasCallback("w", writer=Kept(tmp_path))
    asked = KerasCallback("w", writer=Kept(tmp_path), batch_freq=1)
    assert keras_utils.is_default(plain.on_train_batch_end)
    assert not keras_utils.is_default(asked.on_train_batch_end)


def test_a_frequency_of_no_batches_is_an_error() -> None:
    with pytest.raises(InvalidData, match="batch_freq"):
        KerasCallback("w", batch_freq=0)
