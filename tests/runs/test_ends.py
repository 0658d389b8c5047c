"""Ends that come while a verb is under way: from another thread, and from a signal's handler on the same one."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import Writer
from marcelle_rt.runs.folder import reading
from tests.helpers import eventually


@pytest.fixture
def often() -> Iterator[None]:
    """Threads take turns after some microseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def runs_in(base: Path) -> list[dict[str, Any]]:
    return [reading.read(folder)[0].document() for folder in sorted(base.iterdir())]


@pytest.mark.filterwarnings("ignore:save_epoch was called after")
def test_an_epoch_that_another_threads_end_comes_before_is_one_of_the_next_run(often: None, tmp_path: Path) -> None:
    for trial in range(10):
        check_a_race(tmp_path / str(trial))


def check_a_race(base: Path) -> None:
    writer = Writer("race", remote=False, base_log_dir=base)
    writer.create_run()
    saved = 0
    stop = threading.Event()

    def save() -> None:
        nonlocal saved
        while not stop.is_set():
            saved += 1
            writer.save_epoch(saved, {"loss": float(saved)})

    thread = threading.Thread(target=save)
    thread.start()
    eventually(lambda: saved > 10, interval=0.001)
    writer.end("stopped")
    now = saved
    eventually(lambda: saved > now + 2, interval=0.001)
    stop.set()
    thread.join()
    writer.train_end()

    first, second = runs_in(base)
    assert first["logs"]["loss"] + second["logs"]["loss"] == [float(epoch) for epoch in range(1, saved + 1)]
    assert (first["status"], first["outcome"], second["status"]) == ("success", "stopped", "success")
    on_disk = [json.loads(path.read_text()) for path in sorted(base.glob("*/run_data.json"))]
    assert [document["status"] for document in on_disk] == ["success", "success"]


@pytest.mark.parametrize("verb", ["save_epoch", "save_batch", "update_params", "alert"])
def test_an_end_from_a_signals_handler_comes_after_the_verb_that_it_interrupts(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Writer("preempted", remote=False, base_log_dir=tmp_path, finish_timeout=60)
    writer.create_run()
    writer.train_begin(3)
    writer.save_epoch(1, {"loss": 1.0})
    open_meanwhile: list[bool] = []

    def on_signal(number: int, frame: object) -> None:
        writer.end("stopped", "preempted")
        open_meanwhile.append(writer.is_open)

    real = os.write

    def interrupted(fd: int, data: bytes) -> int:
        if not open_meanwhile and b'"type":' in data:
            signal.raise_signal(signal.SIGUSR1)
        return real(fd, data)

    before = signal.signal(signal.SIGUSR1, on_signal)
    monkeypatch.setattr(os, "write", interrupted)
    try:
        if verb == "save_epoch":
            writer.save_epoch(2, {"loss": 0.5}, assets={"picture": tmp_path / "missing.png"})
        elif verb == "save_batch":
            writer.save_batch(1, {"loss": 0.7})
        elif verb == "update_params":
            writer.update_params({"lr": 0.1})
        else:
            writer.alert("Soon")
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert open_meanwhile == [False]
    assert not writer.is_open
    assert writer.status.complete
    (run,) = runs_in(tmp_path)
    assert (run["status"], run["outcome"], run["reason"]) == ("success", "stopped", "preempted")
    assert run["logs"] == {"loss": [1.0, 0.5] if verb == "save_epoch" else [1.0]}
    assert run["params"] == ({"lr": 0.1} if verb == "update_params" else {})
    assert writer.run_directory is not None
    lines = [json.loads(line) for line in (writer.run_directory / "journal.jsonl").read_text().splitlines()]
    assert [line["type"] for line in lines][-1] == "end"
    assert json.loads((writer.run_directory / "run_data.json").read_text()) == run


def test_the_first_of_several_ends_counts(tmp_path: Path) -> None:
    writer = Writer("twice", remote=False, base_log_dir=tmp_path)
    writer.create_run()
    writer.save_epoch(1, {"loss": 1.0})
    barrier = threading.Barrier(4)

    def end(number: int) -> None:
        barrier.wait()
        writer.end("error", f"reason {number}")

    threads = [threading.Thread(target=end, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert writer.run_directory is not None
    lines = [json.loads(line) for line in (writer.run_directory / "journal.jsonl").read_text().splitlines()]
    assert [line["type"] for line in lines] == ["create", "epoch", "end"]
