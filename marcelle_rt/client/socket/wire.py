"""The WebSocket beneath a line, made to hold against servers that mean no good.

websocket-client reads frames and messages of any size, reads a handshake without end, and follows redirects
to other servers, where the login would be sent next.
"""

from __future__ import annotations

import threading
from typing import Any

import websocket
from websocket._abnf import continuous_frame, frame_buffer

from ...values import ANSWER_LIMIT
from ..opener import destination


class TooLarge(websocket.WebSocketPayloadException):
    """A frame, or the frames of one message, are over the limit."""

    def __init__(self) -> None:
        super().__init__(f"is over {ANSWER_LIMIT:,} bytes")


class _Frames(frame_buffer):
    """Reads no frame over the limit."""

    def recv_length(self) -> None:
        super().recv_length()
        if (self.length or 0) > ANSWER_LIMIT:
            raise TooLarge


class _Parts(continuous_frame):
    """Puts no message over the limit together, and copies none each time that a part comes."""

    cont_data: list[Any] | None

    def add(self, frame: websocket.ABNF) -> None:
        data: Any = frame.data
        if self.cont_data is not None and len(self.cont_data[1]) + len(data) > ANSWER_LIMIT:
            raise TooLarge
        super().add(frame)
        if self.cont_data is not None and not frame.fin and isinstance(self.cont_data[1], bytes):
            self.cont_data[1] = bytearray(data)

    def extract(self, frame: websocket.ABNF) -> tuple[Any, ...]:
        opcode, whole = super().extract(frame)
        whole.data = bytes(whole.data)
        return opcode, whole


class Socket(websocket.WebSocket):
    """A WebSocket with bounds.

    Attributes:
        fault: What was wrong with the frame that ended it.
    """

    fault: str | None = None

    def __init__(self, *, fire_cont_frame: bool = False, skip_utf8_validation: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.frame_buffer: _Frames = _Frames(self._recv, skip_utf8_validation)
        self.cont_frame: _Parts = _Parts(fire_cont_frame, skip_utf8_validation)

    def connect(self, url: str, **options: Any) -> None:
        """Connects to that server and no other, within twice the time-out altogether."""
        timer = threading.Timer(2 * (self.gettimeout() or 60.0), self._end)
        timer.daemon = True
        timer.start()
        try:
            super().connect(url, redirect_limit=0, **options)  # type: ignore[no-untyped-call]
        except websocket.WebSocketException:
            self._stay(url)
            raise
        finally:
            timer.cancel()
        self._stay(url)

    def _stay(self, url: str) -> None:
        answer = self.handshake_response
        if answer is not None and answer.status != 101:
            self.shutdown()  # type: ignore[no-untyped-call]
            reason = f"it redirects to {destination(url, str((answer.headers or {}).get('location', '')))}"
            raise websocket.WebSocketException(reason) from None

    def recv(self) -> str | bytes:
        """The next message, whole."""
        try:
            return super().recv()
        except websocket.WebSocketPayloadException as error:
            self.fault = str(error)
            raise
        except (websocket.WebSocketProtocolException, ValueError) as error:  # the latter for text that is not UTF-8
            self.fault = f"is not a WebSocket frame ({error})"
            raise

    def _end(self) -> None:
        if self.sock is not None:
            self.sock.close()
