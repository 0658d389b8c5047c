"""`MarcelleCallback` for Hugging Face's `Trainer`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import optuna
import pytest
import torch
from transformers import Trainer, TrainerCallback, TrainerState, TrainingArguments

from marcelle_rt import Writer
from marcelle_rt.callbacks import trainer_state
from marcelle_rt.callbacks.huggingface import MarcelleCallback
from marcelle_rt.models.onnx_files.running import run as run_graph
from tests.frameworks.trainings import X, Y, chunks, offline, only, runs
from tests.support.writers import said

ROOT = Path(__file__).parents[2]
DATA = [{"x": torch.tensor(x), "labels": torch.tensor(y)} for x, y in zip(X, Y, strict=True)]


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = torch.nn.Linear(4, 2)

    def forward(self, x: Any, labels: Any = None) -> dict[str, Any]:
        logits = self.net(x)
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}


class Failing(TrainerCallback):
    """Ends a training when an epoch begins."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.epoch > self.epoch - 1.5:
            raise ValueError("too hot")


def accuracy(prediction: Any) -> dict[str, float]:
    return {"accuracy": float((prediction.predictions.argmax(1) == prediction.label_ids).mean())}


def training(folder: Path, callback: MarcelleCallback, **options: Any) -> Trainer:
    arguments = TrainingArguments(
        str(folder / "out"),
        per_device_train_batch_size=16,
        disable_tqdm=True,
        use_cpu=True,
        **{"num_train_epochs": 3, "eval_strategy": "epoch", "save_strategy": "no", **options},
    )
    return Trainer(
        Net(), arguments, train_dataset=DATA, eval_dataset=DATA, compute_metrics=accuracy, callbacks=[callback]
    )


def test_an_evaluation_before_the_first_step_is_called_as_the_others(logs: Path, tmp_path: Path) -> None:
    options = {"eval_on_start": True, "logging_steps": 2, "eval_strategy": "steps", "eval_steps": 4, "max_steps": 4}
    training(tmp_path, MarcelleCallback("bert", x="step", **offline(logs)), **options).train()
    assert [value is not None for value in only(logs)["logs"]["lossVal"]] == [True, False, True]
    assert "eval_loss" not in only(logs)["logs"]


def test_a_trial_that_a_search_prunes_is_pruned(logs: Path, tmp_path: Path) -> None:
    made = training(tmp_path, MarcelleCallback("bert", **offline(logs)))
    made.model_init = lambda trial=None: Net()
    rates = iter([0.1, 0.001, 0.01])
    made.hyperparameter_search(
        lambda trial: {"learning_rate": trial.suggest_float("learning_rate", rate := next(rates), rate)},
        n_trials=3,
        backend="optuna",
        compute_objective=lambda metrics: metrics["eval_loss"],
        pruner=Second(),
    )
    assert [(run["status"], run.get("outcome")) for run in runs(logs)] == [
        ("success", None),
        ("success", "pruned"),
        ("success", None),
    ]


class Second(optuna.pruners.BasePruner):
    """Prunes the second trial."""

    def prune(self, study: Any, trial: Any) -> bool:
        return bool(trial.number == 1)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """The folder that gets the runs."""
    return tmp_path / "logs"


def test_a_short_training_with_the_defaults_has_a_loss_for_each_epoch(logs: Path, tmp_path: Path) -> None:
    callback = MarcelleCallback("bert", **offline(logs))
    training(tmp_path, callback).train()
    run = only(logs)
    assert (run["status"], run["source"], run["epoch"], run["epochs"]) == ("success", "transformers", 3, 3)
    assert list(run["logs"]) == ["loss", "lossVal", "accuracyVal", "grad_norm", "learning_rate"]
    assert all(len(values) == 3 and None not in values for values in run["logs"].values())
    assert run["params"]["per_device_train_batch_size"] == 16
    assert run["model"]["param_count"]["total"] == 10
    assert {"train_loss", "train_runtime"} <= set(run["summary"])


