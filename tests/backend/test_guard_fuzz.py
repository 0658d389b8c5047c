"""Ten thousand requests that nobody would send in good faith, beside something private."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marcelle_rt.backend import Backend
from tests.backend.wire import Line, Socket, ask, form

AT_A_TIME = 25
EXAMPLES = 400
PRIVATE = "PRIVATE-3f1c"

SERVICES = ["assets", "tfjs-models", "onnx-models", "keras-models", "runs", "things", "users", "info", "x"]
PIECES = [
    "..",
    ".",
    "/",
    "%2f",
    "%2F",
    "%252f",
    "\\",
    "%5c",
    "%2e%2e",
    "%00",
    "%0a",
    "a",
    "canary",
    "key.png",
    "upload",
]
PIECES += ["%", "%zz", "%ff", "é", "?", "#", ";", ":", "*", "$", "~", "data", "secret", "db", "users.db", "%c0%ae", "@"]
PIECES += ["__proto__", "constructor", "socket.io", "x" * 300]
KEYS = [
    "files",
    "url",
    "files.0.1",
    "url.x",
    "$set",
    "$push",
    "$unset",
    "$rename",
    "a",
    "a.b",
    "__proto__",
    "$$deleted",
]
KEYS += [
    "constructor.prototype.x",
    "$where",
    "$or",
    "_id",
    "role",
    "userId",
    "$each",
    "$in",
    "$select",
    "$sort",
    "$limit",
]
TEXTS = ["../../../canary/key.png", "a/../../../../canary/key.png", "x/key.png", "..", "", "\0", "a", "%2e%2e/secret"]
FIELDS = ["../../../../canary/key.png", "..%2f..%2f..%2f..%2fcanary%2fkey.png", "key.png", "model.json", "a.onnx"]
FIELDS += ["..\\..\\canary\\key.png", "shard.bin", "a/b.png", ".png", "x" * 5_000 + ".png", "__proto__", '"', "é.png"]

segment = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join)
path = st.one_of(
    st.builds("/{}/{}".format, st.sampled_from(SERVICES), segment),
    st.builds("/{}/{}/{}".format, st.sampled_from(SERVICES), segment, segment),
    st.builds("/{}/upload".format, st.sampled_from(SERVICES)),
    st.builds("/{}?{}={}".format, st.sampled_from(SERVICES), st.sampled_from(KEYS), segment),
    st.builds("/socket.io/?EIO=3&transport={}&sid={}".format, st.sampled_from(["polling", "x"]), segment),
    segment.map("/{}".format),
    segment,
).filter(bool)
value = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(TEXTS)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)),
    max_leaves=6,
)
document = st.dictionaries(st.sampled_from(KEYS), value, max_size=4)
name = st.one_of(st.sampled_from(SERVICES), segment, value)
part = st.builds(
    '{}: form-data; name="{}"; filename="{}"\r\n{}\r\n{}'.format,
    st.sampled_from(["Content-Disposition", " Content-Disposition", "content-disposition", "X"]),
    st.sampled_from(FIELDS),
    st.sampled_from([*FIELDS, *TEXTS]),
    st.sampled_from(["", "Content-Type: image/png\r\n", "A\r\n", "Content-Transfer-Encoding: base64\r\n"]),
    st.text(max_size=5),
).map(str.encode)
body = st.one_of(
    st.none(),
    document,
    st.lists(document, max_size=2),
    st.binary(max_size=20),
    st.lists(part, max_size=3).map(form),
)
KINDS = [None, "application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]
KINDS += ["multipart/form-data; boundary=----guard"] * 3
headers = st.fixed_dictionaries(
    {},
    optional={
        "Content-Type": st.sampled_from(KINDS),
        "Origin": st.sampled_from(["http://localhost:5173", "https://evil.example", "null", "\x00"]),
        "Host": st.sampled_from(["localhost", "evil.example", "127.0.0.1:1", "[::1]", "a b"]),
        "Accept": st.sampled_from(["text/html", "application/json", "x"]),
        "Authorization": st.sampled_from(["Bearer x", "Basic YTpi", "\xff"]),
        "Cookie": st.sampled_from(["a", "=;=;", "io=x"]),
    },
)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"]
request = st.tuples(st.sampled_from([*METHODS, "GET", "POST", "POST", "PATCH"]), path, body, headers)
call = st.one_of(
    st.tuples(st.just("find"), name, value),
    st.tuples(st.just("get"), name, value, value),
    st.tuples(st.just("create"), name, value, value),
    st.tuples(st.sampled_from(["update", "patch"]), name, value, value, value),
    st.tuples(st.just("remove"), name, value, value),
)
attempt = st.one_of(request, request, request, call.map(list))


@pytest.fixture(scope="module")
def home(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend in a folder with something private beside it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "canary").mkdir()
    (folder / "canary" / "key.png").write_text(PRIVATE)
    with Backend(data=folder / "data") as running:
        yield running


class Attacker:
    """Sends what it is given, and counts it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.line = Line(url)
        self.socket = Socket(url)
        self.sent = 0

    def attempt(self, given: Any) -> str:
        """Makes a request or a call, and gives what came back as text; a server's failure fails the test."""
        self.sent += 1
        if isinstance(given, list):
            error, result = self.socket.call(*given)
            assert error is None or error.get("code", 400) < 500, (given, error)
            return str(result)
        method, target, content, more = given
        answer = self.line.ask(method, target, None if method in ("GET", "HEAD") else content, more)
        assert answer.code < 500, (given, answer)
        return answer.body.decode("latin-1")


def test_ten_thousand_requests_neither_read_nor_touch_what_is_private(home: Backend) -> None:
    attacker = Attacker(home.url)
    process = home.process

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    @given(st.lists(attempt, min_size=AT_A_TIME, max_size=AT_A_TIME))
    def attack(attempts: list[Any]) -> None:
        for one in attempts:
            assert PRIVATE not in attacker.attempt(one), one

    attack()

    assert attacker.sent >= AT_A_TIME * EXAMPLES
    folder = home.data.parent
    assert sorted(path.name for path in folder.iterdir()) == ["canary", "data"]
    assert [path.name for path in (folder / "canary").iterdir()] == ["key.png"]
    assert (folder / "canary" / "key.png").read_text() == PRIVATE
    assert {path.parent for path in (home.data / "db").rglob("*")} == {home.data / "db"}
    assert {depth(home.data / "uploads", path) for path in (home.data / "uploads").rglob("*.*")} <= {3}
    assert process is not None
    assert process.poll() is None
    assert ask(home.url, "GET", "/info").code == 200


def depth(top: Path, path: Path) -> int:
    return len(path.relative_to(top).parts)
