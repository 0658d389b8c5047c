"""A server that answers whatever it is told to: what no real backend sends."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

TEXT, BINARY, CONTINUE = 1, 2, 0
OPENING = {"sid": "s", "upgrades": [], "pingInterval": 25000, "pingTimeout": 5000}

Frames = Callable[["Hostile", int, list[Any]], list[bytes]]


def frame(payload: bytes | str, opcode: int = TEXT, fin: bool = True, length: int | None = None) -> bytes:
    """One frame from a server; `length` is what its head says, where that is not the truth."""
    data = payload.encode() if isinstance(payload, str) else payload
    size = len(data) if length is None else length
    return struct.pack("!BBQ", (0x80 if fin else 0) | opcode, 127, size) + data


def ack(number: int, *arguments: Any) -> list[bytes]:
    """A right ack."""
    return [frame(f"43{number}{json.dumps(list(arguments))}")]


def good(server: Hostile, number: int, call: list[Any]) -> list[bytes]:
    """Answers as a backend that has one document."""
    document = {"_id": "1", "n": 1}
    return ack(
        number, None, {"total": 1, "limit": 10, "skip": 0, "data": [document]} if call[0] == "find" else document
    )


class Hostile:
    """Speaks enough of Engine.IO 3 and Socket.IO 2 for a client to be connected, and then answers at will.

    Args:
        answer: Gives the frames that follow a call: this server, the ack's number, the call.
        opening: What its handshake says.

    Attributes:
        lines: How many WebSockets there were.
        rest: What HTTP requests are answered: status, and body.
        redirect: Where WebSockets are sent on to.
    """

    def __init__(self, answer: Frames = good, opening: Any = OPENING) -> None:
        self.answer = answer
        self.opening = opening
        self.lines = 0
        self.rest: tuple[int, bytes] = (200, b"{}")
        self.redirect: str | None = None
        self._sockets: list[socket.socket] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.headers.get("Upgrade", "").lower() == "websocket":
                    outer._upgrade(self)
                elif "/socket.io/" in self.path:
                    self.reply(200, b'97:0{"sid":"s"}' if self.command == "GET" else b"ok")
                else:
                    self.reply(*outer.rest)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

            def reply(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Hostile:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        for line in self._sockets:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def send(self, data: bytes) -> None:
        """Sends on the newest line."""
        self._sockets[-1].sendall(data)

    def _upgrade(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        if self.redirect is not None:
            handler.send_response(302)
            handler.send_header("Location", self.redirect)
            handler.end_headers()
            return
        key = handler.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        handler.send_response(101)
        handler.send_header("Upgrade", "websocket")
        handler.send_header("Connection", "Upgrade")
        handler.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        handler.end_headers()
        self.lines += 1
        self._sockets.append(handler.connection)
        opening = self.opening if isinstance(self.opening, str) else "0" + json.dumps(self.opening)
        with contextlib.suppress(OSError, ValueError):  # the client has had enough
            handler.connection.sendall(frame(opening) + frame("40"))
            while text := self._receive(handler.rfile):
                if text.startswith("42"):
                    number, _, call = text[2:].partition("[")
                    for piece in self.answer(self, int(number), json.loads("[" + call)):
                        handler.connection.sendall(piece)
                elif text == "2":
                    handler.connection.sendall(frame("3"))

    def _receive(self, source: Any) -> str:
        head = source.read(2)
        if len(head) < 2 or head[0] & 0xF == 8:
            return ""
        size = head[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(source.read(2 if size == 126 else 8), "big")
        mask = source.read(4)
        return bytes(byte ^ mask[i % 4] for i, byte in enumerate(source.read(size))).decode()
