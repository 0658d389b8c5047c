"""A seeded training is the same with our callback and without: its weights, and the numbers drawn after it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import lightning.pytorch as pl
import numpy as np
import pytest
import torch
import xgboost
from sklearn.linear_model import SGDClassifier

from marcelle_rt import Writer
from marcelle_rt.callbacks.huggingface import MarcelleCallback as ForTrainer
from marcelle_rt.callbacks.lightgbm import marcelle_callback
from marcelle_rt.callbacks.lightning import MarcelleCallback, MarcelleLogger
from marcelle_rt.callbacks.xgboost import MarcelleCallback as ForXGBoost
from marcelle_rt.models.torch_modules.modes import predicting
from tests.frameworks import test_huggingface
from tests.frameworks.lightning_module import loader, module, trainer
from tests.frameworks.trainings import X, Y, offline


class Noisy(torch.nn.Module):
    """Draws from each generator that there is, whether it trains or predicts."""

    def __init__(self) -> None:
        super().__init__()
        self.net = torch.nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        moved = random.random() + np.random.rand() + torch.rand(1)
        return self.net(x) + 0 * moved


def by_hand(folder: Path | None, remote_save_format: str) -> Any:
    net = Noisy()
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    writer = Writer("net", remote_save_format=remote_save_format, **offline(folder or Path()))
    if folder is not None:
        writer.create_run(net, example=X[:1])
    for epoch in (1, 2):
        moved = random.random() + np.random.rand()  # an augmentation
        torch.nn.functional.cross_entropy(net(torch.tensor(X) * moved), torch.tensor(Y)).backward()
        optimizer.step()
        if folder is not None:
            writer.save_epoch(epoch, {"loss": 1.0}, save_checkpoint=True)
    writer.end("success")
    if folder is not None:
        assert len(list(folder.rglob("*.onnx/model.onnx" if remote_save_format == "onnx" else "model.json"))) == 2
    return list(net.parameters())


def by_lightning(folder: Path | None, place: Path) -> Any:
    net = module(pl)
    data = torch.utils.data.DataLoader(loader().dataset, batch_size=16, shuffle=True)
    ours: dict[str, Any] = {}
    if folder is not None:
        options = offline(folder)
        ours = {"callbacks": [MarcelleCallback("net", **options)], "logger": MarcelleLogger("net", **options)}
    trainer(pl, place, max_epochs=2, **ours).fit(net, data, loader())
    return list(net.parameters())


def by_trainer(folder: Path | None, place: Path) -> Any:
    made = test_huggingface.training(place, ForTrainer("net", **offline(folder or place)), save_strategy="epoch")
    if folder is None:
        made.pop_callback(ForTrainer)
    made.train()
    return list(made.model.parameters())


def by_boosting(folder: Path | None) -> Any:
    options = offline(folder or Path())
    data = xgboost.DMatrix(X, Y)
    params: dict[str, Any] = {"objective": "binary:logistic", "subsample": 0.5}
    ours = [ForXGBoost("trees", **options)] if folder is not None else []
    trees = xgboost.train(params, data, 3, evals=[(data, "train")], verbose_eval=False, callbacks=ours)
    table = lightgbm.Dataset(X, Y)
    params = {"objective": "binary", "bagging_fraction": 0.5, "bagging_freq": 1, "verbose": -1}
    others: list[Any] = [marcelle_callback("trees", **options)] if folder is not None else []
    lighter = lightgbm.train(params, table, 3, valid_sets=[table], callbacks=others)
    return trees.predict(data), lighter.predict(X)


def by_estimator(folder: Path | None) -> Any:
    model = SGDClassifier(loss="log_loss")  # shuffles by NumPy's global numbers
    writer = Writer("sums", remote_save_format="onnx", **offline(folder or Path()))
    if folder is not None:
        writer.create_run(model, example=X[:4])
    for epoch in (1, 2):
        model.partial_fit(X, Y, classes=[0, 1])
        if folder is not None:
            writer.save_epoch(epoch, save_checkpoint=True)
    writer.end("success")
    return model.coef_


def drawn() -> list[float]:
    return [random.random(), np.random.rand(), float(torch.rand(1))]


TRAININGS: dict[str, Callable[[Path | None, Path], Any]] = {
    "torch, ONNX": lambda folder, _: by_hand(folder, "onnx"),
    "torch, TF.js": lambda folder, _: by_hand(folder, "tfjs"),
    "Lightning": by_lightning,
    "Trainer": by_trainer,
    "boosting": lambda folder, _: by_boosting(folder),
    "estimator": lambda folder, _: by_estimator(folder),
}


@pytest.mark.parametrize("training", TRAININGS.values(), ids=TRAININGS)
def test_a_seeded_training_is_the_same_with_us_and_without(
    training: Callable[[Path | None, Path], Any], tmp_path: Path
) -> None:
    found = []
    for folder in (tmp_path / "first", None, tmp_path / "logs"):  # the first one's imports may draw
        random.seed(7)
        np.random.seed(7)
        torch.manual_seed(7)
        trained = training(folder, tmp_path / "place")
        found.append([np.asarray(torch.as_tensor(values).detach()) for values in trained] + drawn())
    for with_us, without in zip(found[2], found[1], strict=True):
        np.testing.assert_array_equal(with_us, without)
    assert (tmp_path / "logs").exists()


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_the_generator_of_a_modules_device_is_put_back(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"drawn": 5}
    double: Any = type("double", (), {})
    named = [torch.device(kind, 0)] if kind == "cuda" else []

    def get(*where: Any) -> int:
        assert list(where) == named
        return state["drawn"]

    def put(value: int, *where: Any) -> None:
        assert list(where) == named
        state["drawn"] = value

    double.get_rng_state, double.set_rng_state = get, put
    monkeypatch.setattr(torch, "get_device_module", lambda device: double)
    net = torch.nn.Linear(1, 1)
    monkeypatch.setattr(net, "buffers", lambda: [type("tensor", (), {"device": torch.device(kind, 0)})])
    with predicting(net):
        state["drawn"] = 9
    assert state["drawn"] == 5
