"""Services: Feathers' methods and events, on both kinds of server."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import numpy as np
import pytest

from marcelle_rt import DataStore, Service
from marcelle_rt.errors import (
    BackendUnreachable,
    CallTimeout,
    InvalidData,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
)
from tests.helpers import eventually
from tests.support.services import fresh_name, key


def test_a_document_is_created_read_replaced_changed_and_removed(service: Service) -> None:
    made = service.create({"a": 1, "b": {"c": [1, 2]}})
    assert service.get(key(made))["b"] == {"c": [1, 2]}
    assert service.patch(key(made), {"a": 2})["b"] == {"c": [1, 2]}
    assert "b" not in service.update(key(made), {"a": 3})
    assert service.find({"query": {"a": 3}})["total"] == 1
    assert service.remove(key(made))["a"] == 3
    with pytest.raises(NotFound, match=f"{service.name}.get"):
        service.get(key(made))


def test_arrays_and_none_stand_for_many_documents(service: Service) -> None:
    assert [made["n"] for made in service.create([{"n": 0}, {"n": 1}, {"n": 2}])] == [0, 1, 2]
    changed = service.patch(None, {"seen": True}, {"query": {"n": {"$gte": 1}}})
    assert sorted(document["n"] for document in changed) == [1, 2]
    assert len(service.remove(None, {"query": {"n": {"$in": [0, 1]}}})) == 2
    assert service.count() == 1


def test_a_query_filters_sorts_pages_and_selects(service: Service) -> None:
    service.create([{"n": n, "even": n % 2 == 0} for n in range(10)])
    query = {"$or": [{"n": {"$lt": 3}}, {"n": 9}], "$sort": {"n": -1}, "$limit": 2, "$skip": 1, "$select": ["n"]}
    found = service.find({"query": query})
    assert (found["total"], [document["n"] for document in found["data"]]) == (4, [2, 1])
    assert "even" not in found["data"][0]
    assert service.count({"even": True, "$limit": 1, "$skip": 2, "$sort": {"n": 1}}) == 5


def test_what_json_cannot_hold_is_converted_or_null_before_it_is_sent(service: Service) -> None:
    time = dt.datetime(2026, 11, 24, 7, 0, tzinfo=dt.timezone.utc)
    made = service.create({"nan": float("nan"), "inf": [np.inf, 1.5], "array": np.arange(3), "time": time})
    stored = service.get(key(made))
    assert stored["nan"] is None
    assert stored["inf"] == [None, 1.5]
    assert stored["array"] == [0, 1, 2]
    assert stored["time"] == "2026-11-24T07:00:00.000Z"


def test_a_key_that_a_database_refuses_is_named_and_not_sent(service: Service) -> None:
    for data in ({"a": {"b.c": 1}}, {"a": [{"$set": 1}]}):
        with pytest.raises(InvalidData, match=r"data\.a"):
            service.create(data)
    assert service.count() == 0


def test_patch_lets_the_database_s_operators_through(store: DataStore) -> None:
    runs = store.service(fresh_name())
    made = runs.create({"logs": {"loss": [3]}})
    assert runs.patch(made["_id"], {"$push": {"logs.loss": 2}})["logs"] == {"loss": [3, 2]}
    assert runs.patch(made["_id"], {"logs.loss.2": 1})["logs"] == {"loss": [3, 2, 1]}


def test_a_message_as_large_as_the_limit_passes_and_a_larger_one_is_refused(service: Service) -> None:
    call = f'42"create","{service.name}",{{"text":""}},{{}}'
    room = 1_000_000 - len(call) - len("[]") - 10
    assert len(service.create({"text": "x" * room})["text"]) == room
    with pytest.raises(PayloadTooLarge, match="1,000,001 bytes") as caught:
        service.create({"text": "x" * (room + 1)})
    assert (caught.value.size, caught.value.limit) == (1_000_001, 1_000_000)
    assert service.count() == 1


def test_an_id_may_be_zero_or_a_numpy_integer_but_nothing_else(feathers5: str) -> None:
    with DataStore(feathers5) as store:
        numbers = store.service(fresh_name())
        assert key(numbers.create({"first": True})) == 0
        assert numbers.get(0) == numbers.get(np.int64(0))
        with pytest.raises(InvalidData, match="is not an id"):
            numbers.get(1.5)


def test_each_event_arrives_once_and_in_order(service: Service) -> None:
    seen: list[tuple[str, int]] = []
    for event in ("created", "patched", "updated", "removed"):
        service.on(event, lambda document, event=event: seen.append((event, document["n"])))
    made = service.create({"n": 0})
    for n in range(1, 100):
        service.patch(key(made), {"n": n})
    service.update(key(made), {"n": 100})
    service.remove(key(made))
    expected = [("created", 0), *(("patched", n) for n in range(1, 100)), ("updated", 100), ("removed", 100)]
    eventually(lambda: len(seen) >= len(expected))
    assert seen == expected


def test_a_handler_may_call_services_and_one_that_raises_stops_no_other(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    read: list[object] = []

    @service.on("created")
    def fails(document: dict) -> None:
        raise ZeroDivisionError("mine")

    @service.on("created")
    def reads(document: dict) -> None:
        read.append(service.get(key(document))["n"])

    service.create({"n": 1})
    service.create({"n": 2})
    eventually(lambda: read == [1, 2])
    assert "ZeroDivisionError: mine" in caplog.text


def test_off_takes_away_one_handler_or_all_and_once_is_once(service: Service) -> None:
    seen: list[str] = []

    def kept(document: dict) -> None:
        seen.append("kept")

    def dropped(document: dict) -> None:
        seen.append("dropped")

    service.once("created", lambda document: seen.append("once"))
    service.once("created", dropped)
    service.on("created", kept)
    service.on("created", dropped)
    service.off("created", dropped)
    service.create([{}, {}])
    eventually(lambda: seen.count("kept") == 2)
    assert seen == ["once", "kept", "kept"]
    service.off("created")
    fence = threading.Event()
    service.once("created", lambda document: fence.set())
    service.create({})
    assert fence.wait(10)
    assert len(seen) == 3


def test_another_service_s_events_are_not_delivered(service: Service) -> None:
    seen: list[dict] = []
    service.on("created", seen.append)
    other = Service(service.location + "x", session=service._session)
    other.create({"n": 1})
    service.create({"n": 2})
    eventually(lambda: seen)
    assert [document["n"] for document in seen] == [2]


def test_names_may_have_spaces_and_accents(service: Service) -> None:
    named = Service(service.location + " à la main", session=service._session)
    seen: list[dict] = []
    named.on("created", seen.append)
    named.create({"text": "déjà vu 😀"})
    eventually(lambda: seen)
    assert seen[0]["text"] == "déjà vu 😀" == next(named.items())["text"]


@pytest.mark.parametrize("name", ["a/b", "", " ", 'a"b', "a?b", "a\nb", None])
def test_a_name_that_no_service_has_is_refused(store: DataStore, name: str) -> None:
    with pytest.raises(InvalidData, match="service"):
        store.service(name)


def test_params_other_than_the_query_are_refused_rather_than_ignored(store: DataStore) -> None:
    with pytest.raises(InvalidData, match=r"params\.\$limit.*put filters in `query`"):
        store.service("runs").find({"$limit": 5})
    assert store.service("runs").find({"query": None})["limit"] == 100


def test_an_event_that_does_not_exist_is_refused(store: DataStore) -> None:
    with pytest.raises(InvalidData, match="created, updated, patched, removed"):
        store.service("runs").on("change", print)


def test_a_call_that_is_never_answered_times_out_and_leaves_the_connection_up(
    open_store: Callable[..., DataStore], server: str
) -> None:
    store = open_store(server, timeout=0.3)
    store.connect()
    with pytest.raises(CallTimeout, match=r"things\.nonsense within 0\.3 s"):
        store.connection.call("nonsense", "things", {}, timeout=0.3)
    assert store.status == "connected"
    assert store.service("things").count() >= 0


def test_a_method_that_the_service_lacks_is_the_server_s_error(store: DataStore) -> None:
    with pytest.raises(MethodNotAllowed):
        store.service("info").remove("x")


def test_a_service_can_be_had_by_its_url_alone(server: str) -> None:
    name = fresh_name()
    with Service(f"{server}/{name}/") as alone:
        alone.create({"n": 1})
        assert (alone.name, alone.count()) == (name, 1)
    with pytest.raises(BackendUnreachable, match="closed"):
        alone.count()
    with pytest.raises(InvalidData, match="names no service"):
        Service(server)


def test_calls_can_be_under_way_together_and_be_given_up(service: Service) -> None:
    made = service.create([{"n": n} for n in range(50)])
    connection = service._session.connection
    calls = [connection.call_async("get", service.name, key(one), {}, timeout=10) for one in made]
    calls[0].cancel()
    assert [call.result()["n"] for call in calls[1:]] == list(range(1, 50))
    assert all(call.done() for call in calls[1:])


def test_the_names_of_a_backend_s_services_are_listed(store: DataStore) -> None:
    name = fresh_name()
    store.service(name).create({})
    assert name in store.services()


def test_a_dataframe_has_a_row_for_each_document(service: Service) -> None:
    service.create([{"n": n, "name": f"n{n}"} for n in range(3)])
    frame = service.to_pandas({"$sort": {"n": 1}})
    assert list(frame["name"]) == ["n0", "n1", "n2"]


def test_slashes_around_a_name_are_as_good_as_none(store: DataStore) -> None:
    assert store.service("/notes/") is store.service("notes")
    with pytest.raises(InvalidData, match="contains '/'"):
        store.service("a/b")


def test_an_async_handler_which_nobody_would_await_is_refused(service: Service) -> None:
    async def handler(document: dict) -> None: ...

    with pytest.raises(InvalidData, match="run_coroutine_threadsafe"):
        service.on("created", handler)
