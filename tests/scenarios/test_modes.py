"""What MARCELLE_MODE and the other variables of a Writer do, in processes of their own."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, KerasCallback, Remote, Uploader, Writer, config
from marcelle_rt.backend import Backend
from marcelle_rt.errors import InvalidData
from marcelle_rt.notices import MarcelleWarning, no_bar
from tests.support.pictures import PNG

RANKS = (
    *("RANK", "WORLD_SIZE", "LOCAL_RANK", "NODE_RANK"),
    *("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"),
)

EVERYTHING = """
import sys
sys.addaudithook(lambda event, args: print(event) if event.startswith("socket.") else None)
from marcelle_rt import Writer
open("fig.png", "wb").write(bytes.fromhex(sys.argv[2]))
with Writer("all", sys.argv[1], **OPTIONS) as writer:
    writer.create_run(run_params={"lr": 0.1})
    writer.train_begin(2)
    for epoch in range(2):
        writer.save_batch(epoch, {"loss": 2.0})
        writer.save_epoch(epoch, {"loss": 1.0}, assets=["fig.png"])
    writer.flush()
"""


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rank and no mode but those that a test gives."""
    for name in (*RANKS, "SLURM_NTASKS", "MARCELLE_MODE", "MARCELLE_SILENT", "MARCELLE_LOG_DIR"):
        monkeypatch.delenv(name, raising=False)


def train(folder: Path, url: str, options: str = "{}", **env: str) -> subprocess.CompletedProcess[str]:
    program = EVERYTHING.replace("OPTIONS", options)
    return subprocess.run(
        [sys.executable, "-c", program, url, PNG.hex()],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).parts[0] for path in folder.rglob("*")} - {"fig.png"}


