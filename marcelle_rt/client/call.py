"""A call under way, as a handle that is waited for, cancelled or left alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from .. import values
from ..errors import CallTimeout, ConnectionLost, InvalidAnswer, from_server
from . import answers
from .answers import Raw

READS = frozenset({"find", "get"})


class Line(Protocol):
    """What a call is sent on (`socket.transport.Line`)."""

    def post(self, body: bytes, receiver: Call) -> int | None:
        """Sends a call; returns its number, or `None` where the line is lost and nothing was sent."""
        ...

    def forget(self, number: int) -> None:
        """Lets an answer that is still to come be dropped."""
        ...


class Call:
    """The answer to a call, once it comes.

    Attributes:
        method: Feathers' method, for example `"patch"`.
        name: Service and method, for example `"runs.patch"`.
        body: What is sent: method, service and arguments as a JSON array.
        timeout: Seconds that `result` waits if it is told nothing else.
        size: The answer's length in characters; 0 before it is there.
    """

    __slots__ = (
        "_done",
        "_fault",
        "_line",
        "_location",
        "_lost",
        "_number",
        "_raw",
        "_resend",
        "body",
        "method",
        "name",
        "size",
        "timeout",
    )

    def __init__(
        self,
        method: str,
        service: str,
        body: bytes,
        *,
        location: str,
        timeout: float,
        resend: Callable[[Call, float], None] | None = None,
    ) -> None:
        self.method: str = method
        self.name: str = f"{service}.{method}"
        self.body: bytes = body
        self.timeout: float = timeout
        self.size: int = 0
        self._location = location
        self._resend = resend if method in READS else None
        self._done = threading.Event()
        self._raw: Raw | None = None
        self._lost = False
        self._fault: str | None = None
        self._line: Line | None = None
        self._number = 0

    def post(self, line: Line) -> bool:
        """Sends the call on a line; `False` if that line is lost and nothing was sent."""
        number = line.post(self.body, self)
        if number is None:
            return False
        self._line, self._number = line, number
        return True

    def done(self) -> bool:
        """Whether `result` would return or raise at once."""
        return self._done.is_set()

    def cancel(self) -> None:
        """Stops waiting for the answer; what the server does with the call can't be stopped."""
        if self._line is not None:
            self._line.forget(self._number)

    def result(self, timeout: float | None = None) -> Any:
        """Waits for the answer, and gives it as it came: its shape is for the caller to check (`answers`).

        A read whose connection was lost is sent again when there is a new one.

        Args:
            timeout: Seconds; `None` for the call's own.

        Raises:
            ConnectionLost: The line dropped; whether a write was carried out is unknown.
            CallTimeout: No answer came in time.
            BackendUnreachable: The line dropped during a read, and there was no new one in time.
            InvalidAnswer: What came is too large, or not an answer.
            FeathersError: The server's own error.
        """
        wait = self.timeout if timeout is None else timeout
        return self.result_by(time.monotonic() + wait, wait)

    def result_by(self, deadline: float, timeout: float) -> Any:
        """As `result`, waiting until a point of `time.monotonic`; errors name `timeout`."""
        while True:
            if not self._done.wait(max(0.0, deadline - time.monotonic())):
                self.cancel()
                raise CallTimeout(self._location, self.name, timeout)
            if not self._lost:
                break
            if self._fault is not None:
                raise InvalidAnswer(self._location, self.name, self._fault)
            if self._resend is None:
                raise ConnectionLost(self._location, self.name)
            self._done.clear()
            self._lost = False
            self._resend(self, deadline)
        try:
            answer = values.loads(self._raw) if isinstance(self._raw, str) else self._raw
        except ValueError as invalid:
            raise InvalidAnswer(self._location, self.name, f"is not JSON ({invalid})") from None
        if not isinstance(answer, list) or not answer:
            raise InvalidAnswer(self._location, self.name, "is not an acknowledgement as Feathers sends it")
        error, *results = answer
        if error is not None:
            raise from_server(error, self.name)
        return results[0] if results else None

    def page(self) -> Any:
        """As `result`, of a `find` that must give documents: a list or a page of them."""
        found = answers.checked(self.result(), "find", (), self._location, self.name)
        return answers.page(found, self._location, self.name)

    def answered(self, raw: Raw) -> None:
        """The transport's: here is the answer."""
        self._raw = raw
        self.size = len(raw)
        self._done.set()

    def lost(self, fault: str | None) -> None:
        """The transport's: the line is gone, and no answer came, or one that has that fault."""
        self._lost = True
        self._fault = fault
        self._done.set()
