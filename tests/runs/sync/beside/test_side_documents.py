"""Documents beside a run arrive, each once, whatever happens on the way, and hold no epoch back."""

from __future__ import annotations

import shutil
import uuid
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Remote, Service, Uploader, Writer
from marcelle_rt.backend import Backend, users
from marcelle_rt.errors import ConnectionLost, Forbidden, TooManyRequests
from marcelle_rt.notices import MarcelleWarning, Notices
from marcelle_rt.runs.document.events import ALERTS, BATCHES, SERVICES
from marcelle_rt.runs.folder import journal
from marcelle_rt.runs.remote.link import Link
from marcelle_rt.runs.remote.run_documents import RunDocuments
from marcelle_rt.runs.sync.feed import Feed
from marcelle_rt.runs.sync.side_documents import SideDocuments
from marcelle_rt.values import dumps
from tests.helpers import free_port
from tests.support.mongodb.running import OnMongoDB
from tests.support.runs import new_run

START = "2026-11-25T09:30:00.000Z"


def event(run_id: str, n: int, service: str = ALERTS) -> dict[str, Any]:
    return {"type": "document", "time": n, "service": service, "document": {**own(run_id), "n": n}}


def own(run_id: str) -> dict[str, Any]:
    return {"_id": str(uuid.uuid4()), "runId": run_id}


def beside(store: DataStore, run_id: str, service: str = ALERTS) -> list[int]:
    return sorted(document["n"] for document in store.service(service).items({"runId": run_id}))


def write(path: Path, events: list[dict[str, Any]]) -> Path:
    path.write_bytes(b"".join(dumps(each) + b"\n" for each in events))
    return path


class Faulty(Link):
    """The real backend, behind faults that are asked for."""

    def __init__(self, url: str, *faults: Exception, refused: Exception | None = None) -> None:
        super().__init__(url)
        self.faults = list(faults)
        self.refused = refused
        self.calls: list[str] = []

    def __enter__(self) -> Faulty:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def note(self, service: str) -> None:
        if service in ("runs", *SERVICES):
            self.calls.append(service)

    def service(self, name: str) -> Any:
        return FaultyService(super().service(name), self)

    def call(self, method: str, service: str, *args: Any) -> Any:
        self.note(service)
        return super().call(method, service, *args)


class FaultyService:
    """One service of it: what writes is noted, and fails as it was told to."""

    def __init__(self, service: Service, link: Faulty) -> None:
        self._service = service
        self._link = link

    def create(self, document: Mapping[str, Any]) -> dict[str, Any]:
        self._link.note(self._service.name)
        if self._service.name not in SERVICES:
            return self._service.create(document)
        if self._link.refused is not None:
            raise self._link.refused
        created = self._service.create(document)
        if self._link.faults:
            raise self._link.faults.pop(0)
        return created

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)


def remote_over(link: Link) -> Remote:
    remote = Remote(link.store)
    remote.link = link
    return remote


def recorded(folder: Path, url: str, **options: Any) -> Writer:
    """A run with one batch's document and three epochs."""
    writer = Writer(uuid.uuid4().hex, url, base_log_dir=folder, **options)
    writer.create_run()
    writer.train_begin(3)
    writer.save_batch(0, {"loss": 2.0})
    for n in range(3):
        writer.save_epoch(n, {"loss": 1.0})
    return writer


def run_of(store: DataStore, writer: Writer) -> dict[str, Any]:
    (document,) = store.service("runs").items({"basename": writer.name})
    return document


