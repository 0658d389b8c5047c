"""What keeps a replica right: each rule answers a failure that was produced on the real backend."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Remote, Uploader, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.errors import ConnectionLost, NotFound
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.remote.run_documents import RunDocuments
from marcelle_rt.runs.sync.replica.fence import rev_text
from marcelle_rt.runs.sync.replica.replica import Replica
from tests.support.runs import Cut, epoch, new_run


def stored_logs(store: DataStore, run: Run) -> dict[str, Any]:
    logs: dict[str, Any] = store.service("runs").get(run.id)["logs"]
    return logs


def test_creating_twice_is_one_run(backend: Backend, store: DataStore) -> None:
    run = new_run(3)
    with Cut(backend.url, "create") as documents:
        replica = Replica(run, documents, fresh=True)
        with pytest.raises(ConnectionLost):
            replica.level()
        replica.level()
    found = store.service("runs").find({"query": {"basename": run.fields["basename"]}})
    assert [doc["_id"] for doc in found["data"]] == [run.id]
    assert found["data"][0]["logs"] == run.logs()


def test_names_count_on_from_the_newest_of_the_basename(remote: Remote, store: DataStore) -> None:
    basename = uuid.uuid4().hex
    names = []
    for _ in range(3):
        replica = Replica(new_run(basename=basename), RunDocuments(remote.link))
        replica.level()
        names.append(replica.name)
    assert names == [f"{basename}-1", f"{basename}-2", f"{basename}-3"]


def test_a_late_copy_of_an_old_message_changes_nothing(remote: Remote, store: DataStore) -> None:
    run = new_run(2)
    replica = Replica(run, RunDocuments(remote.link), fresh=True)
    replica.level()
    before = store.service("runs").get(run.id)
    fence = {"rev": {"$lte": before["rev"]}, "writer": before["writer"]}
    replica.apply(epoch(2))
    replica.apply(epoch(3))
    replica.level()
    with pytest.raises(NotFound):
        RunDocuments(remote.link).patch(run.id, {"logs.loss": [0.0], "rev": before["rev"]}, fence)
    assert stored_logs(store, run) == run.logs()


def test_a_fenced_replica_reads_again_and_goes_on(remote: Remote, store: DataStore) -> None:
    run = new_run(2)
    replica = Replica(run, RunDocuments(remote.link), fresh=True)
    replica.level()
    store.service("runs").patch(run.id, {"rev": rev_text(10**15), "logs.loss": [9.0]})
    replica.apply(epoch(2))
    replica.level()
    assert stored_logs(store, run) == run.logs()


def test_a_metric_that_comes_late_starts_with_nulls(remote: Remote, store: DataStore) -> None:
    run = new_run(3)
    replica = Replica(run, RunDocuments(remote.link), fresh=True)
    replica.level()
    replica.apply(epoch(3, loss=0.5, acc=0.25))
    replica.apply(epoch(4, acc=0.75))
    replica.level()
    logs = stored_logs(store, run)
    assert logs["acc"] == [None, None, None, 0.25, 0.75]
    assert logs["loss"] == [0 / 7, 1 / 7, 2 / 7, 0.5, None]


def test_an_answer_that_was_lost_doubles_nothing(backend: Backend, store: DataStore) -> None:
    run = new_run(1)
    with Cut(backend.url, "patch", "patch") as documents:
        replica = Replica(run, documents, fresh=True)
        replica.level()
        for n in (1, 2):
            replica.apply(epoch(n))
            with pytest.raises(ConnectionLost):
                replica.level()
        replica.level()
    assert stored_logs(store, run) == {"loss": [0.0, 1 / 7, 2 / 7]}


def test_a_copy_that_lost_something_is_made_whole(remote: Remote, store: DataStore) -> None:
    run = new_run(5)
    replica = Replica(run, RunDocuments(remote.link), fresh=True)
    replica.level()
    store.service("runs").patch(run.id, {"logs": {"loss": [5.0]}})
    replica.apply(epoch(5))
    replica.level()
    assert stored_logs(store, run) == run.logs()


def test_a_place_that_changes_while_it_is_sent_is_sent_again(backend: Backend, store: DataStore) -> None:
    run = new_run(1)

    class Meanwhile(Cut):
        def patch(self, run_id: str, data: dict[str, Any], fence: Mapping[str, Any]) -> dict[str, Any]:
            document = super().patch(run_id, data, fence)
            if "logs.loss.1" in data and data["logs.loss.1"] == 1.0:
                replica.apply(epoch(1, loss=2.0))
            return document

    with Meanwhile(backend.url) as documents:
        replica = Replica(run, documents, fresh=True)
        replica.level()
        replica.apply(epoch(1, loss=1.0))
        replica.level()
    assert stored_logs(store, run) == {"loss": [0.0, 2.0]}


def test_a_run_removed_in_a_dashboard_stays_removed(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    writer.create_run()
    writer.train_begin(4)
    writer.save_epoch(0, {"loss": 1.0})
    assert writer.flush()
    (document,) = store.service("runs").items({"basename": writer.name})
    store.service("runs").remove(document["_id"])
    writer.save_epoch(1, {"loss": 1.0})
    with pytest.warns(MarcelleWarning, match="removed"):
        assert not writer.flush()
    assert "was removed from" in str(writer.status.problem)
    writer.save_epoch(2, {"loss": 1.0})
    writer.train_end()
    assert list(store.service("runs").items({"basename": writer.name})) == []
    assert (writer.run_directory / "run_data.json").exists()  # type: ignore[operator]


def test_a_long_run_goes_in_messages_under_the_limit(nedb: Backend) -> None:
    run = new_run()
    for n in range(40_000):
        run.apply(epoch(n, loss=1 / (n + 3), acc=n / 7e5, other=-1 / (n + 3)))
    with Cut(nedb.url) as documents, DataStore(nedb.url) as store:
        Replica(run, documents, fresh=True).level()
        assert len(documents.sizes) > 2
        assert max(documents.sizes) < 900_000
        assert stored_logs(store, run) == run.logs()


def test_a_forked_childs_exit_writes_nothing(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    program = """
import os, sys
from marcelle_rt import Writer
writer = Writer(sys.argv[2], sys.argv[1], base_log_dir=sys.argv[3])
writer.create_run()
writer.train_begin(2)
writer.save_epoch(0, {"loss": 1.0})
writer.flush()
pid = os.fork()
if pid == 0:
    writer.save_epoch(7, {"loss": 7.0})
    sys.exit(0)
