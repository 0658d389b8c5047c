"""Lightning's `MarcelleLogger`: what `self.log` gives, in whatever order Lightning gives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest

from marcelle_rt import MarcelleWarning
from marcelle_rt.callbacks.lightning import MarcelleLogger
from tests.frameworks.lightning_module import loader, module, trainer
from tests.frameworks.trainings import chunks, offline, only, runs
from tests.support.writers import said


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """The folder that gets the runs."""
    return tmp_path / "logs"


def test_a_training_is_a_run_with_its_hyperparameters(logs: Path, tmp_path: Path) -> None:
    logger = MarcelleLogger("net", run_params={"data": "sums"}, **offline(logs))
    monitor = pl.callbacks.LearningRateMonitor("epoch")
    trainer(pl, tmp_path, logger=logger, callbacks=[monitor]).fit(module(pl), loader(), loader())
    run = only(logs)
    assert (run["status"], run["source"], run["epoch"], run["epochs"]) == ("success", "lightning", 3, 3)
    assert set(run["logs"]) == {"loss", "lossVal", "accuracy", "accuracyVal", "lr-SGD"}
    assert next(iter(run["logs"])) in ("loss", "lossVal")
    assert all(len(values) == 3 and None not in values for values in run["logs"].values())
    assert run["params"] == {"data": "sums", "width": 8, "lr": 0.05}
    assert run["model"]["param_count"]["total"] == 58
    assert chunks(logger.experiment)["steps"] == list(range(1, 13))
    assert set(chunks(logger.experiment)) == {"steps", "train_loss", "train_acc"}


def test_lightnings_own_checkpoints_lie_in_a_folder_of_the_run(logs: Path, tmp_path: Path) -> None:
    logger = MarcelleLogger("net", **offline(logs))
    folders = []
    for _ in range(2):
        made = trainer(pl, tmp_path, logger=logger, max_epochs=1, enable_checkpointing=True)
        made.fit(module(pl), loader(), loader())
        folders.append(Path(made.checkpoint_callback.best_model_path).parent)
    assert folders == [tmp_path / "net" / run["_id"] / "checkpoints" for run in runs(logs)]


def test_a_logging_interval_longer_than_an_epoch_is_told(logs: Path, tmp_path: Path) -> None:
    net = module(pl)
    options = {"logger": MarcelleLogger("net", **offline(logs)), "log_every_n_steps": 50}

    def step(batch: Any, batch_idx: int) -> Any:
        if net.current_epoch == 1:
            raise ValueError("too hot")
        return net.step(batch, "train")  # for steps alone, as is Lightning's default

    net.training_step = step
    told = r"epoch 1 has no 'loss', and there is no run yet.*log_every_n_steps=2"
    with pytest.warns(MarcelleWarning, match=told), pytest.raises(ValueError, match="too hot"):
        trainer(pl, tmp_path, **options).fit(net, loader())  # before the second epoch, and not when all are over
    assert not logs.exists()

    options["logger"] = MarcelleLogger("net", **offline(logs))
    with pytest.warns(MarcelleWarning, match=told):
        trainer(pl, tmp_path, max_epochs=1, **options).fit(net, loader())


def test_a_logging_interval_that_loses_nothing_is_not_told(logs: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"log_every_n_steps": 50, "enable_checkpointing": True}
    made = trainer(pl, tmp_path, max_epochs=2, logger=MarcelleLogger("net", **offline(logs)), **options)
    assert said(lambda: made.fit(module(pl), loader(), loader())) == []
    resumed = MarcelleLogger("net", resume=next(logs.iterdir()), remote=False)
    again = trainer(pl, tmp_path, max_epochs=4, logger=resumed, **options)
    assert said(lambda: again.fit(module(pl), loader(), ckpt_path=made.checkpoint_callback.best_model_path)) == []
    assert len(only(logs)["logs"]["loss"]) == 4


def test_steps_are_places_if_they_are_asked_for(logs: Path, tmp_path: Path) -> None:
    logger = MarcelleLogger("net", x="step", **offline(logs))
    trainer(pl, tmp_path, logger=logger, log_every_n_steps=2).fit(module(pl), loader(), loader())
    run = only(logs)
    assert (run["epochs"], run["epoch"], run["epoch_numbers"], run["x"]) == (0, 12, [[0, 2, 2]], "step")
    assert len(run["logs"]["loss"]) == 6


def test_an_exception_is_told(logs: Path, tmp_path: Path) -> None:
    logger = MarcelleLogger("net", **offline(logs))
    with pytest.raises(ValueError, match="too hot"):
        trainer(pl, tmp_path, logger=logger).fit(module(pl, fail_at=1), loader(), loader())
    assert (only(logs)["status"], only(logs)["error"]) == ("error", "ValueError: too hot")


def test_each_fit_is_a_run_and_a_test_between_them_opens_none(logs: Path, tmp_path: Path) -> None:
    logger = MarcelleLogger("net", **offline(logs))
    for _ in range(2):
        made = trainer(pl, tmp_path, logger=logger, max_epochs=1)
        made.fit(module(pl), loader(), loader())
        made.validate(module(pl), loader(), verbose=False)
        made.test(module(pl), loader(), verbose=False)
        assert logger.experiment.flush()
    first, second = runs(logs)
    for run in (first, second):
        assert (run["status"], run["epoch"], len(run["logs"]["loss"])) == ("success", 1, 1)
        assert set(run["summary"]) == {"val_loss", "val_acc", "test_loss", "test_acc"}


def test_a_run_goes_on_from_its_folder(logs: Path, tmp_path: Path) -> None:
    logger = MarcelleLogger("net", **offline(logs))
    first = trainer(pl, tmp_path, logger=logger, max_epochs=2, enable_checkpointing=True)
    first.fit(module(pl), loader(), loader())
    path = first.checkpoint_callback.best_model_path
    again = MarcelleLogger("net", resume=logger.experiment.run_directory, remote=False)
    trainer(pl, tmp_path, logger=again, max_epochs=4).fit(module(pl), loader(), loader(), ckpt_path=path)
    assert (only(logs)["status"], len(only(logs)["logs"]["loss"])) == ("success", 4)


def test_what_is_no_training_makes_no_run(logs: Path, tmp_path: Path) -> None:
    logger = MarcelleLogger("net", **offline(logs))
    trainer(pl, tmp_path, logger=logger, fast_dev_run=True).fit(module(pl), loader(), loader())
    made = trainer(pl, tmp_path, logger=logger)
    pl.tuner.tuning.Tuner(made).lr_find(module(pl), loader(), num_training=8)
    assert not logs.exists()
