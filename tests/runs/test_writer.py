"""Writer: what people get wrong must not stop a training, and is said once."""

from __future__ import annotations

import datetime
import json
import os
import resource
import time
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import InvalidData, RunFolderError, UnsupportedFormat
from marcelle_rt.notices import MarcelleWarning
from tests.helpers import eventually, free_port
from tests.support.writers import document, said

EAST = datetime.timezone(datetime.timedelta(hours=1))


def test_disk_alone_needs_no_backend(writer: Writer) -> None:
    writer.create_run(run_params={"lr": np.float32(0.5), "layers": (1, 2)})
    writer.train_begin(2)
    writer.save_epoch(1, {"loss": 0.5})
    writer.save_epoch(2, {"loss": np.float32(0.25), "acc": 1})
    writer.train_end()
    data = document(writer)
    assert data["params"] == {"lr": 0.5, "layers": [1, 2]}
    assert data["logs"] == {"loss": [0.5, 0.25], "acc": [None, 1]}
    assert (data["status"], data["epoch"], data["epochs"], data["basename"]) == ("success", 2, 2, "w")
    assert data["start"].endswith("Z")


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (np.array([1.0, 2.0]), None),
        ("high", None),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        (object(), None),
        ({"a": 1}, None),
        (10**400, None),
    ],
    ids=["array", "string", "None", "NaN", "infinity", "object", "dict", "huge integer"],
)
def test_a_log_value_that_is_no_number_is_null_and_said_once(writer: Writer, value: Any, stored: Any) -> None:
    writer.create_run()
    writer.train_begin(2)
    text = said(lambda: (writer.save_epoch(1, {"loss": value, "acc": 0.5}), writer.save_epoch(2, {"loss": value})))
    assert len(text) == 1
    assert "'loss'" in text[0]
    assert document(writer)["logs"] == {"loss": [stored, stored], "acc": [0.5, None]}


@pytest.mark.parametrize("value", [np.float32(0.5), np.array([[0.5]]), np.array(0.5), [0.5]])
def test_a_one_element_array_is_a_number(writer: Writer, value: Any) -> None:
    writer.create_run()
    writer.train_begin(1)
    assert said(lambda: writer.save_epoch(1, {"loss": value})) == []
    assert document(writer)["logs"] == {"loss": [0.5]}


def test_a_tensor_of_tensorflow_is_a_number(writer: Writer) -> None:
    tf = pytest.importorskip("tensorflow")
    writer.create_run()
    writer.train_begin(1)
    assert said(lambda: writer.save_epoch(1, {"loss": tf.constant(0.5), "acc": tf.Variable([0.25])})) == []
    assert document(writer)["logs"] == {"loss": [0.5], "acc": [0.25]}


def test_keys_that_no_database_takes_are_made_right_and_said_once(writer: Writer) -> None:
    def log() -> None:
        writer.create_run(run_params={"opt.lr": 1, "opt_lr": 2})
        writer.train_begin(2)
        for epoch in (1, 2):
            writer.save_epoch(epoch, {"val.loss": 1.0, "$acc": 0.5, "val_loss": 2.0, "train/loss": 3.0})

    text = said(log)
    assert len(text) == 3
    data = document(writer)
    assert data["params"] == {"opt_lr_2": 1, "opt_lr": 2}
    assert data["logs"] == {
        "val_loss": [2.0, 2.0],
        "_acc": [0.5, 0.5],
        "val_loss_2": [1.0, 1.0],
        "train/loss": [3.0, 3.0],
    }


def test_metrics_get_a_dashboards_names(tmp_path: Path) -> None:
    with Writer("w", remote=False, base_log_dir=tmp_path, rename={"val_loss": "lossVal"}) as writer:
        writer.create_run()
        writer.save_epoch(1, {"val_loss": 1.0, "loss": 2.0})
    assert document(writer)["logs"] == {"lossVal": [1.0], "loss": [2.0]}