def test_a_document_beside_a_run_is_there_after_flush_and_is_no_part_of_the_run(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    writer = recorded(tmp_path, backend.url)
    assert writer.flush()
    run = run_of(store, writer)
    (document,) = store.service(BATCHES).items({"runId": run["_id"]})
    assert (document["steps"], document["logs"]) == ([0], {"loss": [2.0]})
    writer.train_end()
    assert set(run) & {"steps", "times", "documents"} == set()
    assert run["logs"] == {"loss": [1.0, 1.0, 1.0]}


def test_a_run_that_is_read_again_is_none_the_newer_for_them() -> None:
    run = new_run(2)
    before = (run.version, run.document())
    assert run.apply(event(run.id, 0)) == []
    assert (run.version, run.document()) == before


def test_a_backend_without_databases_gets_them_too(feathers5: str, tmp_path: Path) -> None:
    writer = recorded(tmp_path, feathers5)
    writer.train_end()
    with DataStore(feathers5) as store:
        run = run_of(store, writer)
        (document,) = store.service(BATCHES).items({"runId": run["_id"]})
        assert document["steps"] == [0]
        with Remote(store) as remote:
            assert remote.remove_run(run)
        assert store.service(BATCHES).count({"runId": run["_id"]}) == 0


def test_an_answer_that_was_lost_doubles_no_document(backend: Backend, store: DataStore) -> None:
    run = new_run()
    with Faulty(backend.url, ConnectionLost(backend.url, "create")) as link:
        side = SideDocuments(run, RunDocuments(link), None, Notices(), fresh=True)
        side.add(event(run.id, 0))
        with pytest.raises(ConnectionLost):
            side.level()
        assert not side.is_level
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", MarcelleWarning)
            side.level()
    assert said == []
    assert link.calls == [ALERTS, ALERTS]
    assert beside(store, run.id) == [0]
    assert side.is_level


def test_few_wait_in_memory_and_the_rest_comes_from_the_journal(nedb: Backend, tmp_path: Path) -> None:
    run = new_run()
    events = [event(run.id, n, ALERTS if n % 2 else BATCHES) for n in range(700)]
    write(tmp_path / "journal.jsonl", events)
    with Faulty(nedb.url) as link, DataStore(nedb.url) as store:
        side = SideDocuments(run, RunDocuments(link), tmp_path, Notices(), fresh=True)
        for n in range(20):
            side.add(events[n])
        side.level()
        for each in events[20:]:
            side.add(each)
            assert side.waiting() <= 200
        side.level()
        assert len(link.calls) == 700  # what was there already was asked for, and not sent again
        assert beside(store, run.id) == list(range(1, 700, 2))
        assert beside(store, run.id, BATCHES) == list(range(0, 700, 2))


def test_without_a_folder_the_oldest_are_dropped_and_that_is_said(backend: Backend, store: DataStore) -> None:
    run = new_run()
    with Faulty(backend.url) as link:
        side = SideDocuments(run, RunDocuments(link), None, Notices(), fresh=True)
        for n in range(200):
            side.add(event(run.id, n))
        with pytest.warns(MarcelleWarning, match="oldest are dropped"):
            side.add(event(run.id, 200))
        for n in range(201, 210):
            side.add(event(run.id, n))
        side.level()
    assert beside(store, run.id) == list(range(10, 210))


def test_a_service_that_the_backend_refuses_is_said_once_and_holds_nothing_up(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    refused = Forbidden("not here")
    with Faulty(backend.url, refused=refused) as link:
        writer = Writer(uuid.uuid4().hex, remote=remote_over(link), base_log_dir=tmp_path)
        writer.create_run()
        writer.train_begin(1)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", MarcelleWarning)
            for n in range(3):
                writer.save_batch(n, {"loss": 1.0})
                assert not writer.flush()
            assert "documents beside it" in str(writer.status.problem)
        writer.save_epoch(0, {"loss": 1.0})
        writer.train_end()
        assert run_of(store, writer)["status"] == "success"
    assert [str(w.message) for w in said if "refuses" in str(w.message)] == [str(said[0].message)]
    assert "run-batches" in str(said[0].message)
    assert link.calls.count(BATCHES) == 1


def test_a_service_that_may_not_even_be_read_holds_no_upload_up(
    backend: Backend, store: DataStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> set[str]:
        raise Forbidden("not here")

    writer = recorded(tmp_path, backend.url, remote=False)
    writer.train_end()
    assert writer.run_directory is not None
    monkeypatch.setattr(RunDocuments, "beside", refused)
    with Remote(backend.url) as remote, pytest.warns(MarcelleWarning, match="refuses.*'run-batches'"):
        assert Uploader(remote).upload(writer.run_directory).epochs == 3
    assert store.service(BATCHES).count({"runId": run_of(store, writer)["_id"]}) == 0


def test_an_error_that_passes_drops_nothing(backend: Backend, store: DataStore) -> None:
    run = new_run()
    with Faulty(backend.url) as link:
        side = SideDocuments(run, RunDocuments(link), None, Notices(), fresh=True)
        side.add(event(run.id, 7))
        link.refused = TooManyRequests("slow down")
        with pytest.raises(TooManyRequests):
            side.level()
        link.refused = None
        side.level()
    assert beside(store, run.id) == [7]


def test_epochs_go_first(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    book, start = journal.create(tmp_path)
    run_id = str(uuid.uuid4())
    with Faulty(backend.url) as link:
        feed = Feed(book, link, Notices())
        feed.flush()  # so that nothing pauses
        fields = {"basename": run_id, "start": start, "source": "keras", "params": {}}
        feed.record({"type": "create", "time": 0, "_id": run_id, "run": fields})
        feed.record({"type": "begin", "time": 0, "epochs": 1})
        for n in range(3):
            feed.record(event(run_id, n))
        while not feed.status.complete:
            feed.advance()
        for n in range(3, 6):
            feed.record(event(run_id, n))
        feed.advance()
        feed.record({"type": "epoch", "time": 0, "epoch": 0, "place": 0, "logs": {"loss": 1.0}})
        while not feed.status.complete:
            feed.advance()
        feed.release()
    book.close()
    assert link.calls == ["runs", *[ALERTS] * 4, "runs", *[ALERTS] * 2]
    assert beside(store, run_id) == list(range(6))


def test_an_offline_run_is_uploaded_with_what_lies_beside_it_once(
    backend: Backend, nedb: Backend, mongodb: OnMongoDB, store: DataStore, tmp_path: Path
) -> None:
    writer = recorded(tmp_path, backend.url, remote=False)
    writer.train_end()
    assert writer.run_directory is not None
    with Faulty(backend.url) as link:
        Uploader(remote_over(link)).upload(writer.run_directory)
        Uploader(remote_over(link)).upload(writer.run_directory)
        assert link.calls.count(BATCHES) == 1
    run = run_of(store, writer)
    assert [d["steps"] for d in store.service(BATCHES).items({"runId": run["_id"]})] == [[0]]
    with Remote((mongodb if backend is nedb else nedb).url) as second:
        Uploader(second).upload(writer.run_directory)
        assert RunDocuments(second.link).beside(BATCHES, run["_id"])


def test_overwriting_a_run_gives_it_documents_of_its_own(
    backend: Backend, store: DataStore, remote: Remote, tmp_path: Path
) -> None:
    writer = recorded(tmp_path, backend.url)
    writer.train_end()
    assert writer.run_directory is not None
    old = run_of(store, writer)
    for overwrite in (True, False):
        Uploader(remote).upload(writer.run_directory, overwrite=overwrite)
        new = run_of(store, writer)
        assert new["_id"] != old["_id"]
        assert len(RunDocuments(remote.link).beside(BATCHES, new["_id"])) == 1
        assert RunDocuments(remote.link).beside(BATCHES, old["_id"]) == set()


def test_removing_a_run_removes_what_lies_beside_it(remote: Remote) -> None:
    a_run_goes_with_what_lies_beside_it(remote)


def test_and_so_it_does_where_one_signs_in(asking: Backend) -> None:
    users.add(asking.data, "a@b.c", "secret-words")
    with DataStore(asking.url) as store, Remote(store) as remote:
        store.login("a@b.c", "secret-words")
        a_run_goes_with_what_lies_beside_it(remote)


def a_run_goes_with_what_lies_beside_it(remote: Remote) -> None:
    run, other = new_run(1), new_run(1)
    RunDocuments(remote.link).create({"_id": run.id, **run.fields, "logs": {}})
    for service in SERVICES:
        for n in range(3):
            RunDocuments(remote.link).create_beside(service, event(run.id, n)["document"])
        RunDocuments(remote.link).create_beside(service, event(other.id, 9)["document"])
    assert remote.remove_run({"_id": run.id, "checkpoints": []})
    for service in SERVICES:
        assert beside(remote.store, run.id, service) == []
        assert beside(remote.store, other.id, service) == [9]


def test_a_run_that_an_emptied_database_lost_is_sent_again_with_what_lies_beside_it(
    own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    first = own_backend(data=data)
    writer = recorded(tmp_path / "logs", first.url)
    assert writer.flush()
    first.stop()
    shutil.rmtree(data)
    second = own_backend(data=data, port=first.port)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarcelleWarning)  # the backend was away for a while
        writer.save_batch(1, {"loss": 1.5})
        writer.save_epoch(3, {"loss": 0.5})
        writer.train_end()
    with DataStore(second.url) as store:
        run = run_of(store, writer)
        chunks = list(store.service(BATCHES).items({"runId": run["_id"]}))
    assert (run["status"], run["logs"]) == ("success", {"loss": [1.0, 1.0, 1.0, 0.5]})
    assert sorted(step for chunk in chunks for step in chunk["steps"]) == [0, 1]


def test_a_resumed_run_sends_what_the_program_before_it_could_not(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    writer = recorded(tmp_path, backend.url, remote=False)
    writer.end("error", "a cut")
    assert writer.run_directory is not None
    again = Writer.resume(writer.run_directory, backend_root=backend.url)
    again.save_epoch(3, {"loss": 0.5})
    again.train_end()
    run = run_of(store, writer)
    assert [d["steps"] for d in store.service(BATCHES).items({"runId": run["_id"]})] == [[0]]


def test_while_the_backend_is_away_they_wait(own_backend: Callable[..., Backend], tmp_path: Path) -> None:
    port = free_port()
    writer = recorded(tmp_path, f"http://127.0.0.1:{port}", finish_timeout=30)
    with pytest.warns(MarcelleWarning, match="sent when the backend is back"):
        assert not writer.flush(0.3)
    backend = own_backend(port=port)
    assert writer.flush()
    writer.train_end()
    with DataStore(backend.url) as store:
        assert store.service(BATCHES).count({"runId": run_of(store, writer)["_id"]}) == 1
