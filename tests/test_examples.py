"""Each example is run as people run it, and what arrived on the backend is looked at."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import Dataset, DataStore, Predictions
from marcelle_rt.backend import Backend
from tests.support.programs.forked import run

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def examples_backend(node: None) -> Iterator[Backend]:
    """A backend that only the examples write to."""
    with Backend() as running:
        yield running


@pytest.fixture
def examples_store(examples_backend: Backend) -> Iterator[DataStore]:
    """A store on the examples' backend."""
    with DataStore(examples_backend.url) as store:
        yield store


def run_example(name: str, *arguments: str, backend: str, folder: Path, library: str | None = None) -> str:
    """Runs an example in a folder of its own, and returns what it says; a warning of ours fails the test.

    It finds the library imported, if one is given; see `tests/support/programs`.
    """
    env = {
        **os.environ,
        "MARCELLE_BACKEND": backend,
        "PYTHONPATH": str(ROOT),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    words = [str(ROOT / "examples" / name), *arguments]
    if library:
        answer = run(words, library, cwd=folder, env=env)
    else:
        command = [sys.executable, *words]
        answer = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=180)
    assert answer.returncode == 0, answer.stderr
    assert "MarcelleWarning" not in answer.stderr
    return answer.stdout


def only_run(store: DataStore, basename: str) -> dict[str, Any]:
    (run,) = store.service("runs").items({"basename": basename})
    return run


def test_keras_digits_arrives_with_its_curves_and_a_checkpoint_that_can_be_loaded(
    examples_backend: Backend, examples_store: DataStore, tmp_path: Path
) -> None:
    pytest.importorskip("keras")
    pytest.importorskip("sklearn")

    run_example("keras_digits.py", "5", backend=examples_backend.url, folder=tmp_path, library="keras")

    run = only_run(examples_store, "digits")
    assert (run["status"], run["epoch"], run["epochs"]) == ("success", 5, 5)
    assert {metric: len(values) for metric, values in run["logs"].items()} == {
        "loss": 5,
        "accuracy": 5,
        "val_loss": 5,
        "val_accuracy": 5,
        "learning_rate": 5,
    }
    assert run["logs"]["loss"][-1] < run["logs"]["loss"][0]
    assert run["params"]["dropout"] == 0.3
    (checkpoint,) = run["checkpoints"]
    model = examples_store.service(checkpoint["service"]).get(checkpoint["id"])
    assert model["metadata"]["tfjsModelFormat"] == "layers-model"
    assert checkpoint["metadata"]["epoch"] == 5


def test_custom_loop_arrives_with_its_curves_and_its_sounds(
    examples_backend: Backend, examples_store: DataStore, tmp_path: Path
) -> None:
    said = run_example("custom_loop.py", backend=examples_backend.url, folder=tmp_path)

    run = only_run(examples_store, "chord")
    assert (run["status"], run["epoch"]) == ("success", 40)
    assert run["params"] == {"step": 0.1, "tones": 8}
    assert len(run["logs"]["loss"]) == len(run["logs"]["loudest"]) == 40
    assert run["logs"]["loudest"][-1] == pytest.approx(0.4, abs=0.01)
    assert run["logs"]["loss"] == sorted(run["logs"]["loss"], reverse=True)
    assert [asset["epoch"] for asset in run["assets"]] == [20, 40]
    (folder,) = (tmp_path / "marcelle-logs").iterdir()
    assert f"marcelle-logs/{folder.name}" in said
    sound = examples_store.service("assets").get(run["assets"][-1]["_id"])
    assert sound["filename"] == "chord.wav"


def test_service_events_answers_each_question(
    examples_backend: Backend, examples_store: DataStore, tmp_path: Path
) -> None:
    said = run_example("service_events.py", backend=examples_backend.url, folder=tmp_path)

    stored = examples_store.service("questions").items({"$sort": {"number": 1}})
    assert [(question["number"], question["square"]) for question in stored] == [(2, 4), (3, 9), (5, 25)]
    assert sorted(said.splitlines()[:3]) == ["2 squared is 4", "3 squared is 9", "5 squared is 25"]
    assert "Of 3 questions, the one about 5 was the largest." in said


def test_dataset_to_keras_trains_on_what_a_page_has_and_publishes_the_model(
    examples_backend: Backend, examples_store: DataStore, tmp_path: Path
) -> None:
    pytest.importorskip("keras")
    pytest.importorskip("PIL")
    rng = np.random.default_rng(0)
    with Dataset(examples_store, "shades") as shades:
        dark, light = rng.integers(0, 90, (20, 30, 30)), rng.integers(160, 255, (20, 30, 30))
        shades.add_many(np.concatenate([dark, light]).astype(np.uint8), ["dark"] * 20 + ["light"] * 20, gently=False)

    said = run_example(
        "dataset_to_keras.py", "shades", "3", backend=examples_backend.url, folder=tmp_path, library="keras"
    )

    assert "40 images of dark, light" in said
    assert only_run(examples_store, "shades")["status"] == "success"
    (model,) = examples_store.service("tfjs-models").items({"name": "shades-model"})
    assert model["metadata"] == {"tfjsModelFormat": "layers-model", "labels": ["dark", "light"]}


def test_confusion_matrix_writes_predictions_of_which_most_are_right(
    examples_backend: Backend, examples_store: DataStore, tmp_path: Path
) -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("PIL")

    run_example("confusion_matrix.py", backend=examples_backend.url, folder=tmp_path)
    said = run_example("confusion_matrix.py", backend=examples_backend.url, folder=tmp_path)

    predictions = list(Predictions(examples_store, "digits"))
    assert len(predictions) == len(Dataset(examples_store, "digits")) == 200
    right = [prediction["label"] == prediction["yTrue"] for prediction in predictions]
    assert sum(right) > 170
    assert f"{sum(right) / 2:.0f}% of 200 are right" in said
    assert set(predictions[0]["confidences"]) == {str(digit) for digit in range(10)}
