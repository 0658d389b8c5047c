"""What an epoch costs the training thread through each adapter: at most 1 % of an epoch of 100 ms.

The hooks of real trainings are timed, in a run that is written to its folder alone. Needs what
`scripts/test --frameworks` installs.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import lightning.pytorch as pl
import xgboost

from benchmarks.support.measure import verdict
from marcelle_rt.callbacks.huggingface import MarcelleCallback as HuggingFace
from marcelle_rt.callbacks.lightgbm import marcelle_callback
from marcelle_rt.callbacks.lightning import MarcelleCallback as Lightning
from marcelle_rt.callbacks.xgboost import MarcelleCallback as XGBoost
from tests.frameworks.lightning_module import loader, module, trainer
from tests.frameworks.test_huggingface import training
from tests.frameworks.trainings import X, Y

EPOCHS = 30
MOST = 1.0  # ms: 1 % of an epoch of 100 ms


class Timed:
    """Calls a function, and adds up for each epoch how long that took."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.seconds: list[float] = []

    def __call__(self, *args: Any, **options: Any) -> Any:
        start = time.perf_counter()
        try:
            return self._function(*args, **options)
        finally:
            self.seconds.append(time.perf_counter() - start)


def by_lightning(folder: Path, options: dict[str, Any]) -> list[Timed]:
    callback = Lightning("run", **options)
    names = ("on_train_epoch_start", "on_train_epoch_end")
    hooks = [Timed(getattr(callback, name)) for name in names]
    for name, hook in zip(names, hooks, strict=True):
        setattr(callback, name, hook)
    trainer(pl, folder, callbacks=[callback], max_epochs=EPOCHS).fit(module(pl), loader(), loader())
    return hooks


def by_huggingface(folder: Path, options: dict[str, Any]) -> list[Timed]:
    callback = HuggingFace("run", **options)
    hook = Timed(callback.on_log)
    callback.on_log = hook  # type: ignore[method-assign]
    training(folder, callback, num_train_epochs=EPOCHS).train()
    return [hook, hook]  # a loss and an evaluation an epoch


def by_xgboost(folder: Path, options: dict[str, Any]) -> list[Timed]:
    callback = XGBoost("run", **options)
    hook = Timed(callback.after_iteration)
    callback.after_iteration = hook  # type: ignore[method-assign]
    data = xgboost.DMatrix(X, Y)
    xgboost.train({}, data, EPOCHS, evals=[(data, "train")], verbose_eval=False, callbacks=[callback])
    return [hook]


def by_lightgbm(folder: Path, options: dict[str, Any]) -> list[Timed]:
    hook = Timed(marcelle_callback("run", **options))
    data = lightgbm.Dataset(X, Y)
    lightgbm.train({"verbose": -1}, data, EPOCHS, valid_sets=[data], callbacks=[hook])
    return [hook]


def main() -> int:
    """Measures each adapter; 1 when one costs more than it may."""
    kept = True
    for train in (by_lightning, by_huggingface, by_xgboost, by_lightgbm):
        with tempfile.TemporaryDirectory() as folder:
            hooks = train(Path(folder), {"base_log_dir": Path(folder) / "logs", "remote": False})
        cost = 1000 * sum(statistics.median(hook.seconds) for hook in hooks)
        kept = verdict(f"an epoch through the adapter {train.__name__.replace('_', ' ')}", cost, MOST, " ms") and kept
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
