"""Five thousand requests that nobody would send in good faith, beside something private."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from marcelle_rt.backend import Backend
from tests.backend.wire import Line, Socket, ask, form

T = TypeVar("T")

# When 25 parts of the guard were taken out one by one, this noticed 8 of them, each within 1,808 attempts.
ATTEMPTS = 5_000
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

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"]
METHODS += ["GET", "POST", "POST", "PATCH"]
HEADERS: dict[str, list[str | None]] = {
    "Content-Type": [None, "application/json", "application/x-www-form-urlencoded", "text/plain"],
    "Origin": ["http://localhost:5173", "https://evil.example", "null", "\x00"],
    "Host": ["localhost", "evil.example", "127.0.0.1:1", "[::1]", "a b"],
    "Accept": ["text/html", "application/json", "x"],
    "Authorization": ["Bearer x", "Basic YTpi", "\xff"],
    "Cookie": ["a", "=;=;", "io=x"],
}
HEADERS["Content-Type"] += ["multipart/form-data", *["multipart/form-data; boundary=----guard"] * 3]
PART = '{}: form-data; name="{}"; filename="{}"\r\n{}\r\n{}'
PART_HEADERS = [*["Content-Disposition"] * 3, " Content-Disposition", "content-disposition", "X"]
MORE = ["", "Content-Type: image/png\r\n", "A\r\n", "Content-Transfer-Encoding: base64\r\n"]
CONTENTS = ["", "x", "\0\0", "\r\n--", "é日\u2028", '{"a"', "x" * 5]


class Draw:
    """Draws requests and calls, always the same ones for a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def _one(self, choices: Sequence[T]) -> T:
        return self._random.choice(choices)

    def attempt(self) -> Any:
        """A request (a tuple) or a call (a list)."""
        return self._one([self._request, self._call, self._upload])()

    def _request(self) -> tuple[Any, ...]:
        headers = {name: self._one(texts) for name, texts in HEADERS.items() if self._random.random() < 0.2}
        return (self._one(METHODS), self._path(), self._body(), headers)

    def _upload(self) -> tuple[Any, ...]:
        """A request that is an upload but for what its parts say."""
        service = self._one(["assets", "tfjs-models", "onnx-models", "keras-models"])
        body = form(self._part() for _ in range(self._random.randint(1, 3)))
        return ("POST", f"/{service}/upload", body, {"Content-Type": "multipart/form-data; boundary=----guard"})

    def _call(self) -> list[Any]:
        method = self._one(["find", "get", "create", "update", "patch", "remove"])
        values = {"find": 1, "get": 2, "create": 2, "update": 3, "patch": 3, "remove": 2}[method]
        name = self._one([lambda: self._one(SERVICES), self._segment, self._value])()
        return [method, name, *(self._value() for _ in range(values))]

    def _segment(self) -> str:
        return "".join(self._random.choices(PIECES, k=self._random.randint(1, 5)))

    def _path(self) -> str:
        service = self._one(SERVICES)
        return self._one(
            [
                lambda: f"/{service}/{self._segment()}",
                lambda: f"/{service}/{self._segment()}/{self._segment()}",
                lambda: f"/{service}/upload",
                lambda: f"/{service}?{self._one(KEYS)}={self._segment()}",
                lambda: f"/socket.io/?EIO=3&transport={self._one(['polling', 'x'])}&sid={self._segment()}",
                lambda: f"/{self._segment()}",
                self._segment,
            ]
        )()

    def _value(self, depth: int = 0) -> Any:
        plain = [None, True, False, self._random.randint(-5, 5), self._one(TEXTS), self._one(TEXTS)]
        if depth == 3 or self._random.random() < 0.5:
            return self._one(plain)
        count = self._random.randint(0, 3)
        if self._random.random() < 0.5:
            return [self._value(depth + 1) for _ in range(count)]
        return {self._one(KEYS): self._value(depth + 1) for _ in range(count)}

    def _document(self) -> dict[str, Any]:
        return {self._one(KEYS): self._value() for _ in range(self._random.randint(0, 4))}

    def _part(self) -> bytes:
        fields = self._one(FIELDS), self._one([*FIELDS, *TEXTS]), self._one(MORE), self._one(CONTENTS)
        return PART.format(self._one(PART_HEADERS), *fields).encode()

    def _body(self) -> Any:
        bodies: list[Callable[[], Any]] = [
            lambda: None,
            self._document,
            lambda: [self._document() for _ in range(self._random.randint(0, 2))],
            lambda: self._random.randbytes(self._random.randint(0, 20)),
            lambda: form(self._part() for _ in range(self._random.randint(0, 3))),
        ]
        return self._one(bodies)()


@pytest.fixture(scope="module")
def home(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend in a folder with something private beside it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "canary").mkdir()
    (folder / "canary" / "key.png").write_text(PRIVATE)
    with Backend(data=folder / "data") as running:
        yield running


class Attacker:
    """Sends what it is given."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.line = Line(url)
        self.socket = Socket(url)

    def attempt(self, given: Any) -> str:
        """Makes a request or a call, and gives what came back as text; a server's failure fails the test."""
        if isinstance(given, list):
            error, result = self.socket.call(*given)
            assert error is None or error.get("code", 400) < 500, (given, error)
            return str(result)
        method, target, content, more = given
        answer = self.line.ask(method, target, None if method in ("GET", "HEAD") else content, more)
        assert answer.code < 500, (given, answer)
        return answer.body.decode("latin-1")


def test_five_thousand_requests_neither_read_nor_touch_what_is_private(home: Backend) -> None:
    attacker = Attacker(home.url)
    process = home.process
    draw = Draw(1)

    for given in (draw.attempt() for _ in range(ATTEMPTS)):
        assert PRIVATE not in attacker.attempt(given), given

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
