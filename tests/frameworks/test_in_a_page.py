"""Each adapter's run on the real backend, in a page of stock components: it shows as a run of Keras does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightgbm
import lightning.pytorch as pl
import pytest
import xgboost

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.callbacks.huggingface import MarcelleCallback as HuggingFace
from marcelle_rt.callbacks.lightgbm import marcelle_callback
from marcelle_rt.callbacks.lightning import MarcelleCallback as Lightning
from marcelle_rt.callbacks.lightning import MarcelleLogger
from marcelle_rt.callbacks.xgboost import MarcelleCallback as XGBoost
from tests.frameworks.lightning_module import loader, module, trainer
from tests.frameworks.test_huggingface import training
from tests.frameworks.trainings import X, Y

if TYPE_CHECKING:
    from playwright.sync_api import Page


def by_lightning(folder: Path, **options: Any) -> None:
    trainer(pl, folder, callbacks=[Lightning("run", **options)]).fit(module(pl), loader(), loader())


def by_logger(folder: Path, **options: Any) -> None:
    trainer(pl, folder, logger=MarcelleLogger("run", **options)).fit(module(pl), loader(), loader())


def by_huggingface(folder: Path, **options: Any) -> None:
    training(folder, HuggingFace("run", **options)).train()


def by_xgboost(folder: Path, **options: Any) -> None:
    data = xgboost.DMatrix(X, Y)
    evals = [(data, "train"), (data, "valid")]
    params = {"objective": "binary:logistic"}
    xgboost.train(params, data, 3, evals=evals, verbose_eval=False, callbacks=[XGBoost("run", **options)])


def by_lightgbm(folder: Path, **options: Any) -> None:
    data = lightgbm.Dataset(X, Y)
    params = {"objective": "binary", "verbose": -1}
    lightgbm.train(
        params, data, 3, valid_sets=[data, data.create_valid(X, Y)], callbacks=[marcelle_callback("run", **options)]
    )


@pytest.mark.parametrize("train", [by_lightning, by_logger, by_huggingface, by_xgboost, by_lightgbm])
def test_the_history_shows_the_run_with_its_losses(
    train: Callable[..., None],
    own_backend: Callable[..., Backend],
    dashboard_page: Callable[..., str],
    page: Page,
    tmp_path: Path,
) -> None:
    backend = own_backend()
    train(tmp_path, backend_root=backend.url, base_log_dir=tmp_path / "logs")
    with DataStore(backend.url) as store:
        (run,) = store.service("runs").items()
    assert (run["status"], len(run["logs"]["loss"]), next(iter(run["logs"]))[:4]) == ("success", 3, "loss")
    script = f"""
import {{ dashboard, dataStore, trainingHistory }} from './marcelle.js';
const store = dataStore('{backend.url}');
await store.connect();
const history = trainingHistory(store, {{ metrics: ['loss', 'lossVal'] }});
const page = dashboard({{ title: 'Runs', author: 'me' }});
page.page('Runs').use(history);
page.show();
"""
    page.goto(dashboard_page(script))
    page.get_by_text("run-1").first.wait_for(timeout=20_000)
    shown = page.locator("body").inner_text()
    assert "metrics not found" not in shown
    assert f"{run['logs']['loss'][-1]:.2f}"[:3] in shown