def test_steps_within_an_epoch_are_kept_beside_it(logs: Path, tmp_path: Path) -> None:
    callback = MarcelleCallback("bert", **offline(logs))
    training(tmp_path, callback, logging_steps=2, eval_strategy="no").train()
    assert chunks(callback.writer)["steps"] == [2, 4, 6, 8, 10, 12]
    assert len(only(logs)["logs"]["loss"]) == 3


def test_steps_are_places_if_they_are_asked_for(logs: Path, tmp_path: Path) -> None:
    callback = MarcelleCallback("bert", x="step", **offline(logs))
    options = {"logging_steps": 2, "eval_strategy": "steps", "eval_steps": 4, "max_steps": 8}
    assert not said(training(tmp_path, callback, **options).train)
    run = only(logs)
    assert (run["epochs"], run["epoch"], run["epoch_numbers"], run["x"]) == (0, 8, [[0, 2, 2]], "step")
    assert [value is not None for value in run["logs"]["lossVal"]] == [False, True, False, True]
    assert list(run["logs"])[:2] == ["loss", "lossVal"]


def test_a_training_of_so_many_steps_knows_its_epochs(logs: Path, tmp_path: Path) -> None:
    training(tmp_path, MarcelleCallback("bert", **offline(logs)), max_steps=6).train()
    assert (only(logs)["epochs"], only(logs)["epoch"], len(only(logs)["logs"]["loss"])) == (2, 2, 2)


def test_a_stream_has_no_number_of_epochs(logs: Path, tmp_path: Path) -> None:
    class Stream(torch.utils.data.IterableDataset):  # type: ignore[type-arg]
        def __iter__(self) -> Any:
            return iter(DATA)

    made = training(tmp_path, MarcelleCallback("bert", **offline(logs)), max_steps=6)
    made.train_dataset = Stream()
    assert not said(made.train)
    assert (only(logs)["epochs"], only(logs)["epoch"], len(only(logs)["logs"]["loss"])) == (0, 2, 2)


def test_an_evaluation_after_the_training_is_kept_and_opens_nothing(logs: Path, tmp_path: Path) -> None:
    callback = MarcelleCallback("bert", **offline(logs))
    trainer = training(tmp_path, callback)
    trainer.train()
    trainer.evaluate(metric_key_prefix="test")
    assert callback.writer.flush()
    run = only(logs)
    assert (run["status"], run["summary"]["test_accuracy"] <= 1) == ("success", True)


def test_a_training_of_a_checkpoint_goes_on_with_its_run(logs: Path, tmp_path: Path) -> None:
    saved: dict[str, Any] = {"save_strategy": "epoch"}
    callback = MarcelleCallback("bert", **offline(logs))
    first = training(tmp_path, callback, **saved)
    first.add_callback(Failing(epoch=3))
    with pytest.raises(ValueError, match="too hot"):
        first.train()
    first.pop_callback(Failing)
    first.train(resume_from_checkpoint=True)  # in the cell below of a notebook
    run = only(logs)
    assert (run["epoch"], len(run["logs"]["loss"]), run["status"]) == (3, 3, "success")

    options = {**saved, "restore_callback_states_from_checkpoint": True}
    for epochs, how in [(4, {}), (5, {"resume": callback.writer.run_directory})]:
        again = MarcelleCallback("bert", **{**offline(logs), **how})
        training(tmp_path, again, num_train_epochs=epochs, **options).train(resume_from_checkpoint=True)
        run = only(logs)
        assert (run["epoch"], len(run["logs"]["loss"]), run["status"]) == (epochs, epochs, "success")

    logs.rename(tmp_path / "moved")
    other = MarcelleCallback("bert", **offline(logs))
    made = training(tmp_path, other, num_train_epochs=6, **saved)
    (text,) = said(lambda: made.train(resume_from_checkpoint=True))
    assert "The checkpoint's run can't go on, and a new one is created" in text
    assert run["_id"] in text
    assert (only(logs)["epoch"], len(only(logs)["logs"]["loss"])) == (6, 1)


