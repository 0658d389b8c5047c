"""Lightning's `MarcelleCallback`: whole trainings, those that are cut off, and what is no training."""

from __future__ import annotations

import copy
import importlib
import pickle
from pathlib import Path
from types import ModuleType
from typing import Any

import lightning.pytorch
import pytest
import pytorch_lightning  # noqa: F401 - the adapters are of both where both are there

from marcelle_rt import Writer
from marcelle_rt.callbacks.lightning import MarcelleCallback, MarcelleLogger
from tests.frameworks.lightning_module import loader, module, trainer
from tests.frameworks.trainings import offline, only, runs
from tests.support.writers import said

pl = lightning.pytorch


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """The folder that gets the runs."""
    return tmp_path / "logs"


def fit(callback: MarcelleCallback, folder: Path, net: Any = None, package: ModuleType = pl, **options: Any) -> Any:
    made = trainer(package, folder, callbacks=[callback], **options)
    made.fit(net or module(package), loader(), loader())
    return made


@pytest.mark.parametrize("name", ["lightning.pytorch", "pytorch_lightning"])
def test_a_training_is_a_run_with_the_names_that_dashboards_know(name: str, logs: Path, tmp_path: Path) -> None:
    callback = MarcelleCallback("net", run_params={"data": "sums"}, **offline(logs))
    fit(callback, tmp_path, package=importlib.import_module(name))
    run = only(logs)
    assert (run["status"], run["source"], run["epoch"], run["epochs"]) == ("success", "lightning", 3, 3)
    assert list(run["logs"]) == ["loss", "lossVal", "accuracy", "accuracyVal", "learning_rate"]
    assert all(len(values) == 3 and None not in values for values in run["logs"].values())
    assert run["logs"]["learning_rate"] == pytest.approx([0.05, 0.005, 0.0005])
    assert run["params"] == {"data": "sums", "width": 8, "lr": 0.05}
    assert run["model"]["param_count"] == {"total": 58, "trainable": 58, "non_trainable": 0}
    assert "Linear(in_features=4" in run["model"]["summary"]