os.waitpid(pid, 0)
writer.save_epoch(1, {"loss": 0.5})
writer.train_end()
"""
    import subprocess

    name = uuid.uuid4().hex
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, backend.url, name, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    (document,) = store.service("runs").items({"basename": name})
    assert document["status"] == "success"
    assert document["logs"] == {"loss": [1.0, 0.5]}
    (directory,) = tmp_path.iterdir()
    assert b'"epoch":7' not in (directory / "journal.jsonl").read_bytes()


def test_a_run_with_torn_lines_is_resumed(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    writer.create_run()
    writer.train_begin(3)
    writer.save_epoch(1, {"loss": 1.0})
    writer.end("error", "a cut")
    directory = writer.run_directory
    assert directory is not None
    with open(directory / "journal.jsonl", "ab") as file:
        file.write(b'{"type":"epo')
    with pytest.warns(MarcelleWarning, match="torn"):
        again = Writer.resume(directory, backend_root=backend.url)
    again.train_begin(3)
    again.save_epoch(2, {"loss": 0.5})
    again.save_epoch(3, {"loss": 0.25})
    again.train_end()
    (document,) = store.service("runs").items({"basename": writer.name})
    assert document["logs"] == {"loss": [1.0, 0.5, 0.25]}
    assert (document["status"], document.get("error")) == ("success", None)


def test_overwriting_builds_anew_and_then_removes_the_old(
    backend: Backend, store: DataStore, remote: Remote, tmp_path: Path
) -> None:
    name = uuid.uuid4().hex
    with Writer(name, remote=False, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.train_begin(1)
        writer.save_epoch(1, {"loss": 1.0})
    assert writer.run_directory is not None
    uploader = Uploader(remote)
    uploader.upload(writer.run_directory)
    (old,) = store.service("runs").items({"basename": name})
    uploader.upload(writer.run_directory, overwrite=True)
    (new,) = store.service("runs").items({"basename": name})
    assert new["_id"] != old["_id"]
    assert new["logs"] == old["logs"]
    uploader.upload(writer.run_directory)
    (same,) = store.service("runs").items({"basename": name})
    assert same == new


def test_a_server_without_places_gets_the_document_whole(feathers5: str) -> None:
    run = new_run(3)
    with Remote(feathers5) as remote, DataStore(feathers5) as store:
        replica = Replica(run, RunDocuments(remote.link), fresh=True)
        replica.level()
        for n in (3, 4):
            replica.apply(epoch(n))
            replica.level()
        document = store.service("runs").get(run.id)
    assert document["logs"] == run.logs()
    assert not [key for key in document if "." in key]
    assert os.path.basename(document["name"]).endswith("-1")


def test_a_writer_made_before_a_fork_creates_its_run_in_the_child(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    program = """
import multiprocessing, sys
from marcelle_rt import Writer
def train(writer):
    writer.create_run()
    writer.train_begin(2)
    writer.save_epoch(0, {"loss": 1.0})
    writer.save_epoch(1, {"loss": 0.5})
    writer.train_end()
