"""The users of a backend with a sign-in: made, listed, changed and removed by who owns its data."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import socket
import stat
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend, BackendError, orders, users
from marcelle_rt.errors import NotAuthenticated, NotFound
from tests.helpers import eventually
from tests.support.accounts import ADA, EMAIL, PASSWORD

BOB = "bob@example.org"
OLD = Path(__file__).parent / "nedb-1.8.0"


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """The data of a backend with a sign-in that is stopped: an earlier version's."""
    return Path(shutil.copytree(OLD, tmp_path / "stopped"))


def test_users_are_made_listed_changed_and_removed_while_it_runs(asking: Backend) -> None:
    backend = asking
    began = dt.datetime.now(dt.timezone.utc) - dt.timedelta(seconds=1)

    users.add(backend.data, BOB, PASSWORD)
    users.add(backend.data, EMAIL, PASSWORD)

    ada, bob = users.every(backend.data)
    assert (ada.email, ada.role, bob.email) == (EMAIL, "editor", BOB)
    assert ada.created is not None
    assert began <= ada.created <= dt.datetime.now(dt.timezone.utc)
    with DataStore(backend.url) as store:
        store.login(**ADA)
        store.service("runs").create({"name": "a-1"})

    users.set_password(backend.data, EMAIL, "another one")
    with DataStore(backend.url) as store:
        with pytest.raises(NotAuthenticated):
            store.login(**ADA)
        store.login(EMAIL, "another one")

    users.remove(backend.data, EMAIL)
    with DataStore(backend.url) as store, pytest.raises(NotAuthenticated):
        store.login(EMAIL, "another one")
    assert [user.email for user in users.every(backend.data)] == [BOB]


def test_users_of_an_earlier_version_and_those_that_were_made_while_it_was_stopped_are_listed_and_sign_in(
    own_backend: Callable[..., Backend], stopped: Path
) -> None:
    users.add(stopped, EMAIL, PASSWORD)
    with pytest.raises(BackendError, match=f"{EMAIL} has an account already"):
        users.add(stopped, EMAIL, "another one")
    users.set_password(stopped, EMAIL, "a very secret one")
    assert_no_password_is_kept(stopped, "a very secret one")

    with DataStore(own_backend(data=stopped, auth=True).url) as store:
        with pytest.raises(NotAuthenticated):
            store.login(EMAIL, PASSWORD)
        store.login(EMAIL, "a very secret one")
    found = {user.email: user.created for user in users.every(stopped)}
    assert list(found) == [EMAIL, "ada@example.org", "bob@example.org", "gone@example.org"]
    assert found.pop(EMAIL) is not None
    assert set(found.values()) == {None}


def assert_no_password_is_kept(folder: Path, password: str) -> None:
    """Looks through all files of a folder."""
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert EMAIL.encode() in kept
    assert password.encode() not in kept


def test_a_password_is_never_kept_as_it_is(asking: Backend) -> None:
    users.add(asking.data, EMAIL, "a very secret one")

    assert_no_password_is_kept(asking.data, "a very secret one")


def test_an_account_that_is_there_already_is_refused(asking: Backend) -> None:
    folder = asking.data
    users.add(folder, EMAIL, PASSWORD)

    with pytest.raises(BackendError, match=rf"{EMAIL} has an account already.*user password {EMAIL}"):
        users.add(folder, EMAIL, "another one")

    assert len(users.every(folder)) == 1


def test_an_account_that_is_not_there_is_named(asking: Backend) -> None:
    folder = asking.data
    for change in (lambda: users.remove(folder, BOB), lambda: users.set_password(folder, BOB, PASSWORD)):
        with pytest.raises(BackendError, match=rf"Nobody has an account as {BOB}; .*user list"):
            change()


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "is empty"),
        ("secret7", "is too short: it needs 8"),
        ("x" * 73, "is too long: of more than 72 bytes"),
        ("é" * 37, "is too long"),
        ("aaaaaaaaaaaa", "is too simple"),
        ("correct\nhorse", "can't be typed"),
        ("correct\0horse", "can't be typed"),
        (EMAIL, "is the user's own name"),
        (EMAIL.upper(), "is the user's own name"),
    ],
)
def test_a_weak_password_is_refused_and_not_shown(tmp_path: Path, password: str, why: str) -> None:
    with pytest.raises(BackendError, match=why) as caught:
        users.add(tmp_path, EMAIL, password)

    assert not password or password not in str(caught.value)


