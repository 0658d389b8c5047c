"""What the process knows as a secret, and logins in URLs, are masked in words that others read."""

from __future__ import annotations

import pytest

from marcelle_rt import redaction
from marcelle_rt.client import auth
from marcelle_rt.config import Login
from marcelle_rt.redaction import keep_secret, redacted


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_secrets", set())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://ada:hunter2@db.example.org/runs is away", "postgres://***@db.example.org/runs is away"),
        ("GET https://ada@example.org:p%40ss@host:3030/x", "GET https://***@host:3030/x"),
        ("clone ssh://git@host/a and HTTPS://u:p@b", "clone ssh://***@host/a and HTTPS://***@b"),
        ("http://localhost:3030/a?b=c@d is no login, nor ada@example.org", None),
    ],
)
def test_a_login_in_a_url_is_masked(text: str, shown: str | None) -> None:
    assert redacted(text) == (text if shown is None else shown)


def test_what_a_login_is_made_of_is_masked_however_it_is_written() -> None:
    auth.check(Login("ada@example.com", 'correct "horse"', None))
    auth.Session.accepted(Login("ada@example.com", "x", None), {"accessToken": "aaaa.bbbb.cccc"}, lambda: 0.0)
    said = (
        'ada@example.com, correct "horse", {"password": "correct \\"horse\\""}, correct%20%22horse%22, aaaa.bbbb.cccc'
    )
    assert redacted(said) == 'ada@example.com, ***, {"password": "***"}, ***, ***'


def test_a_short_secret_is_masked_where_it_stands_alone() -> None:
    keep_secret("run", None, "")
    assert redacted("the run of a runner: password=run") == "the *** of a runner: password=***"


def test_those_of_the_environment_are_known_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARCELLE_WEBHOOK", "https://hooks.example.org/T0/B1/secret")
    assert redacted("POST https://hooks.example.org/T0/B1/secret failed") == "POST *** failed"
