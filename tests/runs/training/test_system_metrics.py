"""Measurements of the machine beside a run: the first soon, one each interval, none after the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import types
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.training import system_metrics as system
from marcelle_rt.runs.training.system_metrics import Gpus, Meter, Sampler
from tests.helpers import eventually

pytest.importorskip("psutil")


def documents(writer: Writer) -> list[dict[str, Any]]:
    assert writer.run_directory is not None
    lines = (writer.run_directory / "journal.jsonl").read_bytes().splitlines()
    events = [event for line in lines if (event := json.loads(line))["type"] == "document"]
    return [event["document"] for event in events if event["service"] == "run-system"]


def samplers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "marcelle-system"]


@pytest.fixture
def sampling(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sampler]:
    """Puts a sampler of a test's own in the place of the process'."""

    def put(meter: Callable[[], Callable[[], dict[str, Any]]] = Meter, **options: Any) -> Sampler:
        made = Sampler(meter, **options)
        monkeypatch.setattr(system, "_sampler", made)
        return made

    return put


def counter() -> Callable[[], dict[str, Any]]:
    numbers = iter(range(10**6))
    return lambda: {"n": next(numbers)}


def run(folder: Path, **options: Any) -> Writer:
    writer = Writer(uuid.uuid4().hex, base_log_dir=folder, system_metrics=True, **{"remote": False, **options})
    writer.create_run()
    return writer


def test_a_run_tells_of_its_machine_soon_after_it_began(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    writer = run(tmp_path, remote=None, backend_root=backend.url)
    (document,) = eventually(lambda: documents(writer))
    writer.save_epoch(0, {"loss": 1.0})
    writer.train_end()
    (stored,) = store.service("run-system").items({"runId": document["runId"]})
    assert {key: stored[key] for key in document} == document
    assert set(document) == {
        "_id",
        "runId",
        "time",
        "cpu",
        "memory",
        "process_cpu",
        "process_memory",
        "gpus",
    }
    assert 0 <= document["cpu"] <= 100
    assert 0 < document["memory"] <= 100
    assert 0 <= document["process_cpu"] <= 100 * (os.cpu_count() or 1) * 2
    assert document["process_memory"] > 1e6
    assert document["gpus"] == []


def test_without_being_asked_nothing_is_measured(writer: Writer) -> None:
    writer.create_run()
    writer.save_epoch(0, {"loss": 1.0})
    assert samplers() == []


def test_there_is_one_measurement_each_interval(sampling: Callable[..., Sampler], tmp_path: Path) -> None:
    now = [0.0]
    sampler = sampling(counter, interval=10.0, first=0.0, clock=lambda: now[0])
    writer = run(tmp_path)
    eventually(lambda: len(documents(writer)) == 1)
    for second in range(1, 26):
        now[0] = float(second)
        sampler._wake.set()
        expected = 1 + second // 10
        eventually(lambda expected=expected: len(documents(writer)) == expected)  # type: ignore[misc]
    writer.train_end()
    assert [document["n"] for document in documents(writer)] == [0, 1, 2]


def test_runs_share_one_thread_which_ends_with_the_last(sampling: Callable[..., Sampler], tmp_path: Path) -> None:
    sampling(counter, interval=0.01, first=0.0)
    writers = [run(tmp_path) for _ in range(3)]
    for writer in writers:
        eventually(lambda writer=writer: documents(writer))  # type: ignore[misc]
    assert len(samplers()) == 1
    for writer in writers:
        writer.train_end()
    eventually(lambda: samplers() == [])
    again = run(tmp_path)
    eventually(lambda: documents(again))
    again.close()
    eventually(lambda: samplers() == [])


def test_nothing_is_measured_after_a_run_has_ended(sampling: Callable[..., Sampler], tmp_path: Path) -> None:
    sampling(counter, interval=0.0005, first=0.0)
    other = run(tmp_path)
    for _ in range(20):
        writer = run(tmp_path)
        eventually(lambda writer=writer: documents(writer), interval=0.001)  # type: ignore[misc]
        writer.train_end()
        assert writer.run_directory is not None
        journal = (writer.run_directory / "journal.jsonl").read_bytes()
        assert json.loads(journal.splitlines()[-1])["type"] == "end"
        seen = len(documents(other))
        eventually(lambda seen=seen: len(documents(other)) > seen)  # type: ignore[misc]
        assert (writer.run_directory / "journal.jsonl").read_bytes() == journal
    other.train_end()


def test_a_meter_that_fails_stops_neither_the_training_nor_the_next_measurement(
    sampling: Callable[..., Sampler], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    numbers = iter(range(10**6))

    def moody() -> dict[str, Any]:
        n = next(numbers)
        if n % 2 == 0:
            raise OSError("the sensor is asleep")
        return {"n": n}

    sampling(lambda: moody, interval=0.005, first=0.0)
    writer = run(tmp_path)
    eventually(lambda: len(documents(writer)) >= 2)
    writer.train_end()
    assert {document["n"] % 2 for document in documents(writer)} == {1}
    assert "the sensor is asleep" in caplog.text


def test_a_forked_child_measures_nothing_of_its_parents(tmp_path: Path) -> None:
    program = """
