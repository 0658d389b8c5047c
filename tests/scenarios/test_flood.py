"""In a flood of events that nobody asked for, runs go by REST, without a socket, and all arrive."""

from __future__ import annotations

import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.client.rest.caller import RestCaller
from marcelle_rt.config import Login
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.sync import route as channel
from tests.helpers import eventually
from tests.support.trainings.many_runs import Load, run


@pytest.fixture(scope="module")
def _counting(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Callable[[], int]]]:
    path = tmp_path_factory.mktemp("counted") / "sockets"
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as environment:
            counter = Path(__file__).parents[1] / "support" / "count_sockets.js"
            environment.setenv("SOCKETS", str(path))
            environment.setenv("NODE_OPTIONS", f"--require {counter}")
            backend = stack.enter_context(Backend())
        yield backend.url, lambda: int(path.read_text() or -1)


@pytest.fixture
def counted(_counting: tuple[str, Callable[[], int]]) -> tuple[str, Callable[[], int]]:
    """A backend for this file's tests, and how many sockets it has: none yet."""
    eventually(lambda: _counting[1]() == 0)
    return _counting


@pytest.fixture
def rest(counted: tuple[str, Callable[[], int]]) -> Iterator[RestCaller]:
    """A look at the backend that is no socket and shares no connection."""
    connection = RestCaller(counted[0], Login())
    yield connection
    connection.close()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "FLOOD_RATE", 5.0)
    monkeypatch.setattr(channel, "FLOOD_RATIO", 2.0)
    monkeypatch.setattr(channel, "_WINDOW", 0.2)


@contextmanager
def noise(url: str) -> Iterator[None]:
    """Another process writes, and writes."""
    stop = threading.Event()
    connection = RestCaller(url, Login())

    def write() -> None:
        while not stop.wait(0.005):
            connection.call("create", "noise", {"n": 1}, {}, timeout=10)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        connection.close()


class Training:
    """A run that goes on by a `Remote` of its own, epoch by epoch."""

    def __init__(self, url: str, folder: Path) -> None:
        self.remote = Remote(url)
        self.writer = Writer(uuid.uuid4().hex, remote=self.remote, base_log_dir=folder)
        self.writer.create_run()
        self.epochs = 0
        self.go_on()
        assert self.writer.flush(10)

    def go_on(self) -> bool:
        """Saves an epoch; returns true, so that one can wait with it."""
        self.writer.save_epoch(self.epochs, {"loss": self.epochs / 7})
        self.epochs += 1
        return True

    def is_by_rest(self) -> bool:
        return self.go_on() and self.remote.link.way is not self.remote.store

    def stored(self, rest: RestCaller) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = rest.call("find", "runs", {"basename": self.writer.name}, timeout=10)["data"]
        return found


@pytest.fixture
def training(counted: tuple[str, Callable[[], int]], tmp_path: Path) -> Iterator[Training]:
    made = Training(counted[0], tmp_path / "logs")
    yield made
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarcelleWarning)
        made.writer.close()
    made.remote.close()


def test_a_flooded_run_gives_up_its_socket_and_arrives_whole(
    counted: tuple[str, Callable[[], int]], rest: RestCaller, training: Training
) -> None:
    url, sockets = counted
    assert sockets() == 1
    with noise(url):
        eventually(training.is_by_rest, 30, 0.05)
        eventually(lambda: sockets() == 0)
        for _ in range(5):
            training.go_on()
            assert training.writer.flush(10)
        assert sockets() == 0
        training.writer.train_end()
    (document,) = training.stored(rest)
    assert document["logs"]["loss"] == [n / 7 for n in range(training.epochs)]
    assert document["status"] == "success"
    sign = {"_id": document["_id"]}
    eventually(lambda: rest.call("find", "run-heartbeats", sign, timeout=10)["total"] == 0)


