"""Requests as they are on the wire: no client's own idea of a path, a host or a form gets in between."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

BOUNDARY = "----guard"


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        code: The HTTP status.
        headers: The headers, their names in lower case.
        body: The bytes.
    """

    code: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def readers(self) -> str | None:
        """Who may read this, by CORS."""
        return self.headers.get("access-control-allow-origin")


class Line:
    """One connection to a backend, opened anew where it was closed.

    Args:
        url: The backend's.
    """

    def __init__(self, url: str) -> None:
        self.address = urlsplit(url).netloc
        self._connection = http.client.HTTPConnection(self.address, timeout=20)

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | Mapping[str, Any] | list[Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Sends a request exactly as it is given.

        Args:
            method: Any.
            target: The path and query, not normalized; latin-1.
            body: Bytes, or what is sent as JSON.
            headers: Beside `Host` and those of the body; `None` leaves one out.
        """
        sent: dict[str, str | None] = {"Host": self.address}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        if body is not None:
            sent["Content-Length"] = str(len(body))
        sent |= headers or {}
        head = [f"{method} {target} HTTP/1.1", *(f"{name}: {text}" for name, text in sent.items() if text is not None)]
        connection = self._connection
        if connection.sock is None:
            connection.connect()
        assert connection.sock is not None
        try:
            connection.sock.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + (body or b""))
            response = http.client.HTTPResponse(connection.sock, method=method)
            response.begin()
            content = response.read()
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        return Answer(response.status, {name.lower(): text for name, text in response.getheaders()}, content)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


def ask(
    url: str,
    method: str,
    target: str,
    body: bytes | Mapping[str, Any] | list[Any] | None = None,
    headers: Mapping[str, str | None] | None = None,
) -> Answer:
    """One request on a connection of its own; arguments as for `Line.ask`."""
    line = Line(url)
    try:
        return line.ask(method, target, body, headers)
    finally:
        line.close()


def part(field: str, content: bytes, filename: str | None = "a.png", more: str = "") -> bytes:
    """One part of a form; its names are put in as they are."""
    name = "" if filename is None else f'; filename="{filename}"'
    return f'Content-Disposition: form-data; name="{field}"{name}{more}\r\n\r\n'.encode() + content


def upload(url: str, service: str, *parts: bytes, headers: Mapping[str, str | None] | None = None) -> Answer:
    """Uploads a form made of parts."""
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return ask(url, "POST", f"/{service}/upload", form(parts), {**kind, **(headers or {})})


def form(parts: Iterable[bytes]) -> bytes:
    """The body that has these parts."""
    mark = BOUNDARY.encode()
    return b"".join(b"--" + mark + b"\r\n" + one + b"\r\n" for one in parts) + b"--" + mark + b"--\r\n"


class Socket:
    """A WebSocket that speaks Socket.IO 2 and sends whatever it is given.

    Args:
        url: The backend's.
        options: Passed on to the `websocket` library, for example an `origin`.
    """

    def __init__(self, url: str, **options: Any) -> None:
        import websocket

        address = f"ws://{urlsplit(url).netloc}/socket.io/?EIO=3&transport=websocket"
        options = {"timeout": 20, "suppress_origin": "origin" not in options, **options}
        self._line = websocket.create_connection(address, **options)
        self.headers: dict[str, str] = self._line.getheaders()
        self.events: list[list[Any]] = []
        self._calls = 0

    def call(self, *message: Any) -> tuple[Any, Any]:
        """Emits an event, and waits for its acknowledgement: an error and a result."""
        self._calls += 1
        self._line.send(f"42{self._calls}{json.dumps(message)}")
        return self._answer()

    def _answer(self) -> tuple[Any, Any]:
        answered = f"43{self._calls}["
        while not (text := self._line.recv()).startswith(answered):
            if text.startswith("42["):
                self.events.append(json.loads(text[2:]))
            assert text, "the backend closed the connection"
        error, result = (*json.loads(text[len(answered) - 1 :]), None)[:2]
        return error, result

    def send(self, frame: str) -> None:
        """Sends a frame as it is."""
        self._line.send(frame)

    def call_with(self, attachment: bytes, *message: Any) -> tuple[Any, Any]:
        """Makes a call with bytes in it, wherever the message has `{"_placeholder": True, "num": 0}`."""
        self._calls += 1
        self._line.send(f"451-{self._calls}{json.dumps(message)}")
        self._line.send_binary(b"\x04" + attachment)
        return self._answer()

    def close(self) -> None:
        """Ends the connection."""
        self._line.close()