def test_an_exception_ends_the_run_and_is_told(logs: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too hot"):
        fit(MarcelleCallback("net", **offline(logs)), tmp_path, module(pl, fail_at=1))
    run = only(logs)
    assert (run["status"], run["error"], run["epoch"]) == ("error", "ValueError: too hot", 1)


def test_ctrl_c_ends_the_run_as_an_error(logs: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        fit(MarcelleCallback("net", **offline(logs)), tmp_path, module(pl, fail_at=1, error=KeyboardInterrupt))
    assert only(logs)["error"] == "KeyboardInterrupt: too hot"


def test_a_training_of_a_checkpoint_goes_on_with_its_run(logs: Path, tmp_path: Path) -> None:
    first = fit(MarcelleCallback("net", **offline(logs)), tmp_path, max_epochs=2, enable_checkpointing=True)
    path = first.checkpoint_callback.best_model_path
    callback = MarcelleCallback("net", **offline(logs))
    again = trainer(pl, tmp_path, callbacks=[callback], max_epochs=4)
    again.fit(module(pl), loader(), loader(), ckpt_path=path)
    run = only(logs)
    assert (run["status"], run["epoch"], [len(values) for values in run["logs"].values()]) == ("success", 4, [4] * 5)

    logs.rename(tmp_path / "moved")
    made = trainer(pl, tmp_path, callbacks=[MarcelleCallback("net", **offline(logs))], max_epochs=4)
    (text,) = said(lambda: made.fit(module(pl), loader(), loader(), ckpt_path=path))
    assert "The checkpoint's run can't go on, and a new one is created" in text
    assert len(only(logs)["logs"]["loss"]) == 2


def test_a_test_of_a_checkpoint_is_kept_with_its_run_and_leaves_that_closed(logs: Path, tmp_path: Path) -> None:
    callback = MarcelleCallback("net", **offline(logs))
    first = fit(callback, tmp_path, max_epochs=1, enable_checkpointing=True)
    path = first.checkpoint_callback.best_model_path
    before = only(logs)
    for use in (first.test, first.validate):
        use(module(pl), loader(), ckpt_path=path, verbose=False)
    assert callback.writer.flush()
    assert not callback.writer.is_open
    found = only(logs)
    assert set(found.pop("summary")) == {"test_loss", "test_acc"}
    assert found == before

    other = MarcelleCallback("net", **offline(logs))  # a program that tests alone
    trainer(pl, tmp_path, callbacks=[other]).test(module(pl), loader(), ckpt_path=path, verbose=False)
    assert other.writer.flush()
    assert set(only(logs)["summary"]) == {"test_loss", "test_acc"}

    again = MarcelleCallback("net", **offline(logs))  # which the folder is free for
    trainer(pl, tmp_path, callbacks=[again], max_epochs=2).fit(module(pl), loader(), loader(), ckpt_path=path)
    assert (only(logs)["status"], only(logs)["epoch"], only(logs)["epochs"]) == ("success", 2, 2)


def test_a_second_fit_of_one_callback_is_a_run_of_its_own(logs: Path, tmp_path: Path) -> None:
    callback = MarcelleCallback("net", **offline(logs))
    for _ in range(2):
        fit(callback, tmp_path, max_epochs=1)
    assert [run["epoch"] for run in runs(logs)] == [1, 1]


def test_two_trainings_into_a_run_of_the_users_own_go_on(logs: Path, tmp_path: Path) -> None:
    with Writer("net", **offline(logs)) as writer:
        writer.create_run()
        for _ in range(2):
            fit(MarcelleCallback("net", writer=writer), tmp_path, max_epochs=2)
    run = only(logs)
    assert (run["status"], run["epoch"], run["epochs"], len(run["logs"]["loss"])) == ("success", 4, 4, 4)


def test_a_test_after_the_training_is_kept_with_the_run(logs: Path, tmp_path: Path) -> None:
    callback = MarcelleCallback("net", **offline(logs))
    fit(callback, tmp_path).test(module(pl), loader(), verbose=False)
    assert callback.writer.flush()
    run = only(logs)
    assert set(run["summary"]) == {"test_loss", "test_acc"}
    assert (run["status"], len(run["logs"]["loss"])) == ("success", 3)


def test_several_validations_in_an_epoch_are_one_place(logs: Path, tmp_path: Path) -> None:
    fit(MarcelleCallback("net", **offline(logs)), tmp_path, val_check_interval=0.25)
    assert [len(values) for values in only(logs)["logs"].values()] == [3] * 5


@pytest.mark.parametrize("recorded_by", ["callback", "logger"])
def test_a_validation_is_of_its_own_epoch_alone(recorded_by: str, logs: Path, tmp_path: Path) -> None:
    made: dict[str, Any] = {"logger": MarcelleLogger("net", **offline(logs))}
    if recorded_by == "callback":
        made = {"callbacks": [MarcelleCallback("net", **offline(logs))]}
    trainer(pl, tmp_path, max_epochs=4, check_val_every_n_epoch=2, **made).fit(module(pl), loader(), loader())
    found = only(logs)["logs"]
    for name in ("lossVal", "accuracyVal"):
        assert [value is None for value in found[name]] == [True, False, True, False]
    assert None not in found["loss"]


@pytest.mark.parametrize(("steps", "epochs"), [(6, 2), (-1, 0)])
def test_epochs_are_planned_where_they_can_be_known(steps: int, epochs: int, logs: Path, tmp_path: Path) -> None:
    limit = {"max_time": {"seconds": 1}} if steps < 0 else {}
    fit(MarcelleCallback("net", **offline(logs)), tmp_path, max_epochs=-1, max_steps=steps, **limit)
    assert only(logs)["epochs"] == epochs


def test_what_is_no_training_makes_no_run(logs: Path, tmp_path: Path) -> None:
    callback = MarcelleCallback("net", **offline(logs))
    fit(callback, tmp_path, fast_dev_run=True)
    made = trainer(pl, tmp_path, callbacks=[callback])
    pl.tuner.tuning.Tuner(made).lr_find(module(pl), loader(), num_training=8)
    made.test(module(pl), loader(), verbose=False)
    assert not logs.exists()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_a_copy_records_runs_of_its_own(copied: Any, logs: Path, tmp_path: Path) -> None:
    callback = MarcelleCallback("net", **offline(logs))
    fit(callback, tmp_path, max_epochs=1)
    fit(copied(callback), tmp_path, max_epochs=1)
    assert [run["status"] for run in runs(logs)] == ["success", "success"]
