"""Writer, for loops of any framework: what is known later, what comes in pieces, what belongs to the whole run."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import uuid
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import InvalidData
from tests.helpers import eventually
from tests.support.writers import document, said

ROOT = Path(__file__).parents[2]


def test_parameters_that_are_known_later_are_merged(writer: Writer) -> None:
    writer.create_run(run_params={"lr": 0.1, "width": 8})
    writer.update_params({"lr": 0.01, "opt.beta": 0.9})
    assert document(writer)["params"] == {"lr": 0.01, "width": 8, "opt_beta": 0.9}


def test_an_epoch_in_pieces_is_merged_without_a_word(writer: Writer) -> None:
    writer.create_run()

    def pieces() -> None:
        for epoch in (1, 2):
            writer.save_epoch(epoch, {"loss": 1.0 / epoch}, merge=True)
            writer.save_epoch(epoch, {"lossVal": 2.0 / epoch}, merge=True)

    assert said(pieces) == []
    assert document(writer)["logs"] == {"loss": [1.0, 0.5], "lossVal": [2.0, 1.0]}


def test_steps_are_epochs_that_are_far_apart(writer: Writer) -> None:
    writer.create_run()
    writer.train_begin(0)
    for step in (10, 20, 30):
        writer.save_epoch(step, {"loss": 1.0 / step})
    data = document(writer)
    assert (data["epochs"], data["epoch"], data["epoch_numbers"]) == (0, 30, [[0, 10, 10]])


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ([1, 2, 3], None),
        ([0, 1, 2], None),
        ([7, 8, 9], None),
        ([1, 2, 3, 10, 20, 30], [[0, 1, 1], [3, 10, 10]]),
        ([5, 3], [[0, 5, -2]]),
        ([i * i for i in range(1000)], None),
    ],
    ids=["from 1", "from 0", "from 7", "two paces", "backwards", "too many paces"],
)
def test_a_document_tells_the_epochs_numbers_where_they_are_not_consecutive(
    writer: Writer, numbers: list[int], told: Any
) -> None:
    writer.create_run()
    said(lambda: [writer.save_epoch(number, {"loss": 1.0}) for number in numbers])
    assert document(writer).get("epoch_numbers") == told


def test_a_summary_is_of_the_whole_run(writer: Writer) -> None:
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})
    writer.update_summary({"best.score": 3})
    writer.train_end({"accuracy": 0.75})
    data = document(writer)
    assert (data["summary"], data["status"]) == ({"best_score": 3, "accuracy": 0.75}, "success")
    assert data["logs"] == {"loss": [1.0]}


def test_a_test_after_the_end_reaches_the_run_and_reopens_nothing(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    writer = Writer(name, backend.url, base_log_dir=tmp_path)
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})
    writer.end("error", "out of memory")
    for accuracy in (0.5, 0.75):
        assert said(lambda accuracy=accuracy: writer.update_summary({"accuracy": accuracy})) == []
        assert writer.flush()
    (run,) = store.service("runs").items({"basename": name})
    assert (run["summary"], run["status"], run["error"]) == ({"accuracy": 0.75}, "error", "out of memory")
    assert (run["logs"], document(writer)["summary"], len(list(tmp_path.iterdir()))) == (
        {"loss": [1.0]},
        {"accuracy": 0.75},
        1,
    )
    assert not writer.is_open
    again = Writer.resume(tmp_path.iterdir().__next__(), backend_root=backend.url)
    again.save_epoch(2, {"loss": 0.5})
    again.train_end()
    (run,) = store.service("runs").items({"basename": name})
    assert (run["summary"], run["status"], run["error"]) == (None, "success", None)


def test_a_program_whose_last_line_is_a_test_after_the_end_waits_until_the_backend_has_it(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    program = f"""
from marcelle_rt import Writer
writer = Writer({name!r}, {backend.url!r}, base_log_dir={str(tmp_path)!r})
writer.create_run()
writer.save_epoch(1, {{"loss": 1.0}})
writer.train_end()
writer.update_summary({{"accuracy": 0.75}})
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
    (run,) = store.service("runs").items({"basename": name})
    (folder,) = tmp_path.iterdir()
    kept = json.loads((folder / "run_data.json").read_bytes())
    assert (run["summary"], kept["summary"], run["status"]) == ({"accuracy": 0.75}, {"accuracy": 0.75}, "success")


