"""Signing in, on a real backend that asks for it, and staying signed in."""

from __future__ import annotations

import base64
import json
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from marcelle_rt import DataStore
from marcelle_rt.client.auth import Grant, request
from marcelle_rt.client.socket import connection
from marcelle_rt.config import Login
from marcelle_rt.errors import InvalidData, NotAuthenticated
from tests.helpers import eventually
from tests.support.accounts import ADA, EMAIL, PASSWORD
from tests.support.proxy import Proxy
from tests.support.services import fresh_name


def token_of(store: DataStore) -> str:
    store.connect()
    token = store.connection.token(0)
    assert token is not None
    return token


def test_a_login_opens_services_events_and_tokens(guarded: str, open_store: Callable[..., DataStore]) -> None:
    with pytest.raises(NotAuthenticated):
        open_store(guarded).service("things").find()
    store = open_store(guarded, **ADA)
    things = store.service(fresh_name())
    seen: list[dict] = []
    things.on("created", seen.append)
    things.create({"n": 1})
    eventually(lambda: seen)
    by_token = open_store(guarded, token=token_of(store))
    assert by_token.service(things.name).count() == 1


def test_a_wrong_password_never_gets_a_good_login_s_connection(
    guarded: str, open_store: Callable[..., DataStore]
) -> None:
    good, same = open_store(guarded, **ADA), open_store(guarded, **ADA)
    good.connect()
    assert same.connection is good.connection
    wrong = open_store(guarded, email=EMAIL, password="wrong")
    with pytest.raises(NotAuthenticated, match="Invalid login"):
        wrong.service("things").find()
    with pytest.raises(NotAuthenticated):
        wrong.connect()
    assert wrong.status == "disconnected"


def test_handlers_go_along_with_a_login_and_a_logout(guarded: str, open_store: Callable[..., DataStore]) -> None:
    store, other = open_store(guarded), open_store(guarded, **ADA)
    things = store.service(fresh_name())
    seen: list[int] = []
    things.on("created", lambda document: seen.append(document["n"]))
    store.login(EMAIL, PASSWORD)
    assert store.connection is other.connection
    other.service(things.name).create({"n": 1})
    eventually(lambda: seen == [1])
    with pytest.raises(NotAuthenticated):
        store.login(EMAIL, "wrong")
    assert things.count() == 1
    store.logout()
    with pytest.raises(NotAuthenticated):
        things.count()
    assert other.service(things.name).count() == 1


def test_a_view_goes_along_with_a_login_and_ends_with_an_error_where_a_logout_closes_its_service(
    guarded: str, open_store: Callable[..., DataStore]
) -> None:
    store, other = open_store(guarded, **ADA), open_store(guarded, **ADA)
    things = other.service(fresh_name())
    things.create({"n": 1})
    with store.service(things.name).watch(timeout=10) as view:
        assert next(view).document["n"] == 1
        store.logout()
        with pytest.raises(NotAuthenticated, match=things.name):
            next(view)
        things.create({"n": 2})
        store.login(EMAIL, PASSWORD)
        assert next(view).document["n"] == 2
        things.create({"n": 3})
        assert next(view).document["n"] == 3


def test_a_view_shows_what_each_user_may_see(guarded: str, open_store: Callable[..., DataStore]) -> None:
    bob = {"email": f"{fresh_name('bob')}@example.com", "password": "a secret"}
    open_store(guarded).service("users").create(bob)
    hers = open_store(guarded, **ADA).service(fresh_name())
    his = open_store(guarded, **bob).service(hers.name)
    hers.create({"n": 1})
    hers.create({"n": 2, "public": True})
    his.create({"n": 3})
    store = open_store(guarded, **ADA)
    # A query about which databases differ, so that the server is asked about each document that changes.
    with store.service(hers.name).watch({"ended": None, "tags": {"$ne": "old"}}, timeout=0.5) as view:

        def given() -> list[tuple[str, int]]:
            return sorted((change.kind, change.document["n"]) for change in view)

        assert given() == []  # for this database
        made = hers.create({"n": 4, "ended": None, "tags": ["old", "new"]})
        eventually(lambda: given() == [("added", 4)])
        hers.remove(made["_id"])
        eventually(lambda: given() == [("removed", 4)])
    with store.service(hers.name).watch(timeout=0.5) as view:
        eventually(lambda: given() == [("initial", 1), ("initial", 2)])
        store.login(**bob)
        eventually(lambda: given() == [("added", 3), ("removed", 1)])
        hers.create({"n": 5})
        shown = hers.create({"n": 6, "public": True})
        his.create({"n": 7})
        seen: list[tuple[str, int]] = []
        eventually(lambda: seen.extend(given()) or sorted(seen) == [("added", 6), ("added", 7)])
        hers.patch(shown["_id"], {"public": False})  # of which the backend tells him nothing
        his.create({"n": 8})
        eventually(lambda: given() == [("added", 8)])
        view.read_again()
        assert given() == [("removed", 6)]


