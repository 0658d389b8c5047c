"""Heartbeats: an open run shows that its process lives, and what became of one that is gone."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import uuid
import warnings
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import FeathersError, NotFound
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.remote.heartbeat import INTERVAL, Heartbeat, is_stale
from marcelle_rt.runs.remote.run_documents import RunDocuments
from marcelle_rt.runs.sync.replica.replica import Replica
from marcelle_rt.runs.sync.status import Delivery
from tests.helpers import eventually
from tests.support.clock import Clock
from tests.support.runs import Cut, new_run

NOW = dt.datetime(2026, 11, 25, 12, 0, tzinfo=dt.timezone.utc)


def heartbeats(store: DataStore, run_id: str) -> list[dict[str, Any]]:
    return list(store.service("run-heartbeats").items({"runId": run_id}))


def open_run(url: str, folder: Path, **options: Any) -> tuple[Writer, str]:
    writer = Writer(uuid.uuid4().hex, url, base_log_dir=folder, **options)
    writer.create_run()
    writer.train_begin(3)
    writer.save_epoch(1, {"loss": 1.0})
    assert writer.flush()
    with DataStore(url) as store:
        (document,) = store.service("runs").items({"basename": writer.name})
    return writer, document["_id"]


def test_an_open_run_shows_who_runs_it_and_an_ended_one_shows_nothing(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    writer, run_id = open_run(backend.url, tmp_path)
    (beat,) = eventually(lambda: heartbeats(store, run_id))
    assert (beat["_id"], beat["host"], beat["pid"]) == (run_id, socket.gethostname(), os.getpid())
    assert beat["interval"] == INTERVAL
    assert not is_stale(beat)
    writer.train_end()
    eventually(lambda: heartbeats(store, run_id) == [])


def test_a_sign_is_given_each_interval_and_at_once_for_a_new_copy(remote: Remote, store: DataStore) -> None:
    run_id = str(uuid.uuid4())
    store.service("runs").create({"_id": run_id})
    remote.store.connect()
    times: list[str] = []
    store.service("run-heartbeats").on("created", lambda sign: times.append(sign["_id"]))
    store.service("run-heartbeats").on("patched", lambda sign: times.append(sign["_id"]))
    clock = Clock()
    heartbeat = Heartbeat(clock=clock)

    assert heartbeat.keep_up(remote.link, run_id, 1) == clock.now + INTERVAL
    clock.now += INTERVAL - 1
    assert heartbeat.keep_up(remote.link, run_id, 1) == clock.now + 1
    clock.now += 1
    heartbeat.keep_up(remote.link, run_id, 1)
    heartbeat.keep_up(remote.link, run_id, 2)

    eventually(lambda: times.count(run_id) == 3)


def test_no_sign_is_given_beside_no_run(remote: Remote, store: DataStore) -> None:
    run_id = str(uuid.uuid4())
    store.service("runs").create({"_id": run_id})
    remote.store.connect()
    clock = Clock()
    heartbeat = Heartbeat(clock=clock)
    heartbeat.keep_up(remote.link, run_id, 1)
    store.service("runs").remove(run_id)  # as an emptied database: both are gone
    store.service("run-heartbeats").remove(run_id)

    clock.now += INTERVAL
    heartbeat.keep_up(remote.link, run_id, 1)

    assert heartbeats(store, run_id) == []


def test_the_first_sign_is_taken_back_where_the_run_is_not(remote: Remote, store: DataStore) -> None:
    # Between the run's creation and its first sign, another backend has taken the place of the first.
    run_id = str(uuid.uuid4())
    remote.store.connect()
    heartbeat = Heartbeat(clock=Clock())
    heartbeat.keep_up(remote.link, run_id, 1)

    assert heartbeats(store, run_id) == []
    assert not heartbeat.is_published
    assert not RunDocuments(remote.link).was_removed(run_id)


def test_a_sign_waits_for_no_connection(unused_url: str) -> None:
    clock = Clock()
    with Remote(unused_url) as remote:
        assert Heartbeat(clock=clock).keep_up(remote.link, "run", 1) < clock.now + INTERVAL
        assert remote.store.status == "disconnected"


@pytest.mark.parametrize(
    ("sign", "stale"),
    [
        ({"time": "2026-11-25T11:58:01.000Z", "interval": 30}, False),
        ({"time": "2026-11-25T11:57:59.000Z", "interval": 30}, True),
        ({"time": "2026-11-25T11:57:59.000Z", "interval": 60}, False),
        ({"time": "yesterday"}, True),
        ({}, True),
    ],
)
def test_a_sign_is_stale_after_four_intervals(sign: dict[str, Any], stale: bool) -> None:
    assert is_stale(sign, NOW) is stale


def test_a_run_removed_while_the_line_was_down_stays_removed(backend: Backend, store: DataStore) -> None:
    run = new_run(2)
    with Cut(backend.url) as documents:
        replica = Replica(run, documents, fresh=True)
        replica.level()
        Heartbeat().keep_up(documents.link, run.id, replica.copies)
        store.service("runs").remove(run.id)  # and no event tells this replica
        replica.apply({"type": "epoch", "epoch": 2, "place": 2, "logs": {"loss": 2.0}})
        replica.level()

        assert replica.delivery is Delivery.GONE
    with pytest.raises(NotFound):
        store.service("runs").get(run.id)


def test_removing_a_run_removes_its_heartbeat_unless_the_run_goes_on(
    backend: Backend, store: DataStore, remote: Remote, tmp_path: Path
) -> None:
    writer, run_id = open_run(backend.url, tmp_path)
    (beat,) = eventually(lambda: heartbeats(store, run_id))
    document = store.service("runs").get(run_id)
    assert remote.remove_run(document)
    writer.save_epoch(2, {"loss": 1.0})
    with pytest.warns(MarcelleWarning, match="removed"):
        assert not writer.flush()
    writer.train_end()
    with pytest.raises(NotFound):
        store.service("runs").get(run_id)

    for ended, left in (({"status": "success"}, 0), ({"status": "epoch"}, 1)):
        other = str(uuid.uuid4())
        store.service("runs").create({"_id": other, **ended})
        store.service("run-heartbeats").create({**beat, "_id": other, "runId": other})
        assert remote.remove_run({"_id": other, "checkpoints": []})
        assert len(heartbeats(store, other)) == left


def test_a_killed_runs_heartbeat_is_removed_with_it(store: DataStore, remote: Remote) -> None:
    run_id = str(uuid.uuid4())
    store.service("runs").create({"_id": run_id, "status": "epoch"})
    store.service("run-heartbeats").create({"_id": run_id, "runId": run_id, "time": "2026-01-01T00:00:00.000Z"})

    assert remote.remove_run({"_id": run_id, "checkpoints": []})

    assert heartbeats(store, run_id) == []


class Strict(Backend):
    """A backend whose settings allow just what dashboards show of runs."""

    def _environment(self, folder: Path) -> dict[str, str]:
        environment = super()._environment(folder)
        settings = json.loads(environment["NODE_CONFIG"])
        settings["whitelist"] = {"services": ["runs", "tfjs-models", "onnx-models"]}
        return {**environment, "NODE_CONFIG": json.dumps(settings)}


def test_a_backend_that_allows_no_heartbeats_gets_the_run_without_a_word(node: None, tmp_path: Path) -> None:
    with Strict() as backend, warnings.catch_warnings():
        warnings.simplefilter("error")
        writer, run_id = open_run(backend.url, tmp_path)
        writer.train_end()
        with DataStore(backend.url) as store:
            assert store.service("runs").get(run_id)["status"] == "success"
            with pytest.raises(FeathersError):
                store.service("run-heartbeats").create({"_id": run_id})