def test_disabled_writes_nothing_sends_nothing_and_every_method_returns(
    backend: Backend, store: DataStore, tmp_path: Path, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARCELLE_MODE", "disabled")
    runs = store.service("runs").count()
    before = set(threading.enumerate())
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", MarcelleWarning)
        with Writer("off", backend.url, base_log_dir=tmp_path / "logs") as writer:
            writer.create_run(model, {"lr": 0.1})
            writer.train_begin(2)
            writer.save_batch(0, {"loss": 2.0})
            writer.save_epoch(0, {"loss": 1.0}, save_checkpoint=True, assets=[tmp_path / "missing.png"])
            writer.save_checkpoint("best")
            writer.describe_model()
            assert writer.flush()
            writer.train_end({"loss": 1.0}, save_checkpoint=True)
            writer.end("success")
            writer.close()
        again = Writer.resume(tmp_path / "no-such-run")
        again.save_epoch(0, {"loss": 1.0})
    assert said == []
    assert (writer.run_directory, writer.is_open, writer.status.run, again.is_open) == (None, False, "", False)
    assert list(tmp_path.iterdir()) == []
    assert set(threading.enumerate()) <= before
    assert store.service("runs").count() == runs


def test_disabled_keras_trains_on(
    backend: Backend, tmp_path: Path, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    np = pytest.importorskip("numpy")
    monkeypatch.setenv("MARCELLE_MODE", "disabled")
    model.compile(optimizer="sgd", loss="mse")
    callback = KerasCallback("off", backend.url, model_checkpoint_freq=1, base_log_dir=tmp_path / "logs")
    history = model.fit(np.ones((8, 4)), np.ones((8, 3)), epochs=2, verbose=0, callbacks=[callback])
    assert len(history.history["loss"]) == 2
    assert list(tmp_path.iterdir()) == []


def test_offline_fills_the_folder_and_opens_no_socket(backend: Backend, tmp_path: Path, remote: Remote) -> None:
    """Python tells of each socket and each look-up of a name; `online` shows that it would."""
    told = {}
    for mode in ("offline", "online"):
        folder = tmp_path / mode
        folder.mkdir()
        done = train(folder, backend.url.replace("127.0.0.1", "localhost"), MARCELLE_MODE=mode)
        assert done.returncode == 0
        assert re.fullmatch(r"marcelle-rt: the run 'all' is recorded in .*\n", done.stderr)
        told[mode] = set(done.stdout.split())
    assert told["online"] >= {"socket.__new__", "socket.getaddrinfo", "socket.connect"}
    assert told["offline"] == set()
    (directory,) = (tmp_path / "offline" / "marcelle-logs").iterdir()
    assert json.loads((directory / "run_data.json").read_bytes())["status"] == "success"
    uploaded = Uploader(remote).upload(directory)
    assert (uploaded.epochs, uploaded.sent) == (2, 2)


def test_offline_wins_over_a_remote_of_the_caller(
    backend: Backend, unused_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARCELLE_MODE", "Offline")
    with Remote(unused_url) as nowhere, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", MarcelleWarning)
        writer = Writer("mine", remote=nowhere, base_log_dir=tmp_path)
        writer.create_run()
        writer.save_epoch(0, {"loss": 1.0})
        assert writer.flush()
        writer.train_end()
    assert (said, writer.status.problem) == ([], None)
    assert writer.run_directory is not None
    with Remote(backend.url) as remote:
        assert Uploader(remote).upload(writer.run_directory).epochs == 1  # asked for, so done


def test_a_word_that_is_no_mode_is_an_error_that_names_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARCELLE_MODE", "of-line")
    with pytest.raises(InvalidData, match=r"MARCELLE_MODE.*of-line.*'online', 'offline' or 'disabled'"):
        Writer("w")


@pytest.mark.parametrize(
    ("env", "rank"),
    [
        ({}, 0),
        ({"RANK": "0", "WORLD_SIZE": "4", "LOCAL_RANK": "0"}, 0),
        ({"RANK": "3", "WORLD_SIZE": "4"}, 3),
        ({"RANK": "2", "LOCAL_RANK": "0"}, 2),
        ({"RANK": "5"}, 0),  # anybody's variable
        ({"LOCAL_RANK": "1", "WORLD_SIZE": "2"}, 1),
        ({"LOCAL_RANK": "0", "NODE_RANK": "0", "WORLD_SIZE": "2"}, 0),
        ({"LOCAL_RANK": "0", "NODE_RANK": "2"}, 2),
        ({"OMPI_COMM_WORLD_RANK": "1"}, 1),
        ({"PMIX_RANK": "2"}, 2),
        ({"PMI_RANK": "7"}, 7),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "1"}, 0),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, 0),
        ({"SLURM_PROCID": "3", "SLURM_NTASKS": "8"}, 3),
        ({"SLURM_PROCID": "3", "SLURM_NTASKS": "1"}, 0),
        ({"SLURM_PROCID": "3"}, 0),
        ({"RANK": "0", "WORLD_SIZE": "2", "SLURM_PROCID": "1", "SLURM_NTASKS": "2"}, 0),
        ({"RANK": "first", "WORLD_SIZE": "2"}, 0),
    ],
)
def test_the_first_process_of_a_distributed_training_is_online_and_the_others_disabled(
    env: dict[str, str], rank: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert config.rank() == rank
    assert config.mode() == ("disabled" if rank else "online")
    for mode in ("online", "offline"):
        monkeypatch.setenv("MARCELLE_MODE", mode)
        assert config.mode() == mode


def test_of_four_ranks_one_writes_unless_told_otherwise(
    backend: Backend, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for mode, folders in (("", 1), ("offline", 4)):
        folder = tmp_path / (mode or "none")
        folder.mkdir()
        for rank in range(4):
            done = train(folder, backend.url, RANK=str(rank), WORLD_SIZE="4", MARCELLE_MODE=mode)
            writes = rank == 0 or folders == 4
            assert (done.returncode, done.stderr.count("marcelle-rt: the run"), done.stderr.count("\n")) == (
                0,
                *2 * [writes],
            )
        assert len(list((folder / "marcelle-logs").iterdir())) == folders
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    with caplog.at_level(logging.INFO, "marcelle_rt"):
        Writer("quiet")
    assert "process 2" in caplog.text


@pytest.mark.parametrize(("value", "quiet"), [("1", True), ("yes", True), ("0", False), ("False", False), ("", False)])
def test_silence_shows_no_warning_and_no_bar_and_keeps_the_log(
    value: str, quiet: bool, writer: Writer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MARCELLE_SILENT", value)
    writer.create_run()
    with warnings.catch_warnings(record=True) as said, caplog.at_level(logging.INFO, "marcelle_rt"):
        warnings.simplefilter("always", MarcelleWarning)
        writer.save_epoch(0, {"loss": "much"})
    assert [w.category for w in said] == ([] if quiet else [MarcelleWarning])
    assert "null is stored" in caplog.text
    assert no_bar() is (True if quiet else None)


def test_runs_go_to_the_folder_of_the_environment_where_none_is_given(
    tmp_path: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = train(tmp_path, backend.url, MARCELLE_MODE="offline", MARCELLE_LOG_DIR=str(tmp_path / "elsewhere"))
    assert (done.returncode, names(tmp_path)) == (0, {"elsewhere"})
    train(tmp_path, backend.url, "{'base_log_dir': 'mine'}", MARCELLE_MODE="offline", MARCELLE_LOG_DIR="elsewhere")
    assert names(tmp_path) == {"elsewhere", "mine"}