def test_a_view_whose_login_is_no_longer_taken_ends_with_that_error_and_can_go_on(
    guarded: str, open_store: Callable[..., DataStore]
) -> None:
    bob = {"email": f"{fresh_name('bob')}@example.com", "password": "a secret"}
    users = open_store(guarded, **bob)
    user = open_store(guarded).service("users").create(bob)
    there = users.service(fresh_name())
    there.create({"n": 1})
    with Proxy(guarded) as proxy:
        store = open_store(proxy.url, **bob)
        with store.service(there.name).watch(timeout=20) as view:
            assert next(view).document["n"] == 1
            users.service("users").patch(user["_id"], {"password": "another secret"})
            proxy.cut()
            with pytest.raises(NotAuthenticated, match="does not accept the login of bob"):
                next(view)
            there.create({"n": 2})
            store.login(bob["email"], "another secret")
            assert next(view).document["n"] == 2


def test_after_a_cut_it_signs_in_before_anything_else_is_sent(
    guarded: str, open_store: Callable[..., DataStore]
) -> None:
    with Proxy(guarded) as proxy:
        store = open_store(proxy.url, **ADA)
        things = store.service(fresh_name())
        seen: list[int] = []
        things.on("created", lambda document: seen.append(document["n"]))
        refused: list[Exception] = []

        def work() -> None:
            for _ in range(60):
                try:
                    things.count()
                except Exception as error:  # any kind is what this test looks for
                    refused.append(error)

        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        for _ in range(3):
            proxy.cut()
            eventually(lambda: store.status == "connecting")
            store.connect()
        for worker in workers:
            worker.join(60)
        things.create({"n": 1})
        eventually(lambda: seen == [1])
        assert refused == []


def test_a_login_is_renewed_before_its_token_ends_and_no_event_is_missed(
    forgetful: str, open_store: Callable[..., DataStore]
) -> None:
    store = open_store(forgetful, **ADA)
    things = store.service(fresh_name())
    seen: list[int] = []
    lost: list[bool] = []
    things.on("created", lambda document: seen.append(document["n"]))
    store.on("disconnected", lambda: lost.append(True))
    tokens = {token_of(store)}
    made = 0

    def renewed_twice() -> bool:
        nonlocal made
        things.create({"n": made})
        made += 1
        tokens.add(token_of(store))
        return len(tokens) == 3

    eventually(renewed_twice, timeout=20, interval=0.1)
    eventually(lambda: len(seen) == made)
    assert (seen, lost) == (list(range(made)), [])


