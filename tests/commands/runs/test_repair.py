"""`marcelle-rt runs repair`: who is given up, and who is not."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.commands.runs.repair import give_up
from marcelle_rt.values import iso
from tests.helpers import eventually
from tests.support.command import marcelle_rt, outcomes

MakeRun = Callable[..., dict[str, Any]]

SOON = 0.01  # seconds: an interval after which a heartbeat is old at once


def ago(minutes: float) -> str:
    return iso(dt.datetime.now(dt.timezone.utc) - dt.timedelta(minutes=minutes))


def test_a_run_whose_heartbeat_stopped_becomes_an_error(backend: Backend, store: DataStore, make_run: MakeRun) -> None:
    name = uuid.uuid4().hex
    dead, lives, ended = (
        make_run(f"{name}-{n}", status=status) for n, status in enumerate(("epoch", "epoch", "success"))
    )
    for run, interval in ((dead, SOON), (lives, 30.0), (ended, SOON)):
        sign = {"runId": run["_id"], "_id": run["_id"], "time": iso(), "interval": interval}
        store.service("run-heartbeats").create(sign)

    eventually(lambda: outcomes(backend.url, "--dry-run") == {dead["name"]: "would repair"})
    assert store.service("runs").get(dead["_id"]) == dead

    assert outcomes(backend.url) == {dead["name"]: "repaired"}
    repaired = store.service("runs").get(dead["_id"])
    assert repaired["status"] == "error"
    assert repaired["error"].startswith("no sign of life since 20")
    assert [store.service("runs").get(run["_id"]) for run in (lives, ended)] == [lives, ended]
    assert "othing to repair" in marcelle_rt("runs", "repair", "--backend", backend.url).stdout


def test_a_run_without_a_heartbeat_is_judged_by_its_last_change(feathers5: str) -> None:
    name = uuid.uuid4().hex
    with DataStore(feathers5) as store:
        for n, (status, minutes) in enumerate(
            (("start", 3), ("start", 1), ("idle", 90), ("success", 3), ("loaded", 3))
        ):
            run = {"name": f"{name}-{n}", "status": status, "start": ago(100), "updatedAt": ago(minutes)}
            store.service("runs").create({**run, "_id": f"{name}{n}", "rev": "1"})

        # Other tests may have left runs there.
        own = {run: outcome for run, outcome in outcomes(feathers5).items() if run.startswith(name)}
        assert own == {f"{name}-0": "repaired", f"{name}-2": "repaired"}
        left = {run["name"]: run["status"] for run in store.service("runs").items()}
    assert left == {
        f"{name}-0": "error",
        f"{name}-1": "start",
        f"{name}-2": "error",
        f"{name}-3": "success",
        f"{name}-4": "loaded",
    }


def test_a_run_that_was_written_meanwhile_is_left_alone(store: DataStore, make_run: MakeRun) -> None:
    name, now = uuid.uuid4().hex, dt.datetime.now(dt.timezone.utc)
    run = make_run(f"{name}-1", status="epoch")
    foreign = store.service("runs").create({"name": f"{name}-2", "status": "epoch", "epoch": 3})
    gone = make_run(f"{name}-3", status="epoch")
    store.service("runs").patch(run["_id"], {"rev": "0000000000000002", "epoch": 4})
    store.service("runs").patch(foreign["_id"], {"epoch": 4})
    store.service("runs").remove(gone["_id"])

    assert [give_up(store, read, now) for read in (run, foreign, gone)] == ["lives", "lives", "gone"]

    assert store.service("runs").get(run["_id"])["status"] == "epoch"
    assert store.service("runs").get(foreign["_id"])["status"] == "epoch"
    assert give_up(store, store.service("runs").get(foreign["_id"]), now) == "repaired"


def test_a_training_that_was_given_up_and_goes_on_has_its_status_again(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    with Writer(name, backend.url, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.train_begin(3)
        writer.save_epoch(1, {"loss": 1.0})
        writer.flush(10)
        (run,) = store.service("runs").items({"basename": name})
        eventually(lambda: store.service("run-heartbeats").count({"runId": run["_id"]}))
        store.service("run-heartbeats").patch(run["_id"], {"interval": SOON})
        eventually(lambda: outcomes(backend.url) == {f"{name}-1": "repaired"})

        writer.save_epoch(2, {"loss": 0.5})
        writer.flush(10)

        document = store.service("runs").get(run["_id"])
        assert (document["status"], document["error"]) == ("epoch", None)
        assert document["logs"] == {"loss": [1.0, 0.5]}


def test_what_still_runs_is_counted_in_proper_words(own_backend: Callable[..., Backend]) -> None:
    backend = own_backend()
    with DataStore(backend.url) as store:
        for count, words in ((1, "1 run is still running."), (2, "2 runs are still running.")):
            run = store.service("runs").create({"name": f"lives-{count}", "status": "epoch"})
            sign = {"runId": run["_id"], "_id": run["_id"], "time": iso(), "interval": 30.0}
            store.service("run-heartbeats").create(sign)
            shown = marcelle_rt("runs", "repair", "--backend", backend.url).stdout
            assert shown == f"Nothing to repair: {words}\n"