def test_the_next_run_of_a_flooded_process_makes_no_socket(
    counted: tuple[str, Callable[[], int]], rest: RestCaller, training: Training, tmp_path: Path
) -> None:
    url, sockets = counted
    with noise(url):
        eventually(training.is_by_rest, 30, 0.05)
        eventually(lambda: sockets() == 0)
        opened = 0
        for _ in range(3):
            with Writer("next", remote=training.remote, base_log_dir=tmp_path / "logs") as writer:
                writer.create_run()
                writer.save_epoch(0, {"loss": 1.0})
                assert writer.flush(10)
                opened += sockets()
    assert opened == 0
    found = rest.call("find", "runs", {"basename": "next"}, timeout=10)["data"]
    assert [document["status"] for document in found] == ["success"] * 3


def test_a_pause_after_a_slow_answer_ends_with_the_socket(
    counted: tuple[str, Callable[[], int]], training: Training
) -> None:
    assert training.writer._current.run is not None
    feed = training.writer._current.run.feed
    assert feed.copy is not None
    feed.copy._pace.due = time.monotonic() + 1000
    with noise(counted[0]):
        eventually(training.is_by_rest, 30, 0.05)
        eventually(lambda: feed.copy.is_level, 10)


def test_the_socket_is_back_when_somebody_listens_and_goes_when_nobody_does(
    counted: tuple[str, Callable[[], int]], rest: RestCaller, training: Training
) -> None:
    url, sockets = counted
    seen: list[int] = []
    with noise(url):
        eventually(training.is_by_rest, 30, 0.05)
        runs = training.remote.store.service("runs")
        handler = runs.on("patched", lambda document: seen.append(document["epoch"]))
        eventually(lambda: training.go_on() and seen, 30, 0.05)
        eventually(lambda: not training.is_by_rest(), 30, 0.05)
        assert sockets() == 1
        runs.off("patched", handler)
        eventually(training.is_by_rest, 30, 0.05)
        eventually(lambda: sockets() == 0)


def test_who_listens_or_has_a_store_open_keeps_the_socket(
    counted: tuple[str, Callable[[], int]], training: Training
) -> None:
    url, sockets = counted
    handler = training.remote.store.service("other").on("created", print)
    with noise(url), DataStore(url):
        for _ in range(30):
            training.go_on()
            assert training.writer.flush(10)
        training.remote.store.service("other").off("created", handler)
        for _ in range(30):
            training.go_on()
            assert training.writer.flush(10)
        assert sockets() == 1
        assert training.remote.link.way is training.remote.store


@pytest.mark.parametrize("lost", [False, True], ids=["removed by a person", "lost by the database"])
def test_by_rest_too_a_removed_run_stays_removed_and_a_lost_one_comes_back(
    counted: tuple[str, Callable[[], int]], rest: RestCaller, training: Training, lost: bool
) -> None:
    with noise(counted[0]):
        eventually(training.is_by_rest, 30, 0.05)
        assert training.writer.flush(10)
        (document,) = training.stored(rest)
        if lost:
            rest.call("remove", "run-heartbeats", document["_id"], {}, timeout=10)
        rest.call("remove", "runs", document["_id"], {}, timeout=10)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", MarcelleWarning)
            for _ in range(2):
                training.go_on()
                assert training.writer.flush(10) is lost
    found = training.stored(rest)
    assert [str(w.message) for w in caught if "removed" in str(w.message)] == [] if lost else found == []
    if lost:
        assert found[0]["logs"]["loss"] == [n / 7 for n in range(training.epochs)]
    else:
        assert any("removed" in str(w.message) for w in caught)


def test_twelve_processes_give_up_their_sockets_and_all_runs_arrive(
    counted: tuple[str, Callable[[], int]], tmp_path: Path
) -> None:
    url, sockets = counted
    load = Load(processes=12, runs=1, epochs=50, apart=0.1, flood=(3.0, 2.0, 0.5))
    report = run(load, url, tmp_path / "logs", timeout=100)
    assert report.complete == 12
    assert report.by_rest >= 10
    eventually(lambda: sockets() == 0)