def test_after_a_sleep_of_the_machine_past_a_token_s_end_the_login_is_renewed(
    guarded: str, open_store: Callable[..., DataStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_LOOK_AGAIN", 0.02)
    store = open_store(guarded, **ADA)
    store.connect()
    before = store.connection._grant
    assert before is not None
    assert before.ends is not None
    # The monotonic clock, which `due` is on, stood still; the wall clock, which `ends` is on, did not.
    store.connection._hold(replace(before, ends=before.ends - 90_000))
    eventually(lambda: (store.connection._grant or before).ends not in (before.ends, before.ends - 90_000))
    assert store.service("things").count() == 0


def test_what_came_between_a_token_s_end_and_its_late_renewal_is_made_up_for(
    forgetful: str, open_store: Callable[..., DataStore]
) -> None:
    other = open_store(forgetful.replace("127.0.0.1", "localhost"), **ADA)  # a connection of its own
    late, there = open_store(forgetful, **ADA), other.service(fresh_name())
    near = late.service(there.name)
    heard: list[int] = []
    lines: list[str] = []
    near.on("created", lambda document: heard.append(document["n"]))
    with near.watch(timeout=20) as view:
        there.create({"n": 1})
        assert next(view).document["n"] == 1
        grant = late.connection._grant
        assert grant is not None
        late.connection._hold(replace(grant, due=math.inf))
        late.on("disconnected", lambda: lines.append("down"))
        late.on("connected", lambda: lines.append("up"))
        # A second was taken off the token's life, for the times in it are whole seconds.
        eventually(lambda: grant.has_ended(lambda: time.time() - 1.5), interval=0.1)
        there.create({"n": 2})
        late.connection._hold(replace(grant, due=0.0))
        assert next(view).document["n"] == 2
        there.create({"n": 3})
        eventually(lambda: heard == [1, 3])
        assert lines == ["down", "up"]


def test_who_has_only_a_token_is_warned_before_it_ends(
    forgetful: str, open_store: Callable[..., DataStore], caplog: pytest.LogCaptureFixture
) -> None:
    token = token_of(open_store(forgetful, **ADA))
    store = open_store(forgetful, token=token)
    things = store.service(fresh_name())
    things.count()
    eventually(lambda: "can't be renewed" in caplog.text)
    assert token not in caplog.text
    eventually(lambda: fails(things.count), timeout=10, interval=0.2)


def fails(call: Callable[[], object]) -> bool:
    try:
        call()
    except NotAuthenticated:
        return True
    return False


def test_secrets_are_in_no_log_no_error_and_no_repr(
    guarded: str, open_store: Callable[..., DataStore], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("marcelle_rt.transport", "websocket", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    store = open_store(guarded, **ADA)
    store.service("things").find()
    wrong = open_store(guarded, email=EMAIL, password="another secret")
    with pytest.raises(NotAuthenticated) as refused:
        wrong.connect()
    token = token_of(store)
    shown = [caplog.text, repr(store), repr(store.key), repr(refused.value), repr(store.connection.login)]
    shown += [repr(vars(store.connection)), repr(Login(**ADA, token=token))]
    for secret in (PASSWORD, "another secret", token):
        assert not any(secret in text for text in shown)


def test_half_a_login_is_refused_without_showing_it() -> None:
    with pytest.raises(InvalidData, match="email and password") as refused:
        DataStore("http://127.0.0.1:9", password=PASSWORD)
    assert PASSWORD not in str(refused.value)


def test_a_token_s_end_is_reckoned_by_its_own_times_where_it_was_just_issued() -> None:
    # {"iat": 1000, "exp": 1100}, to a machine whose clock is an hour late.
    token = "x.eyJpYXQiOiAxMDAwLCAiZXhwIjogMTEwMH0.x"
    grant = Grant.accepted(Login(**ADA), {"accessToken": token}, clock=lambda: 5.0, now=lambda: -2600.0)
    assert (grant.due, grant.ends) == (84.2, -2501.0)
    alone = Grant.accepted(Login(token=token), {"accessToken": token}, lambda: 5.0, lambda: 1040.0)
    assert (alone.due, alone.ends, alone.renewable) == (55.0, 1100.0, False)


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.W10.c", "a.e30.c"])
def test_a_token_that_says_no_end_is_never_renewed(token: str) -> None:
    assert Grant.accepted(Login(token=token), {"accessToken": token}, lambda: 0.0).due is None


def test_nobody_signs_in_without_a_login_and_an_answer_without_a_token_is_an_error() -> None:
    assert request(Login()) is None
    with pytest.raises(NotAuthenticated, match="no accessToken"):
        Grant.accepted(Login(**ADA), {"user": {}}, lambda: 0.0)


@pytest.mark.parametrize(
    "location",
    [
        "ada:s3cret@host:3030",
        "ftp://ada:s3cret@host",
        "//ada:s3cret@host",
        "http://ada:s3cret@h:x",
        "http://h?t=s3cret",
    ],
)
def test_a_location_that_holds_a_secret_is_refused_without_showing_it(location: str) -> None:
    with pytest.raises(InvalidData) as refused:
        DataStore(location)
    assert "s3cret" not in str(refused.value) + repr(vars(refused.value))


def token(**claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{payload}.s"


def test_a_token_that_ends_at_once_is_not_renewed_without_a_pause() -> None:
    for ends in (1_000_000, 1_000_001):
        answer = {"accessToken": token(iat=1_000_000, exp=ends)}
        grant = Grant.accepted(Login("a@x", "p"), answer, lambda: 50.0, lambda: 1_000_000.0)
        assert grant.due == 51.0


@pytest.mark.parametrize("claims", [{"iat": -1e300, "exp": 1e250}, {"iat": 1, "exp": 1e15}, {"exp": -5}], ids=str)
def test_times_that_no_calendar_has_are_no_times(claims: dict[str, float]) -> None:
    grant = Grant.accepted(Login(token="t"), {"accessToken": token(**claims)}, lambda: 50.0, lambda: 1e9)
    assert (grant.due, grant.ends) == (None, None)
