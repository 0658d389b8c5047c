"""A view of a query shows what is there and what changes, also across cuts."""

from __future__ import annotations

import gc
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import pytest

from marcelle_rt import DataStore, Service
from marcelle_rt.client.paging import Pages
from marcelle_rt.client.view import View
from marcelle_rt.client.watch import Change
from marcelle_rt.errors import FeathersError, InvalidData
from marcelle_rt.notices import MarcelleWarning
from tests.helpers import eventually
from tests.support.proxy import Proxy
from tests.support.services import fresh_name, key


def short(changes: Iterable[Change]) -> list[tuple[str, int]]:
    return [(change.kind, change.document["n"]) for change in changes]


def test_it_gives_what_is_there_then_what_changes(service: Service) -> None:
    first = service.create({"n": 1})
    with service.watch(timeout=10) as view:
        assert short([next(view)]) == [("initial", 1)]
        second = service.create({"n": 2})
        service.patch(key(first), {"n": 3})
        service.remove(key(second))
        assert short(islice(view, 3)) == [("added", 2), ("changed", 3), ("removed", 2)]


def test_a_document_comes_and_goes_as_it_matches(service: Service) -> None:
    service.create({"n": 9})
    with service.watch({"n": {"$gte": 5}}, timeout=10) as view:
        assert short([next(view)]) == [("initial", 9)]
        one = service.create({"n": 1})
        for n in (5, 6, 2, 7, 0):
            service.patch(key(one), {"n": n})
        expected = [("added", 5), ("changed", 6), ("removed", 2), ("added", 7), ("removed", 0)]
        assert short(islice(view, 5)) == expected


def test_it_ends_when_nothing_comes_in_time_and_goes_on_when_iterated_again(service: Service) -> None:
    service.create({"n": 1})
    with service.watch(timeout=0.3) as view:
        assert short(view) == [("initial", 1)]
        assert short(view) == []
        service.create({"n": 2})
        assert short(view) == [("added", 2)]


def test_it_ends_in_time_also_while_the_line_is_away(proxied: Proxy, open_store: Callable[..., DataStore]) -> None:
    store = open_store(proxied.url)
    there = store.service(fresh_name())
    there.create({"n": 1})
    with there.watch(timeout=0.3) as view:
        assert short(view) == [("initial", 1)]
        proxied.refuse()
        eventually(lambda: store.status == "connecting")
        assert short(view) == []
        proxied.allow()
        store.connect()
        there.create({"n": 2})
        eventually(lambda: short(view) == [("added", 2)])


def test_what_happened_while_the_line_was_down_is_made_up_for(
    proxied: Proxy, server: str, open_store: Callable[..., DataStore]
) -> None:
    near, far = open_store(proxied.url), open_store(server)
    there = far.service(fresh_name())
    stays, changes, goes = there.create([{"n": 1}, {"n": 2}, {"n": 3}])
    with near.service(there.name).watch(timeout=15) as view:
        assert sorted(short(islice(view, 3))) == [("initial", 1), ("initial", 2), ("initial", 3)]
        proxied.refuse()
        eventually(lambda: near.status == "connecting")
        there.remove(key(goes))
        there.patch(key(changes), {"n": 20})
        there.create({"n": 4})
        proxied.allow()
        assert sorted(short(islice(view, 3))) == [("added", 4), ("changed", 20), ("removed", 3)]
        there.patch(key(stays), {"n": 10})
        assert short(islice(view, 1)) == [("changed", 10)]


def test_a_view_that_is_cut_again_and_again_ends_up_with_the_servers_state(
    proxied: Proxy, server: str, open_store: Callable[..., DataStore]
) -> None:
    near, far = open_store(proxied.url), open_store(server)
    there = far.service(fresh_name())
    seen: dict[object, int] = {}
    view = near.service(there.name).watch()

    def follow() -> None:
        for kind, document in view:
            if kind == "removed":
                del seen[key(document)]
            else:
                assert (kind in ("initial", "added")) == (key(document) not in seen)
                seen[key(document)] = document["n"]

    follower = threading.Thread(target=follow)
    follower.start()
    for n in range(60):
        made = there.create({"n": n})
        there.patch(key(made), {"n": n + 1000})
        if n % 3 == 0:
            there.remove(key(made))
        if n % 15 == 7:
            proxied.cut()
    state = {key(document): document["n"] for document in there.items()}
    assert len(state) == 40
    eventually(lambda: seen == state)
    near.close()
    follower.join(10)
    assert not follower.is_alive()


def test_a_view_that_nobody_holds_stops_listening(service: Service) -> None:
    service.create({"n": 1})
    for _ in service.watch():
        break
    gc.collect()
    assert not service._session.connection.events.wanted(f"{service.name} created")


def test_a_closed_view_is_at_its_end(service: Service) -> None:
    view = service.watch()
    waiting = threading.Thread(target=lambda: list(view))
    waiting.start()
    view.close()
    waiting.join(10)
    assert not waiting.is_alive()
    with pytest.raises(StopIteration):
        next(view)


@pytest.mark.parametrize("query", [{"tags": {"$ne": "old"}}, {"ended": None}], ids=str)
def test_where_databases_differ_the_servers_own_answer_is_given(service: Service, query: dict) -> None:
    def found() -> dict[object, int]:
        return {key(document): document["n"] for document in service.items(query)}

    first = service.create({"n": 1, "tags": ["old", "new"]})
    seen: dict[object, int] = {}
    with service.watch(query, timeout=0.1) as view:

        def catch_up() -> bool:
            for kind, document in view:
                assert (kind in ("initial", "added")) == (key(document) not in seen)
                if kind == "removed":
                    del seen[key(document)]
                else:
                    seen[key(document)] = document["n"]
            return seen == found()

        eventually(catch_up)
        second = service.create({"n": 2, "tags": [], "ended": None})
        service.create({"n": 3, "tags": ["new"], "ended": "today"})
        eventually(catch_up)
        service.patch(key(first), {"n": 4})
        eventually(catch_up)
        service.patch(key(first), {"tags": ["old"], "ended": None})
        service.patch(key(second), {"tags": ["old", "older"], "ended": "today"})
        eventually(catch_up)
        service.remove(key(first))
        eventually(catch_up)


