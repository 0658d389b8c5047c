"""Logins that a backend does not take: one clear error, few tries, and no password where none is asked for."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.client.socket import connection
from marcelle_rt.config import Login
from marcelle_rt.errors import NotAuthenticated
from marcelle_rt.notices import MarcelleWarning
from marcelle_rt.runs.folder import reading
from marcelle_rt.runs.sync import pace
from tests.helpers import eventually
from tests.support.accounts import ADA, EMAIL, PASSWORD
from tests.support.proxy import Proxy
from tests.support.services import fresh_name


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The locations at which a sign-in was tried."""
    tried: list[str] = []
    real = connection.sign_in

    def counted(line: Any, location: str, login: Login, **options: Any) -> Any:
        if login != Login():
            tried.append(location)
        return real(line, location, login, **options)

    monkeypatch.setattr(connection, "sign_in", counted)
    return tried


def test_a_refused_password_is_sent_three_times_at_most_and_again_when_a_person_asks(
    guarded: str, open_store: Callable[..., DataStore], tries: list[str]
) -> None:
    with Proxy(guarded) as proxy:
        store = open_store(proxy.url, email=EMAIL, password="wrong")
        for _ in range(20):
            with pytest.raises(NotAuthenticated, match=r"does not accept the login of ada.*: Invalid login"):
                store.service("things").find()
        assert len(tries) == 3
        assert proxy.accepted == 3 * 3  # the probe's two requests and the socket
        with pytest.raises(NotAuthenticated):
            store.connect()
        assert len(tries) == 4


def test_an_account_that_is_made_later_is_taken_when_a_person_asks(
    guarded: str, open_store: Callable[..., DataStore]
) -> None:
    bob = {"email": f"{fresh_name('bob')}@example.com", "password": "a secret"}
    store = open_store(guarded, **bob)
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            store.service("things").find()
    open_store(guarded).service("users").create(bob)
    store.connect()
    assert store.service("things").count() == 0


@pytest.mark.parametrize("secret", [{"MARCELLE_PASSWORD": "wrong", "MARCELLE_EMAIL": EMAIL}, {"MARCELLE_TOKEN": "x.y"}])
def test_a_training_whose_login_is_refused_goes_on_with_one_warning_and_few_tries(
    guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tries: list[str], secret: dict[str, str]
) -> None:
    monkeypatch.setattr(pace, "REFUSED_PAUSE", 0.02)
    monkeypatch.setenv("MARCELLE_BACKEND", guarded)
    for name, value in secret.items():
        monkeypatch.setenv(name, value)
    with Remote() as remote, warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always", MarcelleWarning)
        writer = Writer("refused", base_log_dir=str(tmp_path), remote=remote, finish_timeout=1.0)
        writer.create_run()
        writer.train_begin(20)
        for epoch in range(20):
            writer.save_epoch(epoch, {"loss": 1.0})
        eventually(lambda: len(tries) == 3)
        assert "does not accept" in (eventually(lambda: writer.status.problem) or "")
        writer.train_end()
        directory = writer.run_directory
        writer.close()
    assert len(tries) == 3
    refusals = [str(warning.message) for warning in shown if "does not accept" in str(warning.message)]
    assert len([text for text in refusals if "training goes on" in text]) == 1
    assert len(refusals) <= 2  # the other one, at the end, says how to send the rest
    assert all(value not in text for text in refusals for value in secret.values() if value != EMAIL)
    run, _ = reading.read(Path(str(directory)))
    assert (len(run.epochs), run.fields["status"]) == (20, "success")


def test_a_password_that_is_no_longer_taken_at_its_renewal_is_not_asked_for_again(
    guarded: str, open_store: Callable[..., DataStore], tries: list[str]
) -> None:
    bob = {"email": f"{fresh_name('bob')}@example.com", "password": "a secret"}
    open_store(guarded).service("users").create(bob)
    failures: list[Exception] = []
    store = open_store(guarded, **bob)
    store.connect()
    store.on("error", failures.append)
    user = store.service("users").find({"query": {"email": bob["email"]}})["data"][0]
    store.service("users").patch(user["_id"], {"password": "another"})
    refused = store.connection._grant
    assert refused is not None
    store.connection.token(10**9, refused.token)  # as after a 401
    eventually(lambda: failures)
    assert isinstance(failures[0], NotAuthenticated)
    assert store.connection._grant is not None
    assert store.connection._grant.due is None
    assert len(tries) == 2


def test_a_backend_without_a_sign_in_is_given_no_password(
    backend: Backend, open_store: Callable[..., DataStore]
) -> None:
    for login in (ADA, {"token": "a-token"}):
        with pytest.raises(NotAuthenticated, match="this server has no sign-in"):
            open_store(backend.url, **login).connect()
    assert not (backend.data / "db" / "authentication.db").exists()


def test_a_feathers_server_without_a_sign_in_is_given_no_password(
    feathers5: str, open_store: Callable[..., DataStore]
) -> None:
    with pytest.raises(NotAuthenticated, match="this server has no sign-in") as refused:
        open_store(feathers5, **ADA).connect()
    assert PASSWORD not in str(refused.value)


def test_by_rest_a_refused_password_is_sent_three_times_at_most_and_never_where_there_is_no_sign_in(
    guarded: str, backend: Backend, open_store: Callable[..., DataStore]
) -> None:
    with Proxy(guarded) as proxy:
        store = open_store(proxy.url, email=EMAIL, password="wrong").by_rest()
        for _ in range(20):
            with pytest.raises(NotAuthenticated, match="Invalid login"):
                store.service("things").find()
        assert proxy.accepted == 3  # one connection a try
        store.close()
    store = open_store(backend.url, **ADA).by_rest()
    with pytest.raises(NotAuthenticated, match="this server has no sign-in"):
        store.service("things").find()
    store.close()
    assert not (backend.data / "db" / "authentication.db").exists()
