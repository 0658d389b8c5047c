"""python-socketio 5 made to speak Engine.IO 3 and 4; the only file that knows Socket.IO.

A `Line` is one physical connection. It never reconnects: whoever needs another makes another, so that an old
one can't deliver into a new one. What python-socketio does otherwise, and why it is changed here:

- It speaks Engine.IO 4 alone. A Marcelle backend speaks 3, where the client pings, "/" is joined without
  being asked for (asking joins it twice: every event arrives twice), and binary frames begin with a 4.
- It starts a thread for each message, so that order is lost. Here the reading thread handles them.
- It throws pending acks away at a disconnect. Here each learns that the line is lost.
- It parses every event. Here the ones that nobody wants are dropped unread.
- It logs what it sends, passwords included. Here the two methods that do are replaced.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import engineio
import socketio
import websocket
from engineio import packet as engine_packet

from ...errors import BackendUnreachable, NoWebSocket
from ...notices import Log
from ...values import ANSWER_LIMIT
from .. import tls
from ..answers import Raw
from ..doubt import passes
from ..rest.proxies import goes_direct
from .probe import find_protocol
from .wire import Socket, TooLarge

_log = Log("marcelle_rt.transport")
_log.setLevel(logging.ERROR)  # python-socketio warns at every cut; the connection says what matters

_OVERHEAD = 100  # bytes that an attachment takes, however small it is
_PING_INTERVALS = (0.05, 86_400.0)  # seconds; a server that asks for anything else is refused
_DROPPED = (
    websocket.WebSocketException, engineio.exceptions.ConnectionError, socketio.exceptions.ConnectionError,
)  # fmt: skip


class Receiver(Protocol):
    """Whoever waits for an ack."""

    def answered(self, raw: Raw) -> None: ...

    def lost(self, fault: str | None) -> None: ...


@dataclass
class Traffic:
    """What a line has brought that nobody asked for, and what it has sent; it only grows."""

    unasked: int = 0
    """Events without a handler."""
    sent: int = 0
    """Calls."""


class Line:
    """One connection to a Socket.IO server, from its opening to its end.

    Args:
        location: The server's URL, without a trailing slash.
        wants: Whether an event of that name is to be delivered.
        on_event: Gets an event's name and its arguments (the name first), on the reading thread.
        on_lost: Is called once, on the reading thread, when the line has ended.

    Attributes:
        lost: The line has ended.
        fault: What was wrong with the message of the server that ended it.
    """

    def __init__(
        self,
        location: str,
        *,
        wants: Callable[[str], bool],
        on_event: Callable[[str, Raw], None],
        on_lost: Callable[[Line], None],
    ) -> None:
        self.location = location
        self.lost: bool = False
        self.traffic: Traffic = Traffic()
        self.fault: str | None = None
        self._on_lost = on_lost
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Receiver] = {}
        self._guard = threading.Lock()
        self._client = _Client(
            traffic=self.traffic, wants=wants, on_event=on_event, on_ack=self._ack, on_end=self._ended
        )

    def open(self, timeout: float) -> None:
        """Connects.

        Args:
            timeout: Seconds for each step of the handshake.

        Raises:
            NoWebSocket: HTTP reaches a Socket.IO server, and then the WebSocket fails.
            BackendUnreachable: Nobody answers, what answers is not a Socket.IO server, or its certificate is refused.
            InvalidData: `$MARCELLE_CA_BUNDLE` can't be used.
        """
        self._client.eio.protocol = find_protocol(self.location, timeout)
        self._client.eio.request_timeout = timeout
        if urlsplit(self.location).scheme == "https":
            self._client.eio.websocket_extra_options["sslopt"] = {"context": tls.context()}
        if goes_direct(self.location):
            # websocket-client heeds `http_no_proxy` only beside a proxy, which is then not used.
            self._client.eio.websocket_extra_options.update(http_proxy_host="none", http_no_proxy=["*"])
        try:
            self._client.connect(
                self.location,
                transports=["websocket"],
                socketio_path=urlsplit(self.location).path + "/socket.io",
                wait_timeout=timeout,
            )
        except Exception as error:  # engineio lets any kind out when a server answers what it should not
            failure = self._failure(error)
        else:
            return
        self.close()
        # Raised out here because a cause would hold the half-made socket open for as long as it is kept.
        raise failure

    def _failure(self, error: Exception) -> BackendUnreachable:
        if (refusal := tls.refusal(error)) is not None:
            return BackendUnreachable(self.location, refusal)
        cause = _innermost(error)
        if isinstance(cause, websocket.WebSocketBadStatusException):
            reason = f"the answer to it has the HTTP status {cause.status_code}"
            if not passes(cause.status_code):  # a proxy's rules, and not a server that is busy or away
                return NoWebSocket(self.location, reason)
        else:
            reason = str(cause) or type(cause).__name__
            if isinstance(cause, (*_DROPPED, OSError)):
                return NoWebSocket(self.location, reason, is_sure=False)
        return BackendUnreachable(self.location, f"its WebSocket can't be opened ({reason})")

    def post(self, body: bytes, receiver: Receiver) -> int | None:
        """Sends an event and leaves its ack to `receiver`.

        Args:
            body: The event's name and arguments, as a JSON array.
            receiver: Told of the answer, or that the line was lost before one came.

        Returns:
            The ack's number, for `forget`; `None`, and nothing is sent, when the line is lost.
        """
        number = next(self._numbers)
        with self._guard:
            if self.lost:
                return None
            self._waiting[number] = receiver
        self.traffic.sent += 1
        self._client.eio.queue.put(b"42%d%b" % (number, body))
        return number

    def retire(self) -> bool:
        """Takes no more calls, so that `close` can't lose one; `False`, and nothing changes, if one is under way."""
        with self._guard:
            if self._waiting:
                return False
            self.lost = True
            return True

    def forget(self, number: int) -> None:
        """Lets an ack that is still to come be dropped."""
        self._waiting.pop(number, None)

    def close(self) -> None:
        """Ends the line; returns when its threads and its socket are gone."""
        self._client.disconnect()
        reader = self._client.eio.read_loop_task
        if reader is not None and reader is not threading.current_thread():
            reader.join()

    def abandon(self) -> None:
        """Closes a forked child's copy of the socket, and leaves the parent's connection as it is."""
        if self._client.eio.ws is not None and self._client.eio.ws.sock is not None:
            self._client.eio.ws.sock.close()

    def _ack(self, number: int, raw: Raw) -> None:
        receiver = self._waiting.pop(number, None)
        if receiver is not None:
            receiver.answered(raw)

    def _ended(self, fault: str | None) -> None:
        with self._guard:
            self.lost = True
            self.fault = fault
        for number in list(self._waiting):
            receiver = self._waiting.pop(number, None)
            if receiver is not None:
                receiver.lost(fault)
        self._on_lost(self)