def test_epochs_out_of_order_or_repeated_are_kept_and_said_once_each(writer: Writer) -> None:
    def log() -> None:
        writer.create_run()
        writer.train_begin(4)
        for epoch, logs in [(5, {"a": 1.0}), (3, {"a": 2.0}), (5, {"b": 3.0}), (3, {"a": 4.0}), (2, {"a": 5.0})]:
            writer.save_epoch(epoch, logs)

    assert len(said(log)) == 2
    assert document(writer)["logs"] == {"a": [1.0, 4.0, 5.0], "b": [3.0, None, None]}


def test_save_epoch_before_create_run_creates_one_and_says_so(writer: Writer) -> None:
    assert len(said(lambda: (writer.save_epoch(1, {"loss": 1.0}), writer.save_epoch(2, {"loss": 0.5})))) == 1
    assert document(writer)["logs"] == {"loss": [1.0, 0.5]}


@pytest.mark.parametrize("epoch", ["three", None, float("nan")])
def test_an_epoch_that_is_no_number_gets_the_next_one(writer: Writer, epoch: Any) -> None:
    writer.create_run()
    writer.save_epoch(7, {"loss": 1.0})
    assert len(said(lambda: writer.save_epoch(epoch, {"loss": 0.5}))) == 1
    data = document(writer)
    assert (data["epoch"], data["logs"]["loss"]) == (8, [1.0, 0.5])


def test_numbers_of_numpy_are_epochs(writer: Writer) -> None:
    writer.create_run()
    assert said(lambda: (writer.train_begin(np.int64(3)), writer.save_epoch(np.int64(1), {"a": 1}))) == []
    assert (document(writer)["epoch"], document(writer)["epochs"]) == (1, 3)


def test_a_log_folder_that_cannot_be_made_does_not_stop_the_training(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    (tmp_path / "logs").write_text("a file stands where the folder should be")
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path / "logs")

    def train() -> None:
        writer.create_run()
        writer.train_begin(2)
        writer.save_epoch(1, {"loss": 1.0})
        writer.save_epoch(2, {"loss": 0.5})
        writer.train_end()

    text = said(train)
    assert len(text) == 1
    assert str(tmp_path / "logs") in text[0]
    (run,) = store.service("runs").items({"basename": writer.name})
    assert (run["status"], run["logs"]) == ("success", {"loss": [1.0, 0.5]})


def test_a_disk_that_fills_up_does_not_stop_the_training(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    writer.create_run()
    writer.train_begin(20)
    assert writer.flush()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard))  # the kernel's limit stands for a full disk
    try:
        text = said(lambda: [writer.save_epoch(n, {"loss": n / 7}) for n in range(20)] and writer.flush())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    writer.train_end()
    assert len(text) == 1
    (run,) = store.service("runs").items({"basename": writer.name})
    assert run["logs"]["loss"] == [n / 7 for n in range(20)]
    assert document(writer)["logs"]["loss"] == [n / 7 for n in range(20)]


def test_a_backend_that_is_away_is_said_once_and_gets_everything_when_it_is_back(
    own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    writer = Writer("late", url, base_log_dir=tmp_path / "logs", finish_timeout=0.3)

    def train() -> None:
        writer.create_run()
        writer.train_begin(3)
        for n in range(1, 4):
            writer.save_epoch(n, {"loss": n / 7})
        eventually(lambda: writer.status.problem)

    (text,) = said(train)
    assert url in text
    assert str(writer.run_directory) in text
    own_backend(port=port)
    assert writer.flush(timeout=30)
    writer.finish_timeout = 10
    writer.train_end()
    with DataStore(url) as store:
        (run,) = store.service("runs").items()
    assert (run["status"], run["logs"]) == ("success", {"loss": [1 / 7, 2 / 7, 3 / 7]})


def test_train_end_says_where_the_rest_is_kept_and_how_to_send_it(unused_url: str, tmp_path: Path) -> None:
    writer = Writer("w", unused_url, base_log_dir=tmp_path, finish_timeout=0.2)
    writer.create_run()
    writer.train_begin(1)
    writer.save_epoch(1, {"loss": 1.0})
    text = said(writer.train_end)
    assert f"marcelle-rt upload {writer.run_directory}" in text[-1]


def test_a_run_goes_on_through_a_restart_of_the_backend(own_backend: Callable[..., Backend], tmp_path: Path) -> None:
    backend = own_backend(data=tmp_path / "data")
    port = int(backend.url.rsplit(":", 1)[1])
    writer = Writer("w", backend.url, base_log_dir=tmp_path / "logs")
    writer.create_run()
    writer.train_begin(6)
    writer.save_epoch(1, {"loss": 1.0})
    assert writer.flush()
    backend.stop()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarcelleWarning)
        writer.save_epoch(2, {"loss": 2.0})
        backend = own_backend(data=tmp_path / "data", port=port)
        writer.save_epoch(3, {"loss": 3.0, "late": 1.0})
        assert writer.flush(timeout=30)
        writer.train_end()
    with DataStore(backend.url) as store:
        (run,) = store.service("runs").items()
    assert run["logs"] == {"loss": [1.0, 2.0, 3.0], "late": [None, None, 1.0]}