@pytest.mark.parametrize("kept", [None, [], "x", {"attributes": {"run_id": 5}}, {"attributes": {"run_id": "../logs"}}])
def test_a_checkpoint_that_tells_something_else_has_no_run(kept: Any) -> None:
    state = TrainerState(global_step=4, stateful_callbacks={"marcelle_rt: bert": kept})  # type: ignore[arg-type]
    assert trainer_state.run_of(state, "marcelle_rt: bert") is None


def test_a_training_that_was_killed_goes_on_with_its_run(logs: Path, tmp_path: Path) -> None:
    code = (
        "import os, pathlib; from tests.frameworks.test_huggingface import *\n"
        "class Killing(TrainerCallback):\n"
        "    def on_epoch_begin(self, args, state, control, **_):\n"
        "        if state.epoch > 1: os.kill(os.getpid(), 9)\n"
        f"made = training(pathlib.Path({str(tmp_path)!r}), "
        f"MarcelleCallback('bert', **offline(pathlib.Path({str(logs)!r}))), save_strategy='epoch')\n"
        "made.add_callback(Killing()); made.train()"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == -9
    again = MarcelleCallback("bert", **offline(logs))
    training(tmp_path, again, save_strategy="epoch").train(resume_from_checkpoint=True)
    run = only(logs)
    assert (run["epoch"], len(run["logs"]["lossVal"]), run["status"]) == (3, 3, "success")


def test_a_training_that_failed_ends_with_its_block_or_when_the_next_one_begins(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    callback = MarcelleCallback("bert", **offline(logs))
    trainer = training(tmp_path, callback)

    def fail(*args: Any, **options: Any) -> None:
        raise ValueError("too hot")

    with monkeypatch.context() as broken:
        broken.setattr(trainer, "training_step", fail)
        with pytest.raises(ValueError, match="too hot"), callback:
            trainer.train()
        with pytest.raises(ValueError, match="too hot"):
            trainer.train()
    trainer.train()
    assert [run["status"] for run in runs(logs)] == ["error", "error", "success"]
    assert runs(logs)[0]["error"] == "ValueError: too hot"


class Sentences(torch.nn.Module):
    """Takes what Hugging Face's models take, by keywords."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = torch.nn.Sequential(torch.nn.Embedding(9, 4), torch.nn.Flatten(), torch.nn.Linear(24, 2))

    def forward(self, input_ids: Any = None, attention_mask: Any = None, labels: Any = None) -> dict[str, Any]:
        logits = self.inner(input_ids)
        loss = {} if labels is None else {"loss": torch.nn.functional.cross_entropy(logits, labels)}
        return {**loss, "logits": logits}


def test_an_input_given_by_keyword_is_taken_or_it_is_said_why_not(tmp_path: Path) -> None:
    ids = torch.arange(12).reshape(2, 6) % 9
    writer = Writer("torch", remote=False, remote_save_format="onnx", base_log_dir=tmp_path)
    module = Sentences()
    writer.create_run(module)
    module(input_ids=ids, labels=torch.tensor([0, 1]))
    assert not said(lambda: writer.save_checkpoint(1))
    with torch.no_grad():
        expected = module(ids[:1])["logits"]
    assert writer.run_directory is not None
    graph = onnx.load(str(writer.run_directory / "model_checkpoint_epoch=1.onnx" / "model.onnx"))
    np.testing.assert_allclose(run_graph(graph, ids[:1].float().numpy())["logits"], expected, atol=1e-5)

    writer.create_run(module := Sentences())
    module(input_ids=ids, attention_mask=torch.ones(2, 6), labels=torch.tensor([0, 1]))
    (text,) = said(lambda: writer.save_checkpoint(1))
    assert "was first called with input_ids, attention_mask, and pages feed one tensor; give one: create_run(" in text
    writer.end("success")