@pytest.mark.parametrize("email", ["", "ada", "@", "ada@", "@b", "a@b@c", "a da@b", "a\n@b", "a" * 250 + "@b.org"])
def test_what_is_not_an_address_is_refused(tmp_path: Path, email: str) -> None:
    with pytest.raises(BackendError, match="is not an e-mail address"):
        users.add(tmp_path, email, PASSWORD)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"There is no folder .*nothing\. Start one: `marcelle-rt backend --auth"):
        users.every(tmp_path / "nothing")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_no_backend_with_a_sign_in_has_used_is_named(backend: Backend, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="No backend with a sign-in has used"):
        users.add(tmp_path, EMAIL, PASSWORD)
    assert list(tmp_path.iterdir()) == []

    with pytest.raises(BackendError, match=r"that runs on .* has no sign-in\. Stop it, start it with --auth"):
        users.add(backend.data, EMAIL, PASSWORD)


def test_a_folder_of_somebody_else_is_left_alone(stopped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: stopped.stat().st_uid + 1)

    with pytest.raises(BackendError, match=r"belongs to another user\. Run this as that user"):
        users.every(stopped)


def test_a_removed_user_who_is_signed_in_gets_no_answers_and_no_events(asking: Backend) -> None:
    backend = asking
    heard: dict[str, list[Any]] = {EMAIL: [], BOB: []}
    with DataStore(backend.url) as ada, DataStore(backend.url) as bob:
        for email, store in ((EMAIL, ada), (BOB, bob)):
            users.add(backend.data, email, PASSWORD)
            store.login(email, PASSWORD)
            store.service("runs").on("created", heard[email].append)
        bob.service("runs").create({"name": "a-1", "public": True})
        assert eventually(lambda: (len(heard[EMAIL]), len(heard[BOB])) == (1, 1))

        users.remove(backend.data, EMAIL)
        bob.service("runs").create({"name": "a-2", "public": True})
        assert eventually(lambda: len(heard[BOB]) == 2)

        with pytest.raises((NotAuthenticated, NotFound)):  # what was sent before it has come
            ada.service("runs").find()
    assert len(heard[EMAIL]) == 1


def test_nobody_else_can_give_orders(asking: Backend) -> None:
    folder = asking.data

    assert stat.S_IMODE((folder / "orders").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_with_a_long_path_takes_orders_also_where_a_killed_backend_left_its_socket(
    own_backend: Callable[..., Backend], tmp_path: Path
) -> None:
    backend = own_backend(data=tmp_path / ("long" * 50) / "data", auth=True)
    users.add(backend.data, EMAIL, PASSWORD)
    assert backend.process is not None
    backend.process.kill()
    backend.process.wait()
    assert (backend.data / "orders").exists()

    assert [user.email for user in users.every(backend.data)] == [EMAIL]


def test_orders_that_make_no_sense_are_refused_and_the_backend_lives(asking: Backend) -> None:
    folder = asking.data

    for order in ({"do": "constructor"}, {"do": "add", "email": {"$ne": 1}, "password": PASSWORD}, {}, {"do": 1}):
        assert "refused" in orders.send(folder, order)  # type: ignore[arg-type]
    for text in (b"{\n", b"\n", b"[1]\n", b"null\n"):
        assert b"failed" in said_to(folder, text) or b"refused" in said_to(folder, text)
    assert said_to(folder, b"x" * 200_000) == b""

    assert users.every(folder) == []


def said_to(folder: Path, text: bytes) -> bytes:
    """What comes back on the socket for some bytes."""
    with orders._address(folder) as address, socket.socket(socket.AF_UNIX) as line:
        line.settimeout(20)
        line.connect(address)
        try:
            line.sendall(text)
            return line.recv(65536)
        except ConnectionError:
            return b""


def test_many_at_once_make_one_account(asking: Backend) -> None:
    folder = asking.data
    outcomes = []

    def add() -> None:
        try:
            users.add(folder, EMAIL, PASSWORD)
            outcomes.append("made")
        except BackendError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count("made") == 1
    assert len(users.every(folder)) == 1
    assert all("has an account already" in text for text in outcomes if text != "made")


def test_a_thousand_users_are_all_listed(node: None, tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    lines = [{"email": f"{n:04d}@example.org", "role": "editor", "_id": uuid.uuid4().hex[:16]} for n in range(1500)]
    (tmp_path / "db" / "users.db").write_text("".join(f"{json.dumps(line)}\n" for line in lines))

    assert len(users.every(tmp_path)) == 1500