def test_a_query_that_pages_is_refused(store: DataStore) -> None:
    with pytest.raises(InvalidData, match=r"query\.\$limit"):
        store.service("runs").watch({"$limit": 3})


def test_a_slow_reader_gets_the_newest_state_of_each_document_and_one_warning(
    server: str, open_store: Callable[..., DataStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(View.__init__, "__defaults__", (10_000,))
    store = open_store(server)
    there = open_store(server.replace("127.0.0.1", "localhost")).service(fresh_name())
    ids = [key(made) for made in there.create([{"n": 0} for _ in range(5)])]
    with store.service(there.name).watch(timeout=10) as view, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", MarcelleWarning)
        assert [next(view).kind for _ in ids] == ["initial"] * 5
        for n in range(1, 101):
            there.patch(None, {"n": n})
        last = there.create({"n": -1})
        eventually(lambda: view._inbox.view._state.get(key(last)) is not None)
        assert view._inbox.view._weight < 10_000 + 1000
        newest: dict[object, int] = {}
        for change in view:
            newest[key(change.document)] = change.document["n"]
            if key(change.document) == key(last):
                break
        assert newest == {**dict.fromkeys(ids, 100), key(last): -1}
        assert 250 < view.merged < 500
        assert [warning.category for warning in said] == [MarcelleWarning]
        assert "merged" in str(said[0].message)


def test_a_query_that_the_server_refuses_is_an_error_and_leaves_nothing(
    server: str, open_store: Callable[..., DataStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    things = open_store(server).service(fresh_name())
    things.create({"n": 1})
    monkeypatch.setattr("marcelle_rt.client.query.check", lambda query: None)  # what only the server may know
    with things.watch({"n": {"$bad": 1}}, timeout=5) as view, pytest.raises(FeathersError, match=things.name):
        next(view)
    assert not things._session.connection.events.wanted(f"{things.name} created")
    with things.watch(timeout=5) as view:
        assert short([next(view)]) == [("initial", 1)]


def test_a_line_that_is_half_open_while_it_reads_again_loses_and_doubles_nothing(
    proxied: Proxy, server: str, open_store: Callable[..., DataStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    near, there = open_store(proxied.url, timeout=1.0), open_store(server).service(fresh_name())
    there.create([{"n": n} for n in range(300)])
    reads: list[int] = []
    read = Pages._read

    def watched(reading: Pages) -> Iterator[dict]:
        for place, document in enumerate(read(reading)):
            if place == 100 and len(reads) == 1:
                reads.append(place)
                proxied.hold()
                there.create({"n": 1000})
            yield document

    def end_it() -> None:
        eventually(lambda: len(reads) == 2)
        proxied.cut()
        proxied.release()

    with near.service(there.name).watch(timeout=30) as view, warnings.catch_warnings():
        warnings.simplefilter("ignore", MarcelleWarning)  # of answers that don't come
        assert sorted(change.document["n"] for change in islice(view, 300)) == list(range(300))
        monkeypatch.setattr(Pages, "_read", watched)
        reads.append(0)
        proxied.cut()
        there.create({"n": 999})
        breaker = threading.Thread(target=end_it)
        breaker.start()
        found = short(islice(view, 2))
        breaker.join()
        assert sorted(found) == [("added", 999), ("added", 1000)]
        last = there.create({"n": 2000})
        assert short(islice(view, 1)) == [("added", 2000)]
        there.remove(key(last))
        assert short(islice(view, 1)) == [("removed", 2000)]


@pytest.mark.parametrize("phase", ["reading", "waiting", "away", "reading again"])
def test_another_thread_can_end_it_at_any_time(
    proxied: Proxy, open_store: Callable[..., DataStore], phase: str
) -> None:
    store = open_store(proxied.url)
    things = store.service(fresh_name())
    things.create({"n": 1})
    seen: list[int] = []
    view = things.watch()
    if phase == "reading":
        proxied.hold()
    reader = threading.Thread(target=lambda: seen.extend(change.document["n"] for change in view))
    reader.start()
    if phase != "reading":
        eventually(lambda: seen)
    if phase == "reading again":
        proxied.hold()
        view.read_again()
    if phase.startswith("reading"):
        eventually(lambda: proxied.held)
    if phase == "away":
        proxied.refuse()
        eventually(lambda: store.status == "connecting")
    view.close()
    proxied.release()
    reader.join(10)
    assert not reader.is_alive()
    assert not store.connection.events.wanted(f"{things.name} created")


def test_closing_its_store_ends_it_and_leaves_no_thread(proxied: Proxy, open_store: Callable[..., DataStore]) -> None:
    before = set(threading.enumerate())
    store = open_store(proxied.url)
    things = store.service(fresh_name())
    things.create({"n": 1})
    view = things.watch()
    assert short([next(view)]) == [("initial", 1)]
    reader = threading.Thread(target=lambda: list(view))
    reader.start()
    store.close()
    reader.join(10)
    assert set(threading.enumerate()) <= before
    with pytest.raises(StopIteration):
        next(view)
