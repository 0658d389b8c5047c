"""Remote's own verbs, on the real backend."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import uuid
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Remote
from marcelle_rt.backend import Backend
from marcelle_rt.errors import InvalidData, MarcelleError, UnsupportedFormat
from marcelle_rt.notices import MarcelleWarning


def test_create_fills_in_what_a_dashboard_needs(remote: Remote, store: DataStore) -> None:
    run_data: dict[str, Any] = {"basename": uuid.uuid4().hex, "params": {"lr": 0.5}}
    document = remote.create(run_data)
    assert store.service("runs").get(document["_id"]) == document
    assert document["name"] == run_data["name"] == f"{run_data['basename']}-1"
    assert (document["params"], document["logs"], document["status"]) == ({"lr": 0.5}, {}, "idle")
    assert document["start"].endswith("Z")
    assert run_data["_id"] == document["_id"]


def test_update_sends_the_mapping_as_it_is_now_or_just_some_fields(remote: Remote, store: DataStore) -> None:
    run_data: dict[str, Any] = {"basename": uuid.uuid4().hex}
    remote.create(run_data)
    run_data["logs"] = {"loss": [1.0, float("nan")]}
    run_data["status"] = "epoch"
    assert remote.update(run_data)["logs"] == {"loss": [1.0, None]}
    run_data["logs"]["loss"].append(0.5)
    assert remote.update()["logs"] == {"loss": [1.0, None, 0.5]}
    document = remote.update({"status": "success"})
    assert (document["status"], document["logs"]) == ("success", {"loss": [1.0, None, 0.5]})


def test_a_run_of_any_length_can_be_created_and_updated(nedb: Backend) -> None:
    logs = {"loss": [1 / (n + 3) for n in range(60_000)]}
    with Remote(nedb.url) as remote, DataStore(nedb.url) as store:
        document = remote.create({"basename": uuid.uuid4().hex, "logs": logs})
        assert store.service("runs").get(document["_id"])["logs"] == logs
        logs["loss"] = [-value for value in logs["loss"]]
        assert remote.update({"logs": logs})["logs"] == logs


def test_update_needs_a_run(remote: Remote) -> None:
    with pytest.raises(MarcelleError, match="create"):
        remote.update({"status": "success"})


def test_retrieve_run_finds_by_start_or_says_false(remote: Remote) -> None:
    start = f"2026-01-01T00:00:00.{uuid.uuid4().int % 1000:03d}Z-{uuid.uuid4()}"
    assert remote.retrieve_run(start) is False
    made = remote.create({"basename": "retrieve", "start": start})
    assert remote.retrieve_run(start) == made
    assert remote.update({"status": "error"})["_id"] == made["_id"]


def test_remove_run_says_false_when_something_stayed(
    remote: Remote, store: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from marcelle_rt.client.service import Service
    from marcelle_rt.errors import Forbidden

    document = remote.create({"basename": uuid.uuid4().hex})
    real = Service.remove

    def refuse(self: Service, id: Any, *params: Any) -> Any:
        if self.name == "assets":
            raise Forbidden("not yours")
        return real(self, id, *params)

    monkeypatch.setattr(Service, "remove", refuse)
    asset = {"_id": store.service("assets").create({"url": "x/y.png"})["_id"]}
    with pytest.warns(MarcelleWarning, match=f"assets/{asset['_id']}"):
        assert remote.remove_run({**document, "assets": [asset]}) is False


def test_bad_run_data_and_formats_are_named(remote: Remote) -> None:
    with pytest.raises(InvalidData, match=r"run_data\.params\.opt\.lr"):
        remote.create({"basename": "bad", "params": {"opt.lr": 1}})
    with pytest.raises(InvalidData, match="_id"):
        remote.remove_run({"checkpoints": []})
    with pytest.raises(UnsupportedFormat, match=r"pmml.*tfjs.*onnx"):
        Remote(save_format="pmml")


def test_the_end_of_a_run_shows_a_bar_when_it_takes_over_a_second(unused_url: str, tmp_path: Path) -> None:
    program = (
        "import sys; from marcelle_rt import Writer\n"
        "w = Writer('bar', sys.argv[1], base_log_dir=sys.argv[2], finish_timeout=2)\n"
        "w.create_run(); w.save_epoch(1, {'loss': 1.0}); w.train_end()\n"
    )
    terminal, inside = pty.openpty()  # without a terminal, and room on it, there is no bar
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    command = [sys.executable, "-c", program, unused_url, str(tmp_path)]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=inside, stderr=inside)
    os.close(inside)
    shown = b""
    with contextlib.suppress(OSError):  # how Linux says that the other side has closed
        while data := os.read(terminal, 4096):
            shown += data
    os.close(terminal)
    assert child.wait() == 0
    assert f"Waiting for {unused_url}".encode() in shown
    assert b"marcelle-rt upload" in shown.replace(b"\r\n", b"")
