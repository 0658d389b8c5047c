"""A training whose models become those of the pages that follow a name."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import DataStore, KerasCallback, MarcelleWarning, Remote, Writer

keras = pytest.importorskip("keras")

X = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
Y = np.arange(32) % 2


@pytest.fixture
def name() -> str:
    return f"trained {uuid.uuid4().hex[:8]}"


def classifier() -> Any:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    return model


def published(store: DataStore, name: str) -> np.ndarray:
    model, _ = Remote(store).load_model(name)
    return np.asarray(model.predict(X, verbose=0))


def test_the_last_epochs_model_is_there_when_the_training_ends(store: DataStore, name: str, tmp_path: Path) -> None:
    remote = Remote(store)
    model = classifier()
    first = remote.publish_model(name, model, ["a", "b"])
    writer = Writer("w", remote=remote, base_log_dir=tmp_path)

    model.fit(X, Y, epochs=20, verbose=0, callbacks=[KerasCallback("w", writer=writer, publish=name)])

    assert np.abs(published(store, name) - model.predict(X, verbose=0)).max() < 1e-6
    (document,) = store.service("tfjs-models").items({"name": name})
    assert document["_id"] == first["_id"]
    assert document["metadata"]["labels"] == ["a", "b"]
    assert 1 < int(document["rev"]) < 15


def test_where_there_are_checkpoints_their_models_are_published(store: DataStore, name: str, tmp_path: Path) -> None:
    seen: list[np.ndarray] = []
    look = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(model.predict(X, verbose=0)))
    writer = Writer("w", remote=Remote(store), base_log_dir=tmp_path)
    callback = KerasCallback("w", writer=writer, model_checkpoint_freq=2, publish=name)
    model = classifier()

    model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback, look])

    assert np.abs(published(store, name) - seen[1]).max() < 1e-6
    assert np.abs(published(store, name) - seen[2]).max() > 1e-4


def test_a_model_that_is_slow_to_convert_is_published_all_the_same(
    store: DataStore, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marcelle_rt.models.is_quick", lambda model, remote_format: False)
    model = classifier()
    writer = Writer("w", remote=Remote(store), base_log_dir=tmp_path, finish_timeout=120)

    model.fit(X, Y, epochs=1, verbose=0, callbacks=[KerasCallback("w", writer=writer, publish=name)])

    assert np.abs(published(store, name) - model.predict(X, verbose=0)).max() < 1e-6


def test_a_backend_that_is_away_does_not_stop_the_training(unused_url: str, name: str, tmp_path: Path) -> None:
    model = classifier()
    callback = KerasCallback("w", unused_url, base_log_dir=tmp_path, publish=name, finish_timeout=0.5)

    with pytest.warns(MarcelleWarning, match="not published as"):
        history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback])

    assert len(history.history["loss"]) == 3


def test_without_a_backend_nothing_is_published(name: str, tmp_path: Path) -> None:
    writer = Writer("w", remote=False, base_log_dir=tmp_path)
    callback = KerasCallback("w", writer=writer, publish=name)

    classifier().fit(X, Y, epochs=2, verbose=0, callbacks=[callback])

    assert callback._models is None
