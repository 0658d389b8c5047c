"""A proxy that passes HTTP and no WebSocket: runs, uploads and commands go by HTTP."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import Literal

import pytest

from marcelle_rt import DataStore, Remote, Uploader, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import NoWebSocket
from marcelle_rt.runs.document.commands import State
from marcelle_rt.runs.remote.asking import ask
from tests.helpers import eventually
from tests.support.pictures import PNG
from tests.support.proxy import Proxy


@pytest.mark.parametrize("how", ["strip", "cut"])
def test_runs_with_files_and_uploads_pass_where_no_websocket_does(
    backend: Backend, store: DataStore, proxy: Proxy, tmp_path: Path, how: Literal["strip", "cut"]
) -> None:
    proxy.upgrades = how
    picture = tmp_path / "fig.png"
    picture.write_bytes(PNG)
    live = Writer(uuid.uuid4().hex, proxy.url, base_log_dir=tmp_path / "logs")
    later = Writer(uuid.uuid4().hex, remote=False, base_log_dir=tmp_path / "logs")
    for writer in (live, later):
        writer.create_run()
        for epoch in (1, 2, 3):
            writer.save_epoch(epoch, {"loss": 1 / epoch}, assets=[picture])
        writer.alert("hello")
        writer.train_end()
    assert live.status == ("success", True, None)
    assert later.run_directory is not None
    with Remote(proxy.url) as remote:
        assert Uploader(remote).upload(later.run_directory).sent == 3
    for writer in (live, later):
        (run,) = store.service("runs").items({"basename": writer.name})
        assert (run["logs"]["loss"], len(run["assets"]), run["status"]) == ([1.0, 1 / 2, 1 / 3], 3, "success")
    with DataStore(proxy.url) as other:
        with pytest.raises(NoWebSocket, match=r"must pass WebSockets on"):
            other.connect()
        assert other.service("runs").get(run["_id"])["name"] == run["name"]


def test_a_run_is_stopped_where_no_websocket_passes(store: DataStore, proxy: Proxy, tmp_path: Path) -> None:
    proxy.upgrades = "strip"
    with Writer(uuid.uuid4().hex, proxy.url, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.commands()
        assert writer.flush(30)
        (run,) = store.service("runs").items({"basename": writer.name})
        outcomes = []
        asking = threading.Thread(target=lambda: outcomes.append(ask(store, run, "stop")))
        asking.start()
        eventually(lambda: [command for command in writer.commands() if command.name == "stop"])
        writer.save_epoch(1, {"loss": 1.0})
    asking.join()
    assert outcomes[0].state in (State.ACCEPTED, State.DONE)
