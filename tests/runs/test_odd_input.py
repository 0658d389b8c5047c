"""Writer again: what no program should give it, and which stops no training all the same."""

from __future__ import annotations

import datetime
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.folder.files import checkpoint_name
from tests.support.writers import document, said

EAST = datetime.timezone(datetime.timedelta(hours=1))


class Donated:
    def tolist(self) -> object:
        raise RuntimeError("Array has been deleted.")

    def __repr__(self) -> str:
        raise RuntimeError("Array has been deleted.")


class Hostile(float):
    def __float__(self) -> float:
        raise SystemExit(3)

    __str__ = __repr__ = __float__  # type: ignore[assignment]


@pytest.mark.parametrize(
    "value",
    [Donated(), Hostile(1), datetime.datetime.min.replace(tzinfo=EAST), 2**70],
    ids=["array", "float", "date", "int"],
)
def test_a_value_that_raises_costs_only_itself(writer: Writer, value: object) -> None:
    assert said(lambda: writer.create_run(run_params={"lr": 0.1, "value": value}))
    said(lambda: writer.save_epoch(1, {"loss": 0.5, "value": value}))
    data = document(writer)
    assert data["params"]["lr"] == 0.1
    assert isinstance(data["params"]["value"], str)
    assert data["logs"]["loss"] == [0.5]


@pytest.mark.parametrize("name", ["a\udc80", Path("a")])
def test_a_name_that_is_no_text_stops_no_training(tmp_path: Path, name: Any) -> None:
    with Writer(name, remote=False, base_log_dir=tmp_path) as made:
        made.create_run()
        made.save_epoch(1, {"loss": 0.5})
    assert document(made)["basename"] in ("a?", "a")


@pytest.mark.parametrize("epoch", [2**70, 1e300])
def test_an_epoch_too_large_for_json_stops_no_training(writer: Writer, epoch: Any) -> None:
    writer.create_run()
    said(lambda: writer.train_begin(epoch))
    (sentence,) = said(lambda: writer.save_epoch(epoch, {"loss": 0.5}))
    assert "is not an epoch; 0 is taken" in sentence


@pytest.mark.parametrize("logs", [[("loss", 0.5)], "loss", np.zeros(2)], ids=["list", "str", "array"])
def test_logs_that_are_no_mapping_stop_no_training(writer: Writer, logs: Any) -> None:
    writer.create_run()
    (sentence,) = said(lambda: writer.save_epoch(1, logs))
    assert "give a mapping" in sentence


@pytest.mark.parametrize(
    "error",
    [FileNotFoundError(2, "No such file", "a\udc80"), type("Odd", (Exception,), {"__str__": lambda s: 1 / 0})()],
)
def test_the_users_own_exception_comes_out_whatever_its_text(tmp_path: Path, error: Exception) -> None:
    def train() -> None:
        with made:
            made.create_run()
            raise error

    made = Writer("w", remote=False, base_log_dir=tmp_path)
    with pytest.raises(type(error)):
        train()
    assert document(made)["status"] == "error"