def _innermost(error: BaseException) -> BaseException:
    while inner := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = inner
    return error


class _Engine(engineio.Client):
    """engineio's client for both versions: a queue of ready frames out, messages in order in."""

    protocol = 4
    fault: str | None = None

    def _get_engineio_url(self, url: str, engineio_path: str, transport: str) -> str:
        made: str = super()._get_engineio_url(url, engineio_path, transport)
        return made.replace("EIO=4", f"EIO={self.protocol}")

    def _trigger_event(self, event: str, *args: Any, **options: Any) -> Any:
        return self.handlers[event](*args) if event in self.handlers else None

    def _send_packet(self, pkt: engine_packet.Packet) -> None:
        if self.state == "connected":
            self.queue.put(pkt.encode())

    def _receive_packet(self, pkt: engine_packet.Packet) -> None:
        try:
            self._receive(pkt)
        except Exception as error:  # a server can send anything, and each kind of nonsense fails in its own way
            reason = f"is not a Socket.IO message ({type(error).__name__})"
            self.fault = str(error) if isinstance(error, TooLarge) else reason
            self.disconnect()

    def _receive(self, pkt: engine_packet.Packet) -> None:
        if pkt.packet_type == engine_packet.MESSAGE:
            data, pkt.data = pkt.data, None  # engineio holds a packet until the next one comes
            if self.protocol == 3 and isinstance(data, bytes):
                data = data[1:]
            self._trigger_event("message", data)
        elif pkt.packet_type == engine_packet.PING:
            self.queue.put("3" + (pkt.data or ""))
        elif pkt.packet_type == engine_packet.CLOSE:
            self.disconnect()

    def _write_loop(self) -> None:
        next_ping = time.monotonic() + self.ping_interval
        try:
            while True:
                try:
                    frame = self.queue.get(timeout=max(0.0, next_ping - time.monotonic()))
                except queue.Empty:
                    next_ping += self.ping_interval
                    if self.protocol == 4:  # there the server pings
                        continue
                    frame = "2"
                if frame is None:
                    break
                self.ws.send(frame)
        except (websocket.WebSocketException, OSError) as error:
            _log.info("the line can't be written to: %r", error)
        finally:
            self.disconnect()  # so that the reader notices, too
            self.write_loop_task = None

    def disconnect(self, abort: bool = False, reason: str | None = None) -> None:
        """Wakes the reading thread, which then ends the connection.

        The original waits up to 3 s for the server's goodbye, on a line that may be dead.
        """
        if self.ws is not None:
            self.ws.abort()