def test_many_runs_at_once_share_one_thread_and_all_arrive(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    import threading

    name = uuid.uuid4().hex
    threads = len([t for t in threading.enumerate() if t.name == "marcelle-publisher"])
    writers = [Writer(name, backend.url, base_log_dir=tmp_path) for _ in range(20)]
    for writer in writers:
        writer.create_run()
        writer.train_begin(5)
    for n in range(1, 6):
        for writer in writers:
            writer.save_epoch(n, {"loss": n / 7})
    assert len([t for t in threading.enumerate() if t.name == "marcelle-publisher"]) <= threads + 1
    for writer in writers:
        writer.train_end()
    runs = list(store.service("runs").items({"basename": name}))
    assert {run["name"] for run in runs} == {f"{name}-{n}" for n in range(1, 21)}
    assert all(run["logs"] == {"loss": [1 / 7, 2 / 7, 3 / 7, 4 / 7, 5 / 7]} for run in runs)


def test_a_page_sees_each_run_of_a_fast_program_start_before_its_first_epoch(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    seen: dict[str, list[str]] = {}
    for change in ("created", "patched"):
        store.service("runs").on(change, lambda run: seen.setdefault(run["basename"], []).append(run["status"]))
    for epochs in (2, 1, 2):
        writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
        writer.create_run()
        writer.train_begin(2)
        for epoch in range(1, epochs + 1):
            writer.save_epoch(epoch, {"loss": 1.0})
        if epochs < 2:
            assert writer.flush()
            writer.save_epoch(2, {"loss": 0.5})
        writer.train_end()
        statuses = eventually(lambda: "success" in seen.get(writer.name, []) and seen[writer.name])  # noqa: B023
        assert next(status for status in statuses if status != "idle") == "start"
        assert statuses.count("start") == 1


def test_two_processes_that_start_together_get_different_names(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    import subprocess
    import sys

    name = uuid.uuid4().hex
    program = (
        "import sys; from marcelle_rt import Writer\n"
        "for _ in range(5):\n"
        "    w = Writer(sys.argv[2], sys.argv[1], base_log_dir=sys.argv[3]); w.create_run(); w.train_end()\n"
    )
    command = [sys.executable, "-c", program, backend.url, name, str(tmp_path)]
    children = [subprocess.Popen(command) for _ in range(2)]
    assert [child.wait(60) for child in children] == [0, 0]
    names = [run["name"] for run in store.service("runs").items({"basename": name})]
    assert len(names) == len(set(names)) == 10


def test_a_remote_of_yours_is_used_and_stays_open(backend: Backend, tmp_path: Path) -> None:
    with Remote(backend.url) as remote:
        with Writer(uuid.uuid4().hex, base_log_dir=tmp_path, remote=remote) as writer:
            writer.create_run()
        assert len(list(remote.store.service("runs").items({"basename": writer.name}))) == 1


def test_a_resumed_run_drops_what_the_training_repeats(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    writer.create_run(run_params={"lr": 1})
    writer.train_begin(10)
    for n in range(1, 8):
        writer.save_epoch(n, {"loss": n / 7})
    writer.end("error", "killed")
    assert writer.run_directory is not None
    again = Writer.resume(writer.run_directory, backend_root=backend.url)
    again.train_begin(8)
    assert again.flush()  # the backend has the run as it was when it is cut
    for n in range(6, 9):
        again.save_epoch(n, {"loss": -n / 7})
    again.train_end()
    (run,) = store.service("runs").items({"basename": writer.name})
    assert run["logs"]["loss"] == [1 / 7, 2 / 7, 3 / 7, 4 / 7, 5 / 7, -6 / 7, -1.0, -8 / 7]
    assert (run["status"], run["params"], document(again)["logs"]) == ("success", {"lr": 1}, run["logs"])


def test_a_run_that_is_open_cannot_be_resumed(writer: Writer) -> None:
    writer.create_run()
    with pytest.raises(RunFolderError, match="being written"):
        Writer.resume(writer.run_directory, remote=False)  # type: ignore[arg-type]


def test_wrong_arguments_are_said_before_the_training(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat, match=r"pickle.*h5.*saved_model.*keras"):
        Writer("w", disk_save_format="pickle")
    with pytest.raises(UnsupportedFormat, match=r"pmml.*tfjs.*onnx"):
        Writer("w", remote_save_format="pmml")
    with pytest.raises(InvalidData, match="http://localhost:3030"):
        Writer("w", "localhost:3030")


def test_warnings_turned_into_errors_do_not_stop_the_training(writer: Writer) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        writer.create_run()
        writer.save_epoch(1, {"loss": "high"})
    assert document(writer)["logs"] == {"loss": [None]}


def test_the_base_folder_holds_run_folders_and_nothing_else(writer: Writer) -> None:
    for _ in range(3):
        writer.create_run()
        writer.train_end()
    names = sorted(os.listdir(writer.base_log_dir))
    assert len(names) == 3
    assert all((writer.base_log_dir / name / "journal.jsonl").exists() for name in names)
    assert ":" not in "".join(names)


def test_a_backend_that_refuses_the_run_does_not_hold_up_its_end(
    own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    backend = own_backend(auth=True)  # and nobody signs in
    writer = Writer("w", backend.url, base_log_dir=tmp_path, finish_timeout=600)
    writer.create_run()
    writer.train_begin(1)
    writer.save_epoch(1, {"loss": 1.0})
    text = said(writer.train_end)
    refusal = text[0]
    assert "Not authenticated. To sign in, set MARCELLE_EMAIL and MARCELLE_PASSWORD (or MARCELLE_TOKEN)" in refusal
    assert f"MARCELLE_BACKEND={backend.url}" in refusal
    assert writer._current.run is not None
    assert writer._current.run.feed.copy is not None
    assert writer._current.run.feed.copy.is_in_vain
    assert f"marcelle-rt upload {writer.run_directory}" in text[-1]


def test_a_run_whose_remote_was_closed_holds_up_no_other(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    with Remote(backend.url) as remote:
        orphan = Writer(uuid.uuid4().hex, remote=remote, base_log_dir=tmp_path)
        orphan.create_run()
        orphan.save_epoch(0, {"loss": 1.0})
        assert orphan.flush(10)
    orphan.save_epoch(1, {"loss": 0.5})

    began = time.monotonic()
    sentence = said(orphan.train_end)[-1]  # waits no `finish_timeout` for what can't come
    assert time.monotonic() - began < 5
    assert "Remote was closed" in sentence
    assert "goes on being sent" not in sentence
    assert document_in(orphan)["logs"] == {"loss": [1.0, 0.5]}

    for _ in range(3):
        name = uuid.uuid4().hex
        writer = Writer(name, backend.url, base_log_dir=tmp_path, finish_timeout=5)
        writer.create_run()
        writer.save_epoch(0, {"loss": 1.0})
        assert said(writer.train_end) == []
        (found,) = store.service("runs").items({"basename": name})
        assert found["status"] == "success"


def document_in(writer: Writer) -> dict[str, Any]:
    assert writer.run_directory is not None
    data: dict[str, Any] = json.loads((writer.run_directory / "run_data.json").read_text())
    return data
