"""What batches log arrives in few chunks, however fast they come, and costs the training next to nothing."""

from __future__ import annotations

import json
import statistics
import time
import uuid
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.notices import MarcelleWarning, Notices
from marcelle_rt.runs.training.batches import MOST_POINTS, PAUSE, Batches
from marcelle_rt.values import dumps
from tests.support.clock import Clock


def chunks_of(rate: int, seconds: int, metrics: int = 2) -> list[dict[str, Any]]:
    """The chunks that come of so many batches a second."""
    clock = Clock(0.0)
    batches = Batches(Notices(), {}, clock=clock)
    logs = {f"m{n}": 0.1 + n for n in range(metrics)}
    chunks = []
    for step in range(rate * seconds):
        clock.now = step / rate
        batches.add(step, logs)
        if batches.is_due:
            chunks.append(batches.take())
    chunks.append(batches.take())
    return [chunk for chunk in chunks if chunk is not None]


def journaled(writer: Writer) -> list[dict[str, Any]]:
    assert writer.run_directory is not None
    lines = (writer.run_directory / "journal.jsonl").read_bytes().splitlines()
    return [event for line in lines if (event := json.loads(line))["type"] == "document"]


@pytest.mark.parametrize("rate", [1, 7, 199, 10_000])
def test_there_are_two_chunks_a_second_at_most_and_a_hundred_points_in_each(rate: int) -> None:
    chunks = chunks_of(rate, seconds=5)
    assert len(chunks) <= 5 / PAUSE + 2
    for chunk in chunks:
        assert len(chunk["steps"]) <= MOST_POINTS
        assert {len(chunk["times"]), *map(len, chunk["logs"].values())} == {len(chunk["steps"])}


def test_slow_batches_are_all_there_and_the_first_comes_at_once() -> None:
    chunks = chunks_of(rate=20, seconds=5)
    assert chunks[0]["steps"] == [0]
    assert [step for chunk in chunks for step in chunk["steps"]] == list(range(100))


def test_of_more_than_a_chunk_holds_evenly_spaced_batches_stay() -> None:
    for chunk in chunks_of(rate=3000, seconds=2)[1:-1]:
        gaps = {b - a for a, b in zip(chunk["steps"], chunk["steps"][1:], strict=False)}
        assert gaps == {16}
        assert len(chunk["steps"]) > MOST_POINTS / 2 - 10


@pytest.mark.parametrize("metrics", [30, 300, 2000])
def test_a_chunk_of_many_metrics_stays_under_the_limits_of_messages(metrics: int) -> None:
    for chunk in chunks_of(rate=1000, seconds=2, metrics=metrics):
        assert len(dumps(chunk)) < 90_000


def test_a_metric_that_comes_late_or_not_each_time_has_nulls() -> None:
    batches = Batches(Notices(), {"val_loss": "lossVal"}, clock=Clock(0.0))
    batches.add(0, {"loss": 1.0})
    batches.add(1, {"loss": 0.5, "val_loss": 2.0})
    batches.add(2, {"val_loss": 3.0})
    chunk = batches.take()
    assert chunk is not None
    assert chunk["logs"] == {"loss": [1.0, 0.5, None], "lossVal": [None, 2.0, 3.0]}
    assert batches.take() is None


def test_values_and_names_are_seen_to_as_those_of_epochs(writer: Writer) -> None:
    writer.create_run()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", MarcelleWarning)
        writer.save_batch(np.int64(3), {"loss": np.float32(0.5), "a.b": float("nan"), "text": "x"})
        writer.save_batch("four", {"loss": float("inf")})
        writer.save_batch(2**60, [1, 2])  # type: ignore[arg-type]
    writer.flush()
    steps = [step for event in journaled(writer) for step in event["document"]["steps"]]
    assert steps == [3, 4, 5]
    first, second = journaled(writer)
    assert first["document"]["logs"] == {"loss": [0.5], "a_b": [None], "text": [None]}
    assert second["document"]["logs"] == {"loss": [None, None]}
    assert sum("save_batch" in str(w.message) for w in said) == 4


def test_what_was_collected_is_kept_at_an_epochs_end_at_flush_and_at_the_runs_end(writer: Writer) -> None:
    writer.create_run()
    writer.train_begin(2)
    kept = []
    for step, keep in enumerate([lambda: None, writer.flush, writer.train_end]):
        writer.save_batch(step, {"loss": 1.0})
        keep()
        kept.append([s for event in journaled(writer) for s in event["document"]["steps"]])
    assert kept == [[0], [0, 1], [0, 1, 2]]
    assert writer.run_directory is not None
    last = (writer.run_directory / "journal.jsonl").read_bytes().splitlines()[-1]
    assert json.loads(last)["type"] == "end"


def test_an_epochs_end_keeps_batches_whose_time_has_come(writer: Writer) -> None:
    writer.create_run()
    writer.save_batch(0, {"loss": 1.0})
    writer.save_batch(1, {"loss": 1.0})
    assert len(journaled(writer)) == 1
    assert writer._current.run is not None
    writer._current.run.batches._due = 0.0
    writer.save_epoch(0, {"loss": 1.0})
    assert [event["document"]["steps"] for event in journaled(writer)] == [[0], [1]]


def test_ten_thousand_batches_arrive_thinned_and_in_order(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    writer.create_run()
    writer.train_begin(1)
    costs = []
    for step in range(10_000):
        start = time.perf_counter()
        writer.save_batch(step, {"loss": 1 / (step + 1), "accuracy": step / 1e4})
        costs.append(time.perf_counter() - start)
    writer.save_epoch(0, {"loss": 1.0})
    writer.train_end()
    (run,) = store.service("runs").items({"basename": writer.name})
    chunks = sorted(store.service("run-batches").items({"runId": run["_id"]}), key=lambda chunk: chunk["steps"][0])
    steps = [step for chunk in chunks for step in chunk["steps"]]
    assert steps == sorted(set(steps))
    assert 0 < len(steps) <= MOST_POINTS * len(chunks)
    for chunk in chunks:
        assert chunk["logs"]["loss"] == [1 / (step + 1) for step in chunk["steps"]]
        assert all(abs(at - time.time()) < 600 for at in chunk["times"])
    assert statistics.median(costs) < 1e-4