class _Client(socketio.Client):
    """socketio's client: one namespace, acks and events handed on unparsed, no reconnect."""

    def __init__(
        self,
        *,
        traffic: Traffic,
        wants: Callable[[str], bool],
        on_event: Callable[[str, Raw], None],
        on_ack: Callable[[int, Raw], None],
        on_end: Callable[[str | None], None],
    ) -> None:
        super().__init__(
            reconnection=False,
            logger=_log,
            engineio_logger=_log,
            handle_sigint=False,
            # Without the C extension that few install, websocket-client checks UTF-8 in a Python loop.
            websocket_extra_options={"skip_utf8_validation": True, "class_": Socket},
        )
        self._size = 0
        self._traffic = traffic
        self._wants = wants
        self._on_event = on_event
        self._on_ack = on_ack
        self._on_end = on_end

    def _engineio_client_class(self) -> type[_Engine]:
        return _Engine

    def disconnect(self) -> None:
        self.eio.disconnect()

    def _handle_eio_connect(self) -> None:
        least, most = _PING_INTERVALS
        if not isinstance(self.eio.sid, str) or not least <= self.eio.ping_interval <= most:
            raise ValueError(f"a pingInterval of {self.eio.ping_interval:g} s")
        # The socket's time-out is the sum of the two: a dead line is noticed within two ping intervals.
        self.eio.ping_timeout = 0.8 * self.eio.ping_interval
        if self.eio.protocol == 4:
            super()._handle_eio_connect()
        else:
            self.sid = self.eio.sid

    def _handle_eio_message(self, data: str | bytes) -> None:
        if self._binary_packet is None:
            self._size = 0
        elif isinstance(data, str):
            raise ValueError("a text among attachments")
        self._size += len(data) + _OVERHEAD
        if self._size > ANSWER_LIMIT:
            raise TooLarge
        if isinstance(data, str) and self._binary_packet is None:
            if data.startswith("3") and (start := data.find("[")) > 1 and data[1:start].isdecimal():
                self._on_ack(int(data[1:start]), data[start:])
                return
            if data.startswith('2["'):
                name = data[3 : data.index('"', 3)]
                if self._wants(name):
                    self._on_event(name, data[1:])
                else:
                    self._traffic.unasked += 1
                return
        super()._handle_eio_message(data)

    def _handle_connect(self, namespace: str | None, data: Any) -> None:
        if namespace in (None, "/"):  # of others a server could name any number
            super()._handle_connect(namespace, data)

    def _handle_error(self, namespace: str | None, data: Any) -> None:
        super()._handle_error(namespace, data)
        self.eio.disconnect()

    def _handle_ack(self, namespace: str | None, id: int, data: list[Any]) -> None:
        self._on_ack(id, data)

    def _handle_event(self, namespace: str | None, id: int | None, data: list[Any]) -> None:
        if self._wants(data[0]):
            self._on_event(data[0], data)

    def _handle_disconnect(self, namespace: str | None) -> None:
        self.eio.disconnect()

    def _handle_eio_disconnect(self, reason: str) -> None:
        super()._handle_eio_disconnect(reason)
        if not self.namespaces and self._connect_event is not None:  # otherwise `connect` would wait until its timeout
            self.failed_namespaces = list(self.connection_namespaces)
            self._connect_event.set()
        self.eio.ws.shutdown()  # closes the socket, which engineio leaves to the garbage collector
        self._on_end(self.eio.fault or self.eio.ws.fault)