def test_an_exception_with_a_huge_text_reaches_the_backend(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    name = uuid.uuid4().hex
    writer = Writer(name, backend.url, base_log_dir=tmp_path)
    writer.create_run()
    writer.save_epoch(1, {"loss": 0.5})
    assert said(lambda: writer.end("error", "x" * 2_000_000)) == []
    (found,) = store.service("runs").items({"basename": name})
    assert found["status"] == "error"
    assert found["error"].endswith("... (2,000,000 characters)")


def test_a_checkpoints_metadata_and_epoch_may_be_numpys(writer: Writer, model: Any) -> None:
    writer.create_run(model)
    said(lambda: writer.save_checkpoint(np.int64(3), {"accuracy": np.float32(0.5), "a.b": 1}))  # type: ignore[arg-type]
    (checkpoint,) = document(writer)["checkpoints"]
    assert checkpoint["metadata"]["epoch"] == 3
    assert checkpoint["metadata"]["accuracy"] == 0.5
    assert checkpoint["metadata"]["a_b"] == 1


def test_metadata_that_are_not_a_mapping_are_kept_and_cost_no_checkpoint(writer: Writer, model: Any) -> None:
    writer.create_run(model)
    odd: list[Any] = [5, np.array([1, 2]), {Hostile(1): 1}]
    numbers = iter((1, 2, 3))
    texts = [said(lambda metadata=metadata: writer.save_checkpoint(next(numbers), metadata)) for metadata in odd]
    assert "metadata is not a mapping" in texts[0][0]
    assert texts[1] == []  # it was said
    assert texts[2]
    first, second, third = (checkpoint["metadata"] for checkpoint in document(writer)["checkpoints"])
    assert first["metadata"] == 5
    assert second["metadata"] == [1, 2]
    assert isinstance(third["metadata"], str)


def test_a_second_train_end_makes_no_run(writer: Writer) -> None:
    writer.create_run()
    writer.save_epoch(1, {"loss": 0.5})
    writer.train_end()
    (sentence,) = said(writer.train_end)
    assert "nothing was done" in sentence
    assert len(list(writer.base_log_dir.iterdir())) == 1


def test_a_model_that_tells_nothing_of_itself_is_trained_all_the_same(tmp_path: Path) -> None:
    class Silent:
        layers: tuple = ()
        name = "silent"
        trainable_weights = non_trainable_weights = ()

        def summary(self, print_fn: object) -> None:
            raise NotImplementedError("mine")

    with Writer("silent", remote=False, base_log_dir=tmp_path) as writer:
        with pytest.warns(MarcelleWarning, match="tells nothing about its model: .*mine"):
            writer.create_run(Silent())
        writer.save_epoch(1, {"loss": 1.0})
    assert writer.status.run == "success"


def test_a_checkpoint_of_a_state_with_any_name_is_one_file_of_the_folder() -> None:
    names = [checkpoint_name(word) for word in ("fold-1/best", "..\\up", "a\nb", "late")]
    assert names == [f"model_checkpoint_{word}" for word in ("fold-1_best", ".._up", "a_b", "late")]


OWN = (
    *("__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__", "constructor"),
    *("hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "prototype", "toLocaleString", "toString", "valueOf"),
)
ODD = (
    *("", " ", "0", "01", "-1", "1.5", "length", "then", "toJSON", "$set", "$$x", ".", "a.b", "_id"),
    *("\u00e9", "\U0001f680", "\n", "\0"),
)


def test_metrics_of_any_name_reach_the_backend_also_when_they_come_later(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    names = [*OWN, *ODD, "layer/" * 400 + "kernel", "layer/" * 400 + "bias"]
    with Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.save_epoch(1, {"loss": 1.0})
        assert writer.flush()
        said(lambda: writer.save_epoch(2, {"loss": 0.5, **{name: float(place) for place, name in enumerate(names)}}))
        assert writer.flush()
        said(lambda: writer.save_epoch(3, dict.fromkeys(names, 9.0)))
        said(lambda: writer.update_params(dict.fromkeys(names, 1) | {"lists": [[[[[[[[1]]]]]]]]}))
        said(lambda: writer.update_summary(dict.fromkeys(names, 2.0)))
    assert writer.status == ("success", True, None)

    run = store.service("runs").get(writer.run_id)
    logs = {name: values for name, values in run["logs"].items() if name != "loss"}
    assert sorted(values[1] for values in logs.values()) == [float(place) for place in range(len(names))]
    assert all((values[0], values[2]) == (None, 9.0) for values in logs.values())
    assert len(run["params"]) == len(names) + 1
    assert len(run["summary"]) == len(names)


def test_a_number_in_an_array_that_is_not_finite_is_told_as_what_it_is(tmp_path: Path) -> None:
    with Writer("nan", remote=False, base_log_dir=tmp_path) as writer:
        writer.create_run()
        (text,) = said(lambda: writer.save_epoch(1, {"loss": np.array([np.nan], "float32")}))
    assert "'loss' was nan, which is not a number" in text