def test_a_test_after_the_end_while_the_backend_is_away_is_in_the_folder(unused_url: str, tmp_path: Path) -> None:
    writer = Writer("late", unused_url, base_log_dir=tmp_path, finish_timeout=0.1)

    def train() -> None:
        writer.create_run()
        writer.train_end()
        eventually(lambda: writer.status.problem)  # else it is said in the middle of another test

    said(train)
    assert said(lambda: writer.update_summary({"accuracy": 0.5})) == []
    assert '"summary"' in (tmp_path.iterdir().__next__() / "journal.jsonl").read_text().splitlines()[-1]


def test_a_summary_before_there_is_a_run_is_said(writer: Writer) -> None:
    (text,) = said(lambda: writer.update_summary({"accuracy": 1.0}))
    assert text == "update_summary was called before create_run; nothing is kept."


@pytest.mark.parametrize("outcome", ["stopped", "pruned"])
def test_a_run_that_was_left_off_on_purpose_has_not_failed(
    outcome: str, backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    writer = Writer(name, backend.url, base_log_dir=tmp_path)
    writer.create_run()
    writer.train_begin(10)
    writer.save_epoch(1, {"loss": 1.0})
    writer.end(outcome, "no better than the median")
    (run,) = store.service("runs").items({"basename": name})
    assert (run["status"], run["outcome"], run["reason"]) == ("success", outcome, "no better than the median")
    assert "error" not in run


def test_an_unknown_way_to_end_is_an_error_that_is_said(writer: Writer) -> None:
    writer.create_run()
    (text,) = said(lambda: writer.end("failed"))
    assert text == (
        "end: 'failed' is not a way to end; 'error' is used (there are 'success', 'error', 'stopped', 'pruned')."
    )
    assert (document(writer)["status"], document(writer)["error"]) == ("error", "failed")


def test_a_trial_that_optuna_prunes_within_with_is_pruned(writer: Writer) -> None:
    pruned = type("TrialPruned", (Exception,), {"__module__": "optuna.exceptions"})
    writer.create_run()
    with pytest.raises(pruned), writer:
        raise pruned("Trial was pruned at epoch 3.")
    data = document(writer)
    assert (data["outcome"], data["reason"]) == ("pruned", "TrialPruned: Trial was pruned at epoch 3.")


@pytest.mark.parametrize("epoch", [0.5, 1.5, 1.0001])
def test_a_part_of_an_epoch_is_merged_with_no_other(writer: Writer, epoch: float) -> None:
    writer.create_run()
    for number in (0, 1):
        writer.save_epoch(number, {"loss": float(number)})
    (text,) = said(lambda: (writer.save_epoch(epoch, {"loss": 9.0}), writer.save_epoch(epoch, {"loss": 8.0})))
    assert text == f"save_epoch: {epoch} is not a whole epoch; it is kept as another epoch {int(epoch)}."
    assert said(lambda: writer.save_epoch(2, {"loss": 2.0})) == []
    said(lambda: writer.save_epoch(1, {"lossVal": 5.0}))
    assert document(writer)["logs"] == {"loss": [0.0, 1.0, 9.0, 8.0, 2.0], "lossVal": [None, 5.0, None, None, None]}


def test_each_kind_of_what_is_not_an_epoch_is_said_once(writer: Writer) -> None:
    writer.create_run()
    odd = [1.5, 2.5, -1, -2, "x", "y", float("nan"), None, None]
    texts = said(lambda: [writer.save_epoch(epoch, {"loss": 1.0}) for epoch in odd])
    assert [text.split()[1] for text in texts] == ["1.5", "-1", "'x'", "nan", "None"]


@pytest.mark.parametrize("epoch", [-1, -1.5, "three", None, float("nan"), 2**70])
def test_what_is_not_an_epoch_gets_a_place_of_its_own(writer: Writer, epoch: Any) -> None:
    writer.create_run()
    writer.save_epoch(7, {"loss": 7.0})
    (text,) = said(lambda: (writer.save_epoch(epoch, {"loss": 0.1}), writer.save_epoch(epoch, {"loss": 0.2})))
    assert "is not an epoch; 8 is taken" in text
    assert said(lambda: writer.save_epoch(8, {"loss": 8.0})) == []
    assert document(writer)["logs"] == {"loss": [7.0, 0.1, 0.2, 8.0]}


def test_a_name_must_not_be_empty(tmp_path: Path) -> None:
    with pytest.raises(InvalidData, match=r"name: ' ' is empty; give the runs a name, such as 'digits'"):
        Writer(" ", remote=False, base_log_dir=tmp_path)


@pytest.mark.parametrize("folder", [5, True, None])
def test_only_a_folder_can_be_resumed(folder: Any) -> None:
    with pytest.raises(InvalidData, match=r"is neither a run's folder nor a run's name"):
        Writer.resume(folder)


def model_of(package: str, **methods: Any) -> Any:
    """A model whose class is derived from one of a framework."""
    return type("Net", (type("Base", (), {"__module__": f"{package}.models"}),), methods)()


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("torch", "pytorch"),
        ("pytorch_lightning", "lightning"),
        ("transformers", "transformers"),
        ("sklearn", "sklearn"),
        ("xgboost", "xgboost"),
        ("catboost", "catboost"),
    ],
)
def test_the_source_of_a_run_is_that_of_its_model(writer: Writer, package: str, source: str) -> None:
    assert said(lambda: writer.create_run(model_of(package, __repr__=lambda self: "Net(8)"))) == []
    data = document(writer)
    assert (data["source"], data["model"]) == (source, {"name": "Net", "summary": "Net(8)", "loss": "Unknown"})


