"""What somebody without a login finds out."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from marcelle_rt.backend import Backend
from tests.backend.sign_in.people import User
from tests.backend.wire import Answer, Socket, ask


@pytest.fixture(scope="module")
def ada(home: Backend) -> Iterator[User]:
    user = User(home.url, "ada")
    assert user.ask("POST", "/secret-project", {"a": 1}).code == 201
    yield user
    user.socket.close()


def test_only_users_are_told_what_services_there_are(home: Backend, ada: User) -> None:
    stranger = Socket(home.url)

    told = {"services": [], "signup": home.signup}
    assert ask(home.url, "GET", "/info").json == told
    assert stranger.call("find", "info", {}) == (None, told)
    (init,) = [event for event in stranger.events if event[0] == "init"]
    assert init == ["init", {"auth": True, "services": []}]
    assert ask(home.url, "GET", "/info", headers={"Authorization": "Bearer x"}).code == 401
    stranger.close()
    assert "secret-project" in ada.ask("GET", "/info").json["services"]
    assert "secret-project" in ada.socket.call("find", "info", {})[1]["services"]


def test_without_a_sign_in_everybody_is_told_the_services(backend: Backend) -> None:
    ask(backend.url, "POST", "/things", {"a": 1})
    socket = Socket(backend.url)
    assert "things" in ask(backend.url, "GET", "/info").json["services"]
    assert "things" in socket.call("find", "info", {})[1]["services"]
    assert "things" in socket.events[0][1]["services"]
    socket.close()


def test_a_login_does_not_say_who_has_an_account(home: Backend, ada: User) -> None:
    def login(email: str) -> tuple[float, Answer]:
        start = time.perf_counter()
        answer = ask(home.url, "POST", "/authentication", {"strategy": "local", "email": email, "password": "x"})
        return time.perf_counter() - start, answer

    known, unknown = [[login(email) for _ in range(4)] for email in (ada.login["email"], "nobody@example.org")]

    assert {(answer.code, answer.body) for _, answer in known + unknown} == {(401, known[0][1].body)}
    # A comparison of passwords takes thirty times what the rest does, so that its lack shows on any machine.
    assert min(seconds for seconds, _ in unknown) > min(seconds for seconds, _ in known) / 4