import os, sys, threading
from marcelle_rt import Writer
from marcelle_rt.runs.training import system_metrics as system
system._sampler = system.Sampler(interval=0.01, first=0.0)
writer = Writer("fork", remote=False, base_log_dir=sys.argv[1], system_metrics=True)
writer.create_run()
pid = os.fork()
if pid == 0:
    child = Writer("child", remote=False, base_log_dir=sys.argv[2], system_metrics=True)
    child.create_run()
    names = [t.name for t in threading.enumerate()].count("marcelle-system")
    child.train_end()
    os._exit(0 if names == 1 else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "a"), str(tmp_path / "b")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr.count("\n")) == (0, 2)  # a line a run


def test_without_psutil_a_warning_tells_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = system.importlib.util.find_spec
    monkeypatch.setattr(system.importlib.util, "find_spec", lambda name: None if name == "psutil" else real(name))
    with pytest.warns(MarcelleWarning, match=r"pip install 'marcelle-rt\[system\]'"):
        writer = run(tmp_path)
    writer.save_epoch(0, {"loss": 1.0})
    writer.train_end()
    assert samplers() == []


def nvml(*, broken: bool = False) -> types.ModuleType:
    """What nvidia-ml-py offers, of a machine with a GPU of 8 GB and a shared one that tells only its name."""
    module: Any = types.ModuleType("pynvml")

    class NVMLError(Exception):
        pass

    def only_the_first(value: Any) -> Callable[[int], Any]:
        def ask(handle: int) -> Any:
            if handle:
                raise NVMLError("Not Supported")
            return value

        return ask

    def init() -> None:
        if broken:
            raise NVMLError("Driver Not Loaded")

    module.NVMLError = NVMLError
    module.nvmlInit = init
    module.nvmlDeviceGetCount = lambda: 2
    module.nvmlDeviceGetHandleByIndex = lambda n: n
    module.nvmlDeviceGetName = lambda n: f"GPU {n}".encode() if n else f"GPU {n}"
    module.nvmlDeviceGetUtilizationRates = only_the_first(types.SimpleNamespace(gpu=37, memory=5))
    module.nvmlDeviceGetMemoryInfo = only_the_first(types.SimpleNamespace(used=2**31, total=2**33))
    return module


def test_gpus_tell_what_they_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", nvml())
    assert Gpus()() == [
        {"name": "GPU 0", "utilization": 37.0, "memory": 25.0},
        {"name": "GPU 1", "utilization": None, "memory": None},
    ]


def test_a_machine_without_a_driver_has_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", nvml(broken=True))
    assert Gpus()() == []
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert Gpus()() == []
