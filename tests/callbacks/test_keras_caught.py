"""A fit that ends by an exception that the program catches, as searches do: its run ends when the next fit begins."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import Writer

keras = pytest.importorskip("keras")
from marcelle_rt import KerasCallback  # noqa: E402

X, Y = np.ones((8, 4)), np.ones((8, 1))


def small() -> Any:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


class Prune(keras.callbacks.Callback):
    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        if epoch == 1:
            raise RuntimeError("pruned")


class FitWithin(keras.callbacks.Callback):
    """Trains another model at each epoch's end."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        small().fit(X, Y, epochs=1, verbose=0, callbacks=[callback("inner", self.folder)])


def callback(name: str, folder: Path) -> KerasCallback:
    return KerasCallback(name, writer=Writer(name, remote=False, base_log_dir=folder))


def ends(folder: Path) -> list[tuple[str, str, str | None]]:
    runs = [json.loads((path / "run_data.json").read_text()) for path in sorted(folder.iterdir())]
    return [(run["basename"], run["status"], run.get("error")) for run in runs]


def test_the_next_fit_ends_a_run_that_was_left_open(tmp_path: Path) -> None:
    held = callback("held", tmp_path)
    for each in (held, None):
        with pytest.raises(RuntimeError, match="pruned"):
            small().fit(X, Y, epochs=9, verbose=0, callbacks=[each or callback("let go", tmp_path), Prune()])
    gc.collect()
    small().fit(X, Y, epochs=1, verbose=0, callbacks=[callback("last", tmp_path)])
    first, second, last = ends(tmp_path)
    assert first == ("held", "error", "the training was interrupted")
    assert second[:2] == ("let go", "error")
    assert second[2] in ("ended after 2 of 9 epochs", "the training was interrupted")  # was it collected by then?
    assert last == ("last", "success", None)


def test_a_fit_within_a_fit_ends_nothing(tmp_path: Path) -> None:
    small().fit(X, Y, epochs=2, verbose=0, callbacks=[callback("outer", tmp_path), FitWithin(tmp_path)])
    assert ends(tmp_path) == [("outer", "success", None), ("inner", "success", None), ("inner", "success", None)]