writer = Writer(sys.argv[2], sys.argv[1], base_log_dir=sys.argv[3])
child = multiprocessing.get_context("fork").Process(target=train, args=(writer,))
child.start()
child.join()
sys.exit(child.exitcode)
"""
    import subprocess

    name = uuid.uuid4().hex
    done = subprocess.run(
        [sys.executable, "-c", program, backend.url, name, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    (document,) = store.service("runs").items({"basename": name})
    assert (document["status"], document["logs"]) == ("success", {"loss": [1.0, 0.5]})


def test_a_forked_child_that_lives_on_keeps_no_folder_locked(tmp_path: Path) -> None:
    import multiprocessing
    import time

    writer = Writer("locked", remote=False, base_log_dir=tmp_path)
    writer.create_run()
    writer.save_epoch(0, {"loss": 1.0})
    worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(30,))
    worker.start()
    try:
        writer.train_end()
        assert writer.run_directory is not None
        Writer.resume(writer.run_directory, remote=False).close()
    finally:
        worker.kill()
        worker.join()


GIVEN_UP = {"status": "error", "error": "no sign of life"}


def test_a_run_that_was_given_up_and_lives_has_its_status_again_with_its_next_epoch(
    remote: Remote, store: DataStore
) -> None:
    run = new_run(2)
    replica = Replica(run, RunDocuments(remote.link), fresh=True)
    replica.level()
    store.service("runs").patch(run.id, GIVEN_UP)

    replica.apply(epoch(2))
    replica.level()

    document = store.service("runs").get(run.id)
    assert (document["status"], document["error"]) == ("epoch", None)
    assert document["logs"] == run.logs()


def test_a_run_that_was_given_up_and_is_taken_up_by_another_process_has_its_status_again(
    remote: Remote, store: DataStore
) -> None:
    run = new_run(2)
    Replica(run, RunDocuments(remote.link), fresh=True).level()
    store.service("runs").patch(run.id, GIVEN_UP)

    Replica(run, RunDocuments(remote.link)).level()

    document = store.service("runs").get(run.id)
    assert (document["status"], document["error"]) == ("epoch", None)
