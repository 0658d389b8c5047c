"""A small training by each adapter, of three epochs, recorded by a Writer that the caller gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import lightgbm
import lightning.pytorch as pl
import skorch
import torch
import xgboost
from catboost import CatBoostClassifier

from marcelle_rt import KerasCallback, Writer
from marcelle_rt.callbacks.huggingface import MarcelleCallback as HuggingFace
from marcelle_rt.callbacks.lightgbm import marcelle_callback
from marcelle_rt.callbacks.lightning import MarcelleCallback as Lightning
from marcelle_rt.callbacks.lightning import MarcelleLogger
from marcelle_rt.callbacks.xgboost import MarcelleCallback as XGBoost
from tests.frameworks.lightning_module import loader, module, trainer
from tests.frameworks.test_huggingface import training
from tests.frameworks.trainings import X, Y

EPOCHS = 3


NAMED = {"val_loss": "lossVal", "val_accuracy": "accuracyVal"}
"""What Keras calls otherwise than dashboards do; the adapters see to the names of all others."""


def by_keras(folder: Path, writer: Writer) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    callback = KerasCallback("keras", writer=writer)
    model.fit(X, Y, epochs=EPOCHS, validation_data=(X, Y), verbose=0, callbacks=[callback])


def by_lightning(folder: Path, writer: Writer) -> None:
    trainer(pl, folder, callbacks=[Lightning("lightning", writer=writer)]).fit(module(pl), loader(), loader())


def by_logger(folder: Path, writer: Writer) -> None:
    trainer(pl, folder, logger=MarcelleLogger("logger", writer=writer)).fit(module(pl), loader(), loader())


def by_huggingface(folder: Path, writer: Writer) -> None:
    training(folder, HuggingFace("huggingface", writer=writer)).train()


def by_xgboost(folder: Path, writer: Writer) -> None:
    data = xgboost.DMatrix(X, Y)
    evals = [(data, "train"), (data, "valid")]
    params = {"objective": "binary:logistic"}
    callback = XGBoost("xgboost", writer=writer, rounds=EPOCHS)
    xgboost.train(params, data, EPOCHS, evals=evals, verbose_eval=False, callbacks=[callback])


def by_lightgbm(folder: Path, writer: Writer) -> None:
    data = lightgbm.Dataset(X, Y)
    params = {"objective": "binary", "verbose": -1}
    sets = [data, data.create_valid(X, Y)]
    lightgbm.train(params, data, EPOCHS, valid_sets=sets, callbacks=[marcelle_callback("lightgbm", writer=writer)])


def by_catboost(folder: Path, writer: Writer) -> None:
    class Record:
        def after_iteration(self, info: Any) -> bool:
            loss, loss_val = (info.metrics[data]["Logloss"][-1] for data in ("learn", "validation"))
            writer.save_epoch(info.iteration, {"loss": loss, "lossVal": loss_val})
            return True

    with writer:
        model = CatBoostClassifier(iterations=EPOCHS, verbose=False, allow_writing_files=False)
        writer.create_run(run_params=model.get_params())
        writer.train_begin(epochs=EPOCHS)
        model.fit(X, Y, eval_set=(X, Y), callbacks=[Record()])


def by_skorch(folder: Path, writer: Writer) -> None:
    class Record(skorch.callbacks.Callback):  # type: ignore[misc]
        def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:  # noqa: N803
            writer.create_run(net.module_, {"lr": net.lr})
            writer.train_begin(net.max_epochs)

        def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
            last = net.history[-1]
            writer.save_epoch(last["epoch"], {"loss": last["train_loss"], "lossVal": last["valid_loss"]})

    net = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.Softmax(dim=1))
    with writer:
        skorch.NeuralNetClassifier(net, max_epochs=EPOCHS, verbose=0, callbacks=[Record()]).fit(X, Y)


ADAPTERS: dict[str, Callable[[Path, Writer], None]] = {
    "keras": by_keras,
    "lightning": by_lightning,
    "logger": by_logger,
    "huggingface": by_huggingface,
    "xgboost": by_xgboost,
    "lightgbm": by_lightgbm,
    "catboost": by_catboost,
    "skorch": by_skorch,
}
