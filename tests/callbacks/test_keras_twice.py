"""One callback in a fit twice, and in the fits of two threads at once."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import Writer
from marcelle_rt.notices import MarcelleWarning

keras = pytest.importorskip("keras")
from marcelle_rt import KerasCallback  # noqa: E402

X, Y = np.ones((8, 4)), np.ones((8, 1))


def fit(*callbacks: Any, epochs: int = 2) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=epochs, verbose=0, callbacks=list(callbacks))


def runs_in(base: Path) -> list[tuple[str, int, int]]:
    documents = [json.loads((folder / "run_data.json").read_text()) for folder in sorted(base.iterdir())]
    return [(run["status"], len(run["logs"]["loss"]), len(run["checkpoints"])) for run in documents]


def callback(base: Path) -> KerasCallback:
    return KerasCallback(
        "twice",
        model_checkpoint_freq=1,
        writer=Writer("twice", remote=False, base_log_dir=base, disk_save_format="keras"),
    )


def test_a_callback_that_is_in_a_fit_twice_records_each_epoch_once(tmp_path: Path) -> None:
    one = callback(tmp_path)
    with pytest.warns(MarcelleWarning, match="in one fit twice") as said:
        fit(one, one)
    assert [warning.category for warning in said].count(MarcelleWarning) == 1
    fit(one)
    assert runs_in(tmp_path) == [("success", 2, 2), ("success", 2, 2)]


@pytest.mark.filterwarnings("ignore::marcelle_rt.notices.MarcelleWarning")
def test_a_callback_that_is_in_two_fits_at_once_records_the_first(tmp_path: Path) -> None:
    one = callback(tmp_path)

    class Other(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            if epoch == 0:
                thread = threading.Thread(target=fit, args=[one], kwargs={"epochs": 3})
                thread.start()
                thread.join()

    fit(one, Other())
    assert runs_in(tmp_path) == [("success", 2, 2)]
    fit(one)
    assert runs_in(tmp_path) == [("success", 2, 2), ("success", 2, 2)]
