"""A view of a query shows what is there and what changes, also across cuts."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable
from itertools import islice

import pytest

from marcelle_rt import DataStore, Service
from marcelle_rt.client.watch import Change
from marcelle_rt.errors import InvalidData
from tests.faults.proxy import Proxy
from tests.helpers import eventually

from .conftest import fresh_name, key


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
    assert not service._store.connection.events.wanted(f"{service.name} created")


def test_a_closed_view_is_at_its_end(service: Service) -> None:
    view = service.watch()
    waiting = threading.Thread(target=lambda: list(view))
    waiting.start()
    view.close()
    waiting.join(10)
    assert not waiting.is_alive()
    with pytest.raises(StopIteration):
        next(view)


def test_a_query_that_pages_is_refused(store: DataStore) -> None:
    with pytest.raises(InvalidData, match=r"query\.\$limit"):
        store.service("runs").watch({"$limit": 3})
