"""People steer a real Keras training: it stops, saves and takes other values, on its own thread."""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import InvalidData
from marcelle_rt.runs.document.commands import COMMANDS, new_command
from tests.helpers import eventually

keras = pytest.importorskip("keras")
from marcelle_rt import KerasCallback  # noqa: E402

X = np.random.default_rng(0).random((64, 4), dtype=np.float32)
Y = X.sum(axis=1, keepdims=True)


def small(optimizer: Any = "sgd", **options: Any) -> Any:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    model.compile(**{"optimizer": optimizer, "loss": "mse", **options})
    return model


class Asking(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
    """Somebody who sends commands at known moments of a training, and has it go on when its run has them.

    Args:
        store: The backend.
        writer: Gives the run's writer.
        at: For (epoch, batch), both from 0, what is asked: a command and its params. Batch -1 is the epoch's beginning.
    """

    def __init__(
        self, store: DataStore, writer: Callable[[], Writer], at: Mapping[tuple[int, int], tuple[str, dict[str, Any]]]
    ) -> None:
        super().__init__()
        self.commands = store.service(COMMANDS)
        self.answers: list[tuple[str, str]] = []
        self.batches: list[tuple[int, int]] = []
        self.rates: list[float] = []
        self._runs = store.service("runs")
        self._writer = writer
        self._at = at
        self._epoch = 0
        self._sent: list[str] = []
        self._states: dict[str, tuple[str, str]] = {}
        self.commands.on("patched", self._see)

    def _see(self, command: dict[str, Any]) -> None:
        self._states[command["_id"]] = (command["state"], command["message"])

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch
        self._ask(-1)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._ask(batch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches.append((self._epoch, batch))
        self.rates.append(round(float(self.model.optimizer.learning_rate), 6))

    def _ask(self, batch: int) -> None:
        if (self._epoch, batch) not in self._at:
            return
        command = new_command({"_id": self._writer().run_id}, *self._at[self._epoch, batch])
        self._sent.append(command["_id"])
        self.commands.create(command)
        eventually(lambda: self._states.get(command["_id"], ("",))[0] == "refused" or self._waiting())

    def _waiting(self) -> bool:
        """Whether a command waits for the training's next batch."""
        run: Any = self._writer()._current.run
        return bool(run.commands._listener.steering._waiting)

    def said(self) -> list[tuple[str, str]]:
        """The last answers, in the order of the commands."""
        eventually(lambda: all(self._states[command][0] in ("done", "refused") for command in self._sent))
        return [self._states[command] for command in self._sent]


@pytest.fixture
def train(backend: Backend, store: DataStore, tmp_path: Path) -> Iterator[Callable[..., tuple[dict[str, Any], Asking]]]:
    """Trains with a callback that is steerable while somebody asks; gives the run and who asked."""
    asked: list[Asking] = []

    def fit(
        at: Mapping[tuple[int, int], tuple[str, dict[str, Any]]],
        model: Any = None,
        steerable: Any = True,
        options: Mapping[str, Any] = {},
        data: Mapping[str, Any] = {"x": X, "y": Y, "batch_size": 16},
        epochs: int = 4,
    ) -> tuple[dict[str, Any], Asking]:
        callback = KerasCallback(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path, steerable=steerable, **options)
        asking = Asking(store, lambda: callback.writer, at)
        asked.append(asking)
        # Its batches end before those of the callback, as of callbacks that stand before it.
        (model or small()).fit(**data, epochs=epochs, verbose=0, callbacks=[asking, callback])
        return store.service("runs").get(callback.writer.run_id), asking

    yield fit
    for asking in asked:
        asking.commands.off("patched", asking._see)


Train = Callable[..., tuple[dict[str, Any], Asking]]


def test_a_stop_in_mid_epoch_ends_the_fit_after_that_batch_and_no_part_of_an_epoch_is_recorded(train: Train) -> None:
    run, asking = train({(2, 1): ("stop", {})})

    assert asking.batches[-1] == (2, 1)
    assert (run["status"], run["epoch"], len(run["logs"]["loss"]), run["steering"]) == ("success", 2, 2, None)
    assert asking.said() == [("done", "success after epoch 2")]


def test_a_stop_at_an_epochs_last_batch_keeps_that_epoch(train: Train) -> None:
    run, asking = train({(1, 3): ("stop", {})})

    assert asking.batches[-1] == (1, 3)
    assert (run["status"], run["epoch"], len(run["logs"]["loss"])) == ("success", 2, 2)


def test_a_stop_before_the_first_batch_ends_it_after_that_one_with_nothing_recorded(train: Train) -> None:
    run, asking = train({(0, -1): ("stop", {})})

    assert asking.batches == [(0, 0)]
    assert (run["status"], run["logs"]) == ("success", {})


def test_several_steps_in_one_execution_are_answered_at_the_next_hook(train: Train) -> None:
    run, asking = train({(1, 0): ("stop", {})}, model=small(steps_per_execution=3))

    assert asking.batches[-1] == (1, 2)
    assert (run["status"], run["epoch"]) == ("success", 1)


def test_a_generators_epoch_that_was_left_is_not_taken_for_a_whole_one(train: Train) -> None:
    def batches() -> Iterator[Any]:
        while True:
            yield X[:16], Y[:16]

    run, _ = train({(0, 1): ("stop", {})}, data={"x": batches(), "steps_per_epoch": None}, epochs=2)
    assert (run["status"], run["logs"]) == ("success", {})


def test_a_learning_rate_is_set_and_holds(train: Train) -> None:
    run, asking = train({(1, 2): ("set", {"learning_rate": 0.02})})

    assert asking.said() == [("done", "learning_rate is 0.02")]
    assert asking.rates == [0.01] * 7 + [0.02] * 9
    assert run["logs"]["learning_rate"] == pytest.approx([0.01, 0.02, 0.02, 0.02])
    assert run["steering"] is None


@pytest.mark.parametrize("value", [-0.1, "fast", True])
def test_what_is_not_a_learning_rate_is_refused(train: Train, value: Any) -> None:
    run, asking = train({(0, 0): ("set", {"learning_rate": value})}, epochs=1)

    ((state, message),) = asking.said()
    assert (state, "is not a learning rate" in message) == ("refused", True)
    assert set(asking.rates) == {0.01}
    assert run["status"] == "success"


def test_a_scheduled_learning_rate_is_refused_with_the_reason(train: Train) -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=2, decay_rate=0.5)
    _, asking = train({(0, 0): ("set", {"learning_rate": 0.5})}, model=small(keras.optimizers.SGD(schedule)), epochs=1)

    ((state, message),) = asking.said()
    assert state == "refused"
    assert "follows a schedule (ExponentialDecay)" in message


def test_names_that_the_training_declared_are_set_on_its_thread_and_no_others(train: Train) -> None:
    got: list[Any] = []
    at = {(0, 0): ("set", {"noise": 0.5}), (0, 1): ("set", {"dropout": 0.5})}
    _, asking = train(at, steerable={"noise": lambda value: got.append((value, threading.current_thread()))}, epochs=1)

    done, refused = asking.said()
    assert done == ("done", "noise is 0.5")
    assert got == [(0.5, threading.main_thread())]
    assert refused == ("refused", "'dropout' can't be set; this training can set learning_rate, noise")


def test_a_checkpoint_is_saved_in_mid_epoch_and_goes_to_the_backend(train: Train) -> None:
    run, asking = train({(1, 1): ("checkpoint", {})}, epochs=2)

    assert asking.said() == [("done", "the checkpoint is saved")]
    assert [checkpoint["name"].split("@")[1] for checkpoint in run["checkpoints"]] == ["batch-6"]


def test_a_second_fit_of_a_run_that_was_stopped_does_not_train_on(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    model = small()
    with writer:
        writer.create_run(model)
        callback = KerasCallback("phases", writer=writer, steerable=True)
        asking = Asking(store, lambda: writer, {(0, 3): ("stop", {})})
        for _ in range(2):
            model.fit(X, Y, batch_size=16, epochs=3, verbose=0, callbacks=[asking, callback])
    asking.commands.off("patched", asking._see)

    assert asking.batches == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 0)]
    assert asking.said()[0] == ("done", "success after epoch 1")


def test_a_callback_that_is_not_steerable_listens_to_nobody(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    callback = KerasCallback(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    small().fit(X, Y, epochs=1, verbose=0, callbacks=[callback])

    assert "steering" not in store.service("runs").get(callback.writer.run_id)
    assert "on_train_batch_end" not in vars(callback)  # for nothing Keras would call it at each batch


def test_a_copy_is_as_steerable() -> None:
    callback = copy.deepcopy(KerasCallback("copied", steerable={"noise": float}))
    assert "on_train_batch_end" in vars(callback)


@pytest.mark.parametrize("steerable", ["yes", {"noise": 0.5}, 1, None])
def test_what_is_not_steerable_is_said_when_the_callback_is_made(steerable: Any) -> None:
    with pytest.raises(InvalidData, match="steerable"):
        KerasCallback("bad", steerable=steerable)
