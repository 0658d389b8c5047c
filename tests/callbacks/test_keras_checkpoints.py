"""Which checkpoints of a training are kept, how large they are, and what pages know of their classes."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import DataStore, Remote, Uploader, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import InvalidData
from marcelle_rt.models import disk
from marcelle_rt.runs.folder import reading
from tests.helpers import eventually
from tests.support.writers import uploads_of

keras = pytest.importorskip("keras")
from marcelle_rt import KerasCallback  # noqa: E402

X, Y = np.random.default_rng(1).random((32, 4)).astype("float32"), np.ones((32, 1), "float32")


def small(width: int = 8) -> Any:
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(width, "relu"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


@cache
def trained_before() -> Any:
    """One model for all tests that look at which of its checkpoints are kept: Keras traces its training once."""
    return small()


def epochs_in(directory: Path) -> list[int]:
    files = directory.glob("model_checkpoint_epoch=*.h5")
    return sorted(int(file.stem.rpartition("=")[2]) for file in files)


class Given(keras.callbacks.Callback):  # type: ignore[misc]
    """Makes `val_loss` what is given for each epoch; it stands before the callback that records."""

    def __init__(self, values: Sequence[float | None]) -> None:
        super().__init__()
        self._values = values

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None and self._values[epoch] is not None:
            logs["val_loss"] = self._values[epoch]


@pytest.mark.parametrize(
    ("keep", "values", "kept"),
    [
        (3, [5.0, 1.0, 4.0, 3.0, 2.0, 6.0], [2, 5, 6]),
        (2, [5.0, 4.0, 3.0, 2.0, 1.0, 0.5], [5, 6]),
        (1, [5.0, 1.0, 4.0, 3.0, 2.0, 6.0], [2]),
        (2, [None, None, None, None, None, None], [5, 6]),
        (10, [5.0, 1.0, 4.0, 3.0, 2.0, 6.0], [1, 2, 3, 4, 5, 6]),
    ],
)
def test_the_best_checkpoint_and_the_newest_are_kept(
    keep: int, values: list[float | None], kept: list[int], tmp_path: Path
) -> None:
    writer = Writer("kept", remote=False, base_log_dir=tmp_path)
    callback = KerasCallback("kept", writer=writer, model_checkpoint_freq=1, keep_checkpoints=keep)

    trained_before().fit(X, Y, epochs=6, verbose=0, callbacks=[Given(values), callback])

    assert writer.run_directory is not None
    assert epochs_in(writer.run_directory) == kept
    run, _ = reading.read(writer.run_directory)
    assert [entry["metadata"]["epoch"] for entry in run.document()["checkpoints"]] == kept


def test_what_is_not_kept_goes_from_the_backend_too(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    before = uploads_of(backend)
    name = uuid.uuid4().hex
    callback = KerasCallback(name, backend.url, base_log_dir=tmp_path, model_checkpoint_freq=1, keep_checkpoints=2)

    trained_before().fit(X, Y, epochs=5, verbose=0, callbacks=[Given([3.0, 1.0, 2.0, 4.0, 5.0]), callback])

    (run,) = store.service("runs").items({"basename": name})
    assert [entry["metadata"]["epoch"] for entry in run["checkpoints"]] == [2, 5]
    models = eventually(lambda: list(store.service("tfjs-models").items({"runId": run["_id"]})))
    assert {model["_id"] for model in models} == {entry["id"] for entry in run["checkpoints"]}
    assert len(uploads_of(backend) - before) == 2 * 2  # a model.json and its weights each
    assert callback.writer.status.complete

    # What is uploaded from the folder later has no more than that.
    store.service("runs").remove(run["_id"])
    for model in models:
        store.service("tfjs-models").remove(model["_id"])
    with Remote(backend.url) as remote:
        assert callback.writer.run_directory is not None
        again = Uploader(remote).upload(callback.writer.run_directory)
    assert (again.sent, again.refused) == (2, {})


def test_weights_only_leaves_the_optimizer_out_and_the_training_as_it_is(tmp_path: Path) -> None:
    kinds = ("h5", "keras")
    sizes, losses = {}, {}
    for weights_only in (False, True):
        model = small(512)
        writers = {
            kind: Writer(kind, remote=False, base_log_dir=tmp_path, disk_save_format=kind, weights_only=weights_only)
            for kind in kinds
        }
        for writer in writers.values():
            writer.create_run(model)
        callbacks = [KerasCallback(kind, writer=writers[kind], model_checkpoint_freq=1) for kind in kinds]
        history = model.fit(X, Y, epochs=3, verbose=0, shuffle=False, callbacks=callbacks)
        losses[weights_only] = history.history["loss"]
        for kind, writer in writers.items():
            writer.save_asked("asked")
            writer.train_end()
            assert writer.run_directory is not None
            path = writer.run_directory / f"model_checkpoint_epoch=3.{kind}"
            (asked,) = writer.run_directory.glob(f"*asked.{kind}")
            assert asked.stat().st_size == pytest.approx(path.stat().st_size, rel=0.1)
            sizes[kind, weights_only] = path.stat().st_size
            assert np.allclose(disk.load(path)(X), model(X))

    assert all(sizes[kind, True] < sizes[kind, False] / 2 for kind in kinds)
    assert losses[True] == losses[False]


def test_labels_go_with_each_checkpoint(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    for odd in ("cat", {"cat", "dog"}, {0: "cat"}, 2):
        with pytest.raises(InvalidData, match=r"labels: .* is not a list of names; use for example \['cat', 'dog'\]"):
            KerasCallback("x", backend.url, base_log_dir=tmp_path, labels=odd)  # type: ignore[arg-type]
    name = uuid.uuid4().hex
    callback = KerasCallback(name, backend.url, base_log_dir=tmp_path, model_checkpoint_freq=1, labels=("cat", "dog"))

    trained_before().fit(X, Y, epochs=1, verbose=0, callbacks=[callback])

    (run,) = store.service("runs").items({"basename": name})
    [model] = store.service("tfjs-models").items({"runId": run["_id"]})
    assert run["checkpoints"][0]["metadata"]["labels"] == ["cat", "dog"]
    assert model["metadata"]["labels"] == ["cat", "dog"]


def test_a_seeded_training_is_the_same_with_checkpoints_and_without(tmp_path: Path) -> None:
    def trained(*ours: Any) -> list[Any]:
        model = small()
        model.add(keras.layers.Dropout(0.5))  # takes its seed, as a second model would, from Python's numbers
        model.compile("adam", "mse")
        model.fit(X, Y, epochs=2, batch_size=8, verbose=0, callbacks=list(ours))
        return [*model.get_weights(), random.random(), np.random.rand()]

    callback = KerasCallback("net", writer=Writer("net", remote=False, base_log_dir=tmp_path), model_checkpoint_freq=1)
    for with_us, without in zip(trained(callback), trained(), strict=True):
        np.testing.assert_array_equal(with_us, without)
    assert len(list(tmp_path.rglob("model_checkpoint_epoch=*.h5"))) == 2
