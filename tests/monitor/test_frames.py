"""Runs as pandas DataFrames."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import FeathersError, InvalidData, RunFolderError
from marcelle_rt.monitor import history_frame, runs_frame


def fresh() -> str:
    return uuid.uuid4().hex[:12]


def test_runs_are_a_row_each_with_parameters_and_last_and_best_metrics(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    basename = fresh()
    for rate, losses in ((0.1, [3.0, 1.0, 2.0]), (0.2, [4.0, 5.0])):
        with Writer(basename, backend.url, base_log_dir=str(tmp_path)) as writer:
            writer.create_run(run_params={"rate": rate, "data": {"size": 7}})
            writer.train_begin(3)
            for epoch, loss in enumerate(losses, 1):
                writer.save_epoch(epoch, {"loss": loss, "val_accuracy": loss / 10, "name": 9.0, "f1": None})
    frame = runs_frame(store, {"basename": basename})
    assert frame.index.name == "_id"
    assert set(frame.index) == {run["_id"] for run in store.service("runs").items({"basename": basename})}
    assert frame["name"].tolist() == [f"{basename}-1", f"{basename}-2"]
    assert frame["status"].tolist() == ["success", "success"]
    assert frame["epoch"].tolist() == [3, 2]
    assert frame["params.rate"].tolist() == [0.1, 0.2]
    assert frame["params.data.size"].tolist() == [7, 7]
    assert frame["loss"].tolist() == [2.0, 5.0]
    assert frame["loss.best"].tolist() == [1.0, 4.0]
    assert frame["val_accuracy"].tolist() == pytest.approx([0.2, 0.5])
    assert frame["val_accuracy.best"].tolist() == pytest.approx([0.3, 0.5])
    assert frame["logs.name"].tolist() == frame["logs.name.best"].tolist() == [9.0, 9.0]
    assert frame[["f1", "f1.best"]].isna().all().all()
    assert frame["checkpoints"].tolist() == [0, 0]
    assert str(frame["start"].dt.tz) == "UTC"
    assert (frame["duration"] >= pd.Timedelta(0)).all()  # such a run may take less than a millisecond
    assert frame["start"].is_monotonic_increasing


def test_a_backend_without_runs_gives_a_table_without_rows(store: DataStore) -> None:
    frame = runs_frame(store, {"basename": fresh()})
    assert len(frame) == 0
    assert {"name", "status", "start", "duration", "epoch"} <= set(frame.columns)
    assert str(frame["start"].dt.tz) == "UTC"
    assert store.service(fresh()).to_pandas().empty


ODD: list[dict[str, Any]] = [
    {},
    {"name": "a", "start": 1700000000000, "status": ["x"], "epoch": "9", "epochs": 2.5, "params": 3, "logs": 5},
    {"name": 7, "start": "yesterday", "logs": {"loss": "low", "acc": [None, None]}, "checkpoints": {"a": 1}},
    {"start": "2026-11-24T09:30:00.000Z", "logs": {"loss": [1, "2", [3], None, True]}, "params": {"p": [1, 2]}},
]


def test_runs_of_other_programs_leave_gaps(store: DataStore) -> None:
    group = fresh()
    for odd in ODD:
        store.service("runs").create({**odd, "group": group})
    frame = runs_frame(store, {"group": group})
    assert len(frame) == len(ODD)
    assert frame["loss"].dropna().tolist() == [1.0]
    assert frame["acc"].isna().all()
    assert frame["start"].notna().sum() == 1
    assert frame["duration"].isna().all()
    assert frame["params.p"].dropna().tolist() == [[1, 2]]


def test_what_the_server_refuses_raises(store: DataStore) -> None:
    with pytest.raises(FeathersError):
        runs_frame(store, {"name": {"$in": "x"}})


def test_the_history_of_a_document_counts_back_from_its_last_epoch() -> None:
    frame = history_frame({"epoch": 12, "logs": {"loss": [3, None, 1.5], "acc": [0.5, "x"], "odd": None}})
    assert frame.index.tolist() == [10, 11, 12]
    assert frame.index.name == "epoch"
    assert set(frame.dtypes.map(str)) == {"float64"}
    assert frame["loss"].tolist()[::2] == [3.0, 1.5]
    assert frame["acc"].isna().tolist() == [False, True, True]
    assert frame["odd"].isna().all()
    assert history_frame({"logs": {"loss": [1, 2]}}).index.tolist() == [1, 2]
    assert history_frame({"epoch": 1, "logs": {"loss": [1, 2]}}).index.tolist() == [0, 1]


@pytest.mark.parametrize("document", [{}, {"logs": {}}, {"logs": None, "epoch": 4}], ids=str)
def test_a_run_without_logs_has_a_history_without_rows(document: dict[str, Any]) -> None:
    assert history_frame(document).shape == (0, 0)


def test_the_history_of_a_folder_has_the_numbers_that_the_epochs_were_saved_with(tmp_path: Path) -> None:
    writer = Writer("gaps", remote=False, base_log_dir=str(tmp_path))
    writer.create_run()
    writer.train_begin(30)
    for epoch in (10, 20, 30):
        writer.save_epoch(epoch, {"loss": epoch / 10})
    assert writer.run_directory is not None
    frame = history_frame(writer.run_directory)
    writer.close()
    assert frame.index.tolist() == [10, 20, 30]
    assert frame["loss"].tolist() == [1.0, 2.0, 3.0]
    assert history_frame(str(writer.run_directory)).equals(frame)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError):
        history_frame(tmp_path / "missing")
    with pytest.raises(InvalidData, match="run: 7"):
        history_frame(7)  # type: ignore[arg-type]


def test_without_pandas_the_extra_is_named(store: DataStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    for call in (lambda: runs_frame(store), lambda: history_frame({}), store.service("runs").to_pandas):
        with pytest.raises(ImportError, match=r"marcelle-rt\[pandas\]"):
            call()
