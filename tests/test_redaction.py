"""What the process knows as a secret, and logins in URLs, are masked in words that others read."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from marcelle_rt.client import auth
from marcelle_rt.config import Login
from marcelle_rt.redaction import keep_secret, known, redacted, redacted_beginning


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_secrets", set())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://ada:hunter2@db.example.org/runs is away", "postgres://***@db.example.org/runs is away"),
        ("GET https://ada@example.org:p%40ss@host:3030/x", "GET https://***@host:3030/x"),
        ("clone ssh://git@host/a and HTTPS://u:p@b", "clone ssh://***@host/a and HTTPS://***@b"),
        (
            "https:/ada:pa@ss@host/x.png and ftp:/token@host, as Path writes them",
            "https:/***@host/x.png and ftp:/***@host, as Path writes them",
        ),
        ("postgresql+psycopg2:/ada:pass@host/db", "postgresql+psycopg2:/***@host/db"),
        ("open //ada:hunter2@host/x", "open //***@host/x"),
        ("redis://:hunter2@host:6379 and db://ada:pa/ss@host", "redis://***@host:6379 and db://***@host"),
        ("http://[::1]:80/a@b http://host:80/a@b C:/images/a@2x.png //host/a@b a//b:c", None),
        ("http://localhost:3030/a?b=c@d is no login, nor ada@example.org", None),
    ],
)
def test_a_login_in_a_url_is_masked(text: str, shown: str | None) -> None:
    assert redacted(text) == (text if shown is None else shown)


def test_what_a_login_is_made_of_is_masked_however_it_is_written() -> None:
    auth.check(Login("ada@example.com", 'correct "horse"', None))
    auth.Grant.accepted(Login("ada@example.com", "x", None), {"accessToken": "aaaa.bbbb.cccc"}, lambda: 0.0)
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


NASTY = "Zx9+sup3r/S3 cret'\\é\"&"


@pytest.mark.parametrize("end", [5_000, 9_990, 20_000, 25_000, 29_990, 49_000])
def test_the_beginning_of_a_text_of_any_length_shows_no_secret_and_no_half_of_one(end: int) -> None:
    keep_secret("hunter2hunter2hunter2")
    text = f"{'x ' * (end // 2)}hunter2hunter2hunter2 password=hunter3hunter3 {'y' * (50_000 - end)}"
    shown = redacted_beginning(text, 10_000)
    assert len(shown) > 10_000
    assert "hunter" not in shown
    assert redacted(text).startswith(shown)


@pytest.mark.parametrize(
    "write",
    [
        *(str, repr, ascii, json.dumps, quote, quote_plus, html.escape),
        lambda secret: quote(secret, safe=""),
        lambda secret: re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="+/' \"&")),
        lambda secret: json.dumps(secret, ensure_ascii=False),
        lambda secret: json.dumps(json.dumps({"password": secret})),
        lambda secret: repr(secret.encode()),
        lambda secret: repr(repr(secret)),
        lambda secret: html.escape(quote(secret)),
        lambda secret: "".join(f"&#{ord(c)};" if not c.isalnum() else c for c in secret),
        lambda secret: secret.replace("\\", "\\\\").replace("'", "\\'"),
    ],
)
def test_a_secret_is_masked_in_every_spelling(write: Callable[[str], str]) -> None:
    keep_secret(NASTY)
    said = redacted(f"<{write(NASTY)}>")
    assert "***" in said
    for part in ("sup3r", "S3", "cret"):
        assert part not in said


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "ada@example.org:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_masked_in_base64_wherever_it_begins(encode: Callable[[bytes], bytes], before: str) -> None:
    secret = "Zx9+sup3r??>>S3cret"
    keep_secret(secret)
    whole = encode(f"{before}{secret}".encode()).decode()
    said = redacted(f"x-login {whole}")
    assert "***" in said
    assert len(said) <= len("x-login ***") + len(encode(before.encode())) + 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdef", "Authorization: Bearer ***"),
        ("{'Authorization': 'Token abcdef', 'a': 1}", "{'Authorization': 'Token ***', 'a': 1}"),
        ('"proxy-authorization": "Basic YWRhOmh1bnRlcg=="', '"proxy-authorization": "Basic ***"'),
        ("authorization=abcdef123456", "authorization=***"),
        ("sent Bearer abcdefSECRETtok123 to it", "sent Bearer *** to it"),
        ("sent basic YWRhOmh1bnRlcg== to it", "sent basic *** to it"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl.", "jwt ***."),
        ("password=hunter, DB_PASSWORD=12345&b", "password=***, DB_PASSWORD=***&b"),
        ("user=bob password=hunter host=h;Pwd=x1", "user=bob password=*** host=h;Pwd=***"),
        ("{'password': 'it is \"so\"', 'a': 1}", "{'password': '***', 'a': 1}"),
        (r'"{\"client_secret\": \"hunter\"}"', r'"{\"client_secret\": \"***\"}"'),
        ("Login(passwd='hunter', api_key=b'hunter')", "Login(passwd='***', api_key=b'***')"),
        ("password: Zx9-sup3r and secret_key => Zx9-sup3r", "password: *** and secret_key => ***"),
        ("password%3Dhunter&x", "password%3D***&x"),
        ("AWS_SECRET_ACCESS_KEY=/abc+d", "AWS_SECRET_ACCESS_KEY=***"),
        ("GET /x?access_token=hunter&a=1", "GET /x?access_token=***&a=1"),
        ("GET /x?token=a1b2c3d4&sig=abc%2F&X-Amz-Signature=abc", "GET /x?token=***&sig=***&X-Amz-Signature=***"),
        ("X-Api-Key: a1b2c3d4e5", "X-Api-Key: ***"),
        ("Cookie: session=abc; b=c\nnext", "Cookie: ***\nnext"),
        ("train.py --password hunter --api-key 'x y' --epochs 3", "train.py --password *** --api-key '***' --epochs 3"),
        ("['--db-password', 'hunter', '--token', 'a1b2c3d4e5f6a7b8']", "['--db-password', '***', '--token', '***']"),
        ("curl -s -u ada:hunter http://h", "curl -s -u ada:*** http://h"),
        ("hf_a1B2c3D4a1B2c3D4a1B2 ghp_a1B2a1B2a1B2a1B2a1B2 sk-proj-a1B2a1B2a1B2a1B2", "*** *** ***"),
        ("https://hooks.slack.com/services/T000/B000/abc is", "https://hooks.slack.com/services/*** is"),
        ("a\n-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nb", "a\n***\nb"),
        ('cut off: {"password": "hunt', 'cut off: {"password": "***"'),
    ],
)
def test_what_has_the_shape_of_a_secret_is_masked_whoevers_it_is(text: str, shown: str) -> None:
    assert redacted(text) == shown
    assert redacted(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "token=128 tokens, max_tokens=4096, id_token=5, pad_token='<pad>', token: 'hello', eos_token=</s>",
        "The password must be at least 8 characters. Invalid password: expected str, got int64",
        "password=None, token=null, api_key='', secret=<hidden>, password=${PASSWORD}, password=%s",
        "login(password=password, token=self.token, api_key=args.api_key, password=getpass('x'))",
        "unrecognized arguments: --password; --password is required, use --token TOKEN or --api-key=KEY",
        "login() got an unexpected keyword argument 'password'; KeyError: 'api_key'",
        "PWD=/home/ada/digits pwd=~/x",
        "{'password': ['This field is required.'], 'secrets': 3, 'num_tokens': 12}",
        "bearer token required; basic block3 of the network; Basic authentication",
        "authorization: the user is not allowed; Authorization failed",
        "the key 'sort_key': 'name1234' and monkey=12345678a, signature=(None, 10)",
        "loss=nan token 128 of 2048, ids [12, 13], sha 3f786850e387550fdab836ed7e6dc881de23001b",
        "cookie: none, cookies: 12",
    ],
)
def test_what_is_not_a_secret_stays(text: str) -> None:
    assert redacted(text) == text
