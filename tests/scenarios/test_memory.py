"""Memory does not grow with what a run's copies have, and nothing that still matters is forgotten."""

from __future__ import annotations

import json
import shutil
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.notices import MarcelleWarning, Notices
from marcelle_rt.runs.document import tail
from marcelle_rt.runs.document.numbering import Numbering
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder import journal
from marcelle_rt.runs.sync import past
from marcelle_rt.runs.sync.feed import Feed
from marcelle_rt.runs.sync.replica.replica import Replica
from tests.support.runs import Cut, epoch, new_run


@pytest.fixture
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs drop what their copies have at once, and not from 20,000 values on."""
    monkeypatch.setattr(past, "_HELD", 4)


def values(epochs: int) -> list[float]:
    return [n / 7 for n in range(epochs)]


def saved(writer: Writer, first: int, last: int) -> None:
    for n in range(first, last):
        writer.save_epoch(n, {"loss": n / 7, "acc": n / 7})


def on_disk(writer: Writer) -> dict[str, Any]:
    assert writer.run_directory is not None
    data: dict[str, Any] = json.loads((writer.run_directory / "run_data.json").read_text())
    return data


def stored(store: DataStore, writer: Writer) -> dict[str, Any]:
    (document,) = store.service("runs").items({"basename": writer.name})
    return document


@given(st.lists(st.integers(-3, 12), max_size=30))
def test_places_are_those_of_a_list(epochs: list[int]) -> None:
    places = Numbering()
    seen: list[int] = []
    for number in epochs:
        assert list(places.places(number)) == [place for place, other in enumerate(seen) if other == number]
        assert places.add(number) == len(seen)
        seen.append(number)
        assert list(places) == seen
        assert len(places) == len(seen)
    for keep in range(len(seen), -1, -1):
        places.cut(keep)
        assert list(places) == seen[:keep]
    assert [places.add(number) for number in seen] == list(range(len(seen)))
    assert list(places) == seen


@pytest.mark.parametrize("step", [1, 10, -1])
def test_even_epochs_take_one_stretch_however_many_they_are(step: int) -> None:
    places = Numbering(range(0, 1000 * step, step))
    assert len(places._stretches) == 1
    assert list(places.places(500 * step)) == [500]


def test_a_run_that_forgets_says_how_long_it_is_and_what_came_anew() -> None:
    run = new_run(5)
    tail.forget(run, {"logs.loss": 4}, [("logs.loss", 1)])
    run.apply(epoch(2, loss=9.0))
    run.apply(epoch(5, loss=5.0, acc=1.0))

    loss = run.lists["logs.loss"]
    assert (len(loss), loss[1], loss[2], loss[4], loss[5]) == (6, 1 / 7, 9.0, 4 / 7, 5.0)
    with pytest.raises(LookupError):
        run.document()["logs"]["loss"].__iter__()

    past = new_run(8)
    past.id = run.id
    tail.recall(run, past)
    assert run.logs() == {"loss": [0.0, 1 / 7, 9.0, 3 / 7, 4 / 7, 5.0], "acc": [None] * 5 + [1.0]}
    assert run.is_whole


def test_a_journal_that_has_less_than_was_dropped_is_not_taken_for_the_run() -> None:
    run = new_run(5)
    tail.forget(run, {"logs.loss": 4}, ())
    with pytest.raises(LookupError, match="4 values"):
        tail.recall(run, new_run(3))


@pytest.mark.usefixtures("_forgetful")
def test_a_run_that_forgot_is_whole_on_disk_and_on_the_server(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    writer.create_run()
    writer.train_begin(90)
    for first in (0, 30, 60):
        saved(writer, first, first + 30)
        assert writer.flush()
        assert on_disk(writer)["logs"]["loss"] == values(first + 30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarcelleWarning)
        writer.save_epoch(3, {"loss": 3.0})
    writer.train_end()
    for document in (on_disk(writer), stored(store, writer)):
        assert document["logs"] == {"loss": [*values(3), 3.0, *values(90)[4:]], "acc": values(90)}
        assert document["status"] == "success"


@pytest.mark.usefixtures("_forgetful")
def test_a_run_that_forgot_makes_a_copy_whole_that_lost_something(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    writer.create_run()
    saved(writer, 0, 40)
    assert writer.flush()
    store.service("runs").patch(stored(store, writer)["_id"], {"logs": {"loss": [5.0]}})
    saved(writer, 40, 42)
    writer.train_end()
    assert stored(store, writer)["logs"] == {"loss": values(42), "acc": values(42)}


@pytest.mark.usefixtures("_forgetful")
def test_a_run_that_forgot_fills_an_emptied_database(own_backend: Callable[..., Backend], tmp_path: Path) -> None:
    first = own_backend(data=tmp_path / "data")
    writer = Writer("again", first.url, base_log_dir=tmp_path / "logs")
    writer.create_run()
    saved(writer, 0, 40)
    assert writer.flush()
    first.stop()
    shutil.rmtree(tmp_path / "data")
    second = own_backend(data=tmp_path / "data", port=int(first.url.rsplit(":", 1)[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarcelleWarning)  # the backend was away for a while
        saved(writer, 40, 42)
        writer.train_end()
    with DataStore(second.url) as store:
        assert stored(store, writer)["logs"] == {"loss": values(42), "acc": values(42)}


@pytest.mark.usefixtures("_forgetful")
def test_a_resumed_run_may_drop_what_it_forgot(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path)
    writer.create_run()
    saved(writer, 0, 40)
    writer.end("error", "killed")
    assert writer.run_directory is not None
    again = Writer.resume(writer.run_directory, backend_root=backend.url)
    again.train_begin(60)
    assert again.flush()
    saved(again, 20, 60)
    again.train_end()
    for document in (on_disk(again), stored(store, again)):
        assert document["logs"] == {"loss": values(60), "acc": values(60)}


@pytest.mark.usefixtures("_forgetful")
def test_a_run_without_a_folder_forgets_nothing(backend: Backend, store: DataStore, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file stands where the folder should be")
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path / "logs")
    with pytest.warns(MarcelleWarning, match="No folder"):
        writer.create_run()
    saved(writer, 0, 40)
    assert writer.flush()
    store.service("runs").patch(stored(store, writer)["_id"], {"logs": {"loss": [5.0]}})
    saved(writer, 40, 42)
    writer.train_end()
    assert stored(store, writer)["logs"] == {"loss": values(42), "acc": values(42)}


@pytest.mark.parametrize("live", [True, False], ids=["live", "disk alone"])
def test_what_is_held_does_not_grow_with_a_runs_length(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, live: bool
) -> None:
    monkeypatch.setattr(past, "_HELD", 400)
    writer = Writer(uuid.uuid4().hex, base_log_dir=tmp_path, remote=remote if live else False)
    writer.create_run()
    assert writer._current.run is not None
    run = writer._current.run.feed.run
    held = []
    for first in range(0, 6_000, 2_000):
        saved(writer, first, first + 2_000)
        assert writer.flush()
        held.append((tail.held(run), len(run.lists["logs.loss"])))
    writer.train_end()
    assert [length for _, length in held] == [2_000, 4_000, 6_000]
    assert max(count for count, _ in held) <= 400
    assert len(writer._current.run.epochs._places._stretches) == 1
    assert on_disk(writer)["logs"]["acc"] == values(6_000)


def test_a_copy_that_disagrees_is_compared_with_the_whole_run(backend: Backend, store: DataStore) -> None:
    run = new_run(6)
    events = [{"type": "create", "_id": run.id, "run": {}}, *(epoch(n) for n in range(6))]
    with Cut(backend.url) as documents:
        replica = Replica(run, documents, fresh=True, recall=lambda: tail.recall(run, Run(events)))
        replica.level()
        replica.forget()
        assert tail.held(run) == 0
        store.service("runs").patch(run.id, {"logs.loss": [1.0, 2.0]})
        replica.apply(epoch(6))
        replica.level()
    assert store.service("runs").get(run.id)["logs"] == {"loss": values(7)}


@pytest.mark.usefixtures("_forgetful")
def test_what_a_run_forgot_is_read_again_as_it_was_though_the_journal_is_ahead(tmp_path: Path) -> None:
    book, start = journal.create(tmp_path)
    feed = Feed(book, None, Notices())
    feed.record({"type": "create", "_id": "an-id", "run": {"basename": "b", "start": start, "params": {}}})
    for n in range(40):
        feed.record(epoch(n))
    feed.advance()
    assert not feed.run.is_whole
    feed.record({"type": "resume", "keep": 10})
    for n in range(10, 13):
        feed.record(epoch(n, loss=-1.0))

    feed.past.recall()
    assert feed.run.logs() == {"loss": values(40)}
    feed.past.forget(None)
    feed.flush()
    feed.advance()
    feed.past.recall()
    assert feed.run.logs() == {"loss": [*values(10), -1.0, -1.0, -1.0]}
    book.close()


def test_a_hundred_thousand_epochs_at_full_speed_arrive_complete(
    backend: Backend, store: DataStore, tmp_path: Path
) -> None:
    writer = Writer(uuid.uuid4().hex, backend.url, base_log_dir=tmp_path, finish_timeout=200)
    writer.create_run()
    writer.train_begin(100_000)
    for n in range(100_000):
        writer.save_epoch(n, {"loss": n / 7, "val_loss": -n})
    writer.train_end()
    expected = {"loss": values(100_000), "val_loss": [-n for n in range(100_000)]}
    for document in (stored(store, writer), on_disk(writer)):
        assert document["logs"] == expected
        assert (document["status"], document["epoch"]) == ("success", 99_999)
