"""The same calls by REST: no socket, the same answers and errors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from marcelle_rt import DataStore, Service
from marcelle_rt.backend import Backend
from marcelle_rt.client.rest.caller import RestCaller
from marcelle_rt.config import Login
from marcelle_rt.errors import (
    BackendUnreachable,
    BadRequest,
    FeathersError,
    InvalidData,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
)
from tests.support.accounts import EMAIL, PASSWORD
from tests.support.proxy import Proxy
from tests.support.services import fresh_name, key


@pytest.fixture
def by_rest(server: str) -> Iterator[Service]:
    """An empty service on each kind of server, reached by REST."""
    url = server.replace("127.0.0.1", "localhost")  # by that name no other test's store is connected, to be shared
    with DataStore(url) as store, store.by_rest() as rest:
        yield rest.service(fresh_name())
        assert store.status == "disconnected"  # no socket was made


@pytest.fixture
def things(backend: Backend) -> Iterator[Service]:
    with DataStore(backend.url) as store, store.by_rest() as rest:
        yield rest.service(fresh_name())


def test_documents_are_made_read_changed_and_removed(by_rest: Service) -> None:
    made = by_rest.create({"_id": str(uuid4()), "name": "å/b?c&d=[e]", "n": 1.5})
    identity = key(made)
    assert by_rest.get(identity) == made
    assert by_rest.patch(identity, {"n": 2})["n"] == 2
    assert by_rest.update(identity, {"name": "new"})["name"] == "new"
    assert by_rest.remove(identity)["name"] == "new"
    with pytest.raises(NotFound) as raised:
        by_rest.get(identity)
    assert raised.value.call == f"{by_rest.name}.get"


def test_queries_arrive_as_they_were_meant(things: Service) -> None:
    for n, rev in enumerate(["0001", "0002", "0003"]):
        things.create({"_id": f"id?{n}", "rev": rev, "tag": "a&b=c" if n else "[x]"})

    def found(**query: object) -> list[str]:
        return [document["_id"] for document in things.find({"query": {"$sort": {"_id": 1}, **query}})["data"]]

    assert found(rev={"$lte": "0002"}) == ["id?0", "id?1"]
    assert found(tag="a&b=c") == ["id?1", "id?2"]
    assert found(tag="[x]") == ["id?0"]
    assert found(_id={"$in": ["id?2", "id?0"]}) == ["id?0", "id?2"]
    assert found(_id={"$in": ["id?1"]}) == ["id?1"]
    assert found(rev={"$in": [f"000{n}" for n in range(20)]}) == ["id?0", "id?1", "id?2"]
    assert found(**{"$or": [{"rev": "0001"}, {"rev": {"$gt": "0002"}}]}) == ["id?0", "id?2"]
    assert found(**{"$sort": {"rev": -1}, "$limit": 1}) == ["id?2"]
    assert things.get("id?1", {"query": {"$select": ["_id", "rev"]}}) == {"_id": "id?1", "rev": "0002"}
    assert things.count({"tag": "a&b=c"}) == 2
    assert [document["_id"] for document in things.items()] == ["id?0", "id?1", "id?2"]
    assert things.patch("id?1", {"n.m": 1}, {"query": {"rev": {"$lte": "0002"}}})["n"] == {"m": 1}
    with pytest.raises(NotFound):
        things.patch("id?2", {"n": 1}, {"query": {"rev": {"$lte": "0002"}}})
    assert len(things.remove(None, {"query": {"tag": "a&b=c"}})) == 2


@pytest.mark.parametrize(
    "query",
    [
        {"n": 3},
        {"n": {"$gt": 1.5}},
        {"ok": True},
        {"n": None},
        {"n": {"$in": []}},
        {"n": {"$in": ["a"] * 21}},
        {"a": {"b]": "c"}},
    ],
    ids=["number", "comparison", "bool", "null", "empty list", "long list", "bracket"],
)
def test_what_would_arrive_as_something_else_is_not_asked(things: Service, query: dict[str, object]) -> None:
    with pytest.raises(InvalidData):
        things.find({"query": query})


def test_a_body_over_the_limit_is_not_sent_and_one_under_it_arrives(things: Service) -> None:
    with pytest.raises(PayloadTooLarge):
        things.create({"text": "x" * 100_000})
    assert things.count() == 0
    assert len(things.create({"text": "x" * 99_000})["text"]) == 99_000


def test_the_servers_errors_are_the_sockets(things: Service) -> None:
    with DataStore(things.location.rpartition("/")[0]) as store:
        socket = store.service(things.name)
        made = socket.create({"n": 1})
        for call in (
            lambda service: service.find({"query": {"$nonsense": "1"}}),
            lambda service: service.create({"_id": made["_id"]}),
        ):
            errors = []
            for service in (socket, things):
                with pytest.raises(FeathersError) as raised:
                    call(service)
                errors.append((type(raised.value), raised.value.message))
            assert errors[0] == errors[1]
        with pytest.raises(BadRequest):
            things.find({"query": {"$nonsense": "1"}})


def test_a_connection_is_kept(server: str) -> None:
    with Proxy(server) as proxy, DataStore(proxy.url) as store, store.by_rest() as rest:
        for _ in range(5):
            rest.service("things").find()
        assert proxy.accepted == 1
        proxy.cut()
        rest.service("things").find()  # a read is asked again


def test_nobody_there_and_a_closed_store_are_said(unused_url: str, backend: Backend) -> None:
    with DataStore(unused_url) as store, store.by_rest() as rest, pytest.raises(BackendUnreachable, match=unused_url):
        rest.service("things").find()
    with DataStore(backend.url) as store:
        rest = store.by_rest()
        rest.close()
        with pytest.raises(BackendUnreachable, match="closed"):
            rest.service("things").find()


def test_no_events_come_by_rest(things: Service) -> None:
    with pytest.raises(BackendUnreachable, match="no events"):
        things.on("created", print)


def test_a_login_is_renewed_before_its_token_ends_and_when_it_is_refused(forgetful: str) -> None:
    clock = [time.monotonic()]
    connection = RestCaller(forgetful, Login(EMAIL, PASSWORD), clock=lambda: clock[0])
    first = connection.token(0)
    assert connection.call("find", "runs", {}, timeout=10)["total"] == 0
    assert connection.token(0) == first
    time.sleep(1.1)  # a token's times are whole seconds, so one of the same second is the same
    clock[0] += 4.5
    second = connection.token(0)
    assert second != first
    time.sleep(1.1)
    assert connection.token(0, refused=second) not in (None, second)
    connection.close()
    stranger = RestCaller(forgetful, Login(EMAIL, "wrong"))
    with pytest.raises(NotAuthenticated):
        stranger.call("find", "runs", {}, timeout=10)
    stranger.close()
    nobody = RestCaller(forgetful, Login())
    with pytest.raises(NotAuthenticated):
        nobody.call("find", "runs", {}, timeout=10)
    nobody.close()
