"""Sessions need no backend until they are used: what they are made of, how they are copied, what they share."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

from marcelle_rt import DataStore, Service
from marcelle_rt.client.rest.caller import RestCaller
from marcelle_rt.client.session import Session
from marcelle_rt.config import Login
from marcelle_rt.errors import BackendUnreachable, InvalidData

URL = "http://nowhere.invalid:3030"
ADA = Login("ada@example.com", "a secret")

copies = pytest.mark.parametrize("copied", [copy.deepcopy, lambda store: pickle.loads(pickle.dumps(store))])


@copies
def test_a_copy_of_a_store_is_another_store_of_the_same_backend_login_and_time_out(
    copied: Callable[[DataStore], DataStore],
) -> None:
    with DataStore(URL, email=ADA.email, password=ADA.password, timeout=3.0) as store:
        store.on("connected", lambda: None)
        with copied(store) as other:
            assert (other.location, other.timeout, other.status) == (URL, 3.0, "disconnected")
            assert other.key == store.key == (URL, ADA)
            assert other.session is not store.session
            assert other.connection is store.connection
            assert other.connection.users == 2
            other.close()
            assert store.status == "disconnected"
            assert store.connection.users == 1


@copies
def test_a_copy_is_open_though_its_original_is_closed_and_takes_its_services_along(
    copied: Callable[[DataStore], DataStore],
) -> None:
    store = DataStore(URL)
    runs = store.service("runs")
    store.close()
    with copied(store) as other:
        assert (store.status, other.status) == ("closed", "disconnected")
        assert other.service("runs") is not runs
        assert other.service("runs")._session is other.session


@copies
def test_a_login_of_the_environment_is_read_where_the_copy_is(
    copied: Callable[[DataStore], DataStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARCELLE_BACKEND", URL)
    monkeypatch.setenv("MARCELLE_TOKEN", "one")
    with DataStore() as store:
        assert b"one" not in pickle.dumps(store).replace(b"None", b"")
        monkeypatch.setenv("MARCELLE_TOKEN", "another")
        with copied(store) as other:
            assert store.key[1].token == "one"
            assert other.key[1].token == "another"


@copies
def test_a_copy_of_what_goes_by_rest_goes_by_rest(copied: Callable[[object], DataStore]) -> None:
    with DataStore(URL, token="a token") as store, store.by_rest() as rest, copied(rest) as other:
        assert isinstance(other.session.caller, RestCaller)
        assert other.session.caller.login == Login(token="a token")


@copies
def test_a_service_alone_can_be_copied(copied: Callable[[object], Service]) -> None:
    with Service(f"{URL}/runs") as runs, copied(runs) as other:
        assert (other.name, other.location) == ("runs", f"{URL}/runs")
        assert other._session is not runs._session


def test_a_store_makes_each_service_once_and_names_are_checked_each_time() -> None:
    with DataStore(URL) as store:
        assert store.service("runs") is store.service("runs")
        assert store.service("runs") is not store.service("models")
        for bad in ("", " ", "a/b", "a?b", "a#b", 'a"b', "a\\b", "a\nb", None, 3, ["runs"]):
            with pytest.raises(InvalidData, match="service"):
                store.service(bad)  # type: ignore[arg-type]


def test_by_rest_there_are_calls_and_uploads_but_no_events() -> None:
    with DataStore(URL) as store, store.by_rest() as rest:
        assert (rest.status, store.status) == ("connected", "disconnected")
        for follow in (
            lambda: rest.service("things").on("created", print),
            lambda: rest.service("things").watch(),
            rest.session.connect,
        ):
            with pytest.raises(BackendUnreachable, match="there are no events over REST"):
                follow()
        rest.service("things").off("created", print)
        rest.close()
        rest.close()
        assert rest.status == "closed"
        with pytest.raises(BackendUnreachable, match="closed"):
            rest.service("things").find()


def test_a_closed_session_calls_nobody_and_has_no_handlers() -> None:
    session = Session(URL)
    events = session.connection.events
    session.on("connected", print)
    session.on("things created", print, background=True)
    assert events.wanted("connected")
    session.close()
    session.close()
    assert not events.wanted("connected")
    assert not events.wanted("things created")
    session.off("connected", print)
    for use in (session.connect, lambda: session.on("connected", print), lambda: session.call("find", "things", {})):
        with pytest.raises(BackendUnreachable, match="this DataStore is closed; make another"):
            use()


def test_closing_ends_what_follows() -> None:
    class Following:
        closed = 0

        def close(self) -> None:
            self.closed += 1

        def read_again(self) -> None: ...

    session, following = Session(URL), Following()
    session.followers.add(following)
    session.close()
    session.close()
    assert following.closed == 1


def test_half_a_login_is_refused_without_the_password() -> None:
    with pytest.raises(InvalidData, match="email and password") as raised:
        DataStore(URL, password="a secret")
    assert "a secret" not in str(raised.value)