def test_a_loop_without_a_model_is_not_one_of_keras(writer: Writer) -> None:
    writer.create_run()
    assert document(writer)["source"] == "python"


def test_a_source_that_is_given_is_kept(tmp_path: Path) -> None:
    with Writer("w", remote=False, base_log_dir=tmp_path, source="mine") as writer:
        writer.create_run(model_of("sklearn"))
    assert document(writer)["source"] == "mine"


def test_a_model_that_cannot_be_shown_stops_nothing(writer: Writer) -> None:
    def fail(self: Any) -> str:
        raise RuntimeError("not fitted")

    writer.create_run(model_of("sklearn", __repr__=fail))
    assert document(writer)["model"]["summary"] == "Net"


@pytest.mark.parametrize(("is_initialized", "runs"), [(False, 1), (True, 0)])
def test_a_process_is_told_from_the_first_when_its_run_is_created(
    is_initialized: bool, runs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer("spawned", remote=False, base_log_dir=tmp_path)  # before the processes know of each other
    distributed = ModuleType("torch.distributed")
    vars(distributed).update(is_available=lambda: True, is_initialized=lambda: is_initialized, get_rank=lambda: 1)
    monkeypatch.setitem(sys.modules, "torch.distributed", distributed)
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})
    writer.train_end()
    assert len(list(tmp_path.iterdir())) == runs


def test_the_numbers_that_a_user_draws_are_the_same_while_a_backend_is_away(tmp_path: Path) -> None:
    random.seed(3)
    before = random.getstate()
    with Writer("seeded", "http://127.0.0.1:9", base_log_dir=tmp_path, finish_timeout=0) as writer:
        writer.create_run()
        eventually(lambda: writer.status.problem)
    assert random.getstate() == before
