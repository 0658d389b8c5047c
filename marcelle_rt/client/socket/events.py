"""Who listens to what, and the thread that calls them, one event after the other."""

from __future__ import annotations

import inspect
import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from ... import values
from ...errors import InvalidData
from ...notices import Log
from ..answers import Raw, is_document

logger: Log = Log("marcelle_rt.client")

_MOST_HELD = 50_000_000
"""Bytes of events that wait for handlers. What comes beyond is left out, until half of them are handled."""
_LIST = 10_000  # bytes that an event counts for where it came with attachments, in parts

_PATIENCE = 2.0  # seconds that `close` gives a handler to return


class _Handler(NamedTuple):
    owner: object
    function: Callable[..., object]
    once: bool
    background: bool


class Events:
    """Handlers, and the dispatcher thread that runs them, so that a handler may itself call services."""

    def __init__(self) -> None:
        self._handlers: dict[str, tuple[_Handler, ...]] = {}
        # A view's end can come with a garbage collection, and that in the middle of `on` or `off`.
        self._guard = threading.RLock()
        self._queue: queue.SimpleQueue[tuple[str, Raw] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._count = threading.Lock()  # guards the next two
        self._held = 0
        self._missed = 0

    def on(
        self,
        event: str,
        function: Callable[..., object],
        owner: object,
        *,
        once: bool = False,
        background: bool = False,
    ) -> None:
        """Calls `function` at each `event`, until `off`.

        Args:
            event: `"<service> <created|updated|patched|removed>"`, `"connected"`, `"disconnected"` or
                `"error"`.
            function: Gets the document, or for `"error"` the exception, or nothing.
            owner: Whose handler it is.
            once: Take it away before its first call.
            background: It is not a reason to keep a connection.

        Raises:
            InvalidData: The function is an async one, which a thread would call and nobody would await.
        """
        if inspect.iscoroutinefunction(function):
            raise InvalidData(
                "f",
                function,
                "is an async function, and handlers are called on a thread; give a function that hands the document "
                "to your loop, for example with asyncio.run_coroutine_threadsafe",
            )
        with self._guard:
            self._handlers[event] = (*self._handlers.get(event, ()), _Handler(owner, function, once, background))

    def off(self, event: str, owner: object, function: Callable[..., object] | None = None) -> None:
        """Removes an owner's handlers of an event, or only `function`."""
        with self._guard:
            left = tuple(
                handler
                for handler in self._handlers.get(event, ())
                if handler.owner is not owner or (function is not None and handler.function != function)
            )
            if left:
                self._handlers[event] = left
            else:
                self._handlers.pop(event, None)

    def move(self, owner: object, to: Events | None = None) -> None:
        """Removes all handlers of an owner, and adds them to another connection's events."""
        with self._guard:
            moved = [
                (event, handler)
                for event, handlers in self._handlers.items()
                for handler in handlers
                if handler.owner is owner
            ]
        for event, handler in moved:
            self.off(event, owner, handler.function)
            if to is not None:
                to.on(event, handler.function, owner, once=handler.once, background=handler.background)

    def wanted(self, event: str) -> bool:
        """Whether anybody has a handler for the event."""
        return event in self._handlers

    def wanted_from_server(self, event: str) -> bool:
        """As `wanted`, for an event of a service: the others are our own, and no server's to send."""
        return event in self._handlers and " " in event

    def needed(self) -> bool:
        """Whether anybody has a handler that is a reason to keep a connection."""
        return any(not handler.background for handlers in list(self._handlers.values()) for handler in handlers)

    def put(self, event: str, raw: Raw) -> None:
        """Has the handlers of an event called, after those of all events before it.

        Where handlers are slower than events for so long that too much waits, a server's events are left out. Then it
        is told as a lost connection that is back, so that whoever needs each change (`Service.watch`) reads again.

        Args:
            event: The event's name.
            raw: The name and the arguments; JSON is parsed on the dispatcher thread.
        """
        with self._count:
            if " " in event and (self._missed or self._held > _MOST_HELD):
                self._missed += 1
                return
            self._held += _size(raw)
        self._queue.put((event, raw))

    def announce(self, event: str, *arguments: object) -> None:
        """As `put`, if there is a handler."""
        if self.wanted(event):
            self.put(event, [event, *arguments])

    def start(self, name: str) -> None:
        """Starts the dispatcher thread, if it doesn't run."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            thread.start()
            self._thread = thread  # where the system gives no more threads, the next attempt starts one

    def close(self) -> None:
        """Removes all handlers and ends the thread, after the running handler."""
        with self._guard:
            self._handlers.clear()
        self._queue.put(None)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            event, raw = item
            self._tell_if_missed(_size(raw))
            arguments = _arguments(event, raw)
            if arguments is None:
                logger.warning("The server sent an event %r without a document; it is skipped.", event)
                continue
            for handler in self._handlers.get(event, ()):
                if handler.once:
                    self.off(event, handler.owner, handler.function)
                try:
                    handler.function(*arguments)
                except BaseException:  # whatever a user's handler raises must not stop the others
                    logger.exception("A handler of %r failed: %r", event, handler.function)

    def _tell_if_missed(self, size: int) -> None:
        with self._count:
            self._held -= size
            if not self._missed or self._held > _MOST_HELD // 2:
                return
            missed, self._missed = self._missed, 0
        logger.warning(
            "Handlers are slower than the server's events, so %d events were left out. Do less in a handler, or use "
            "Service.watch, which gives the newest of each document.",
            missed,
        )
        self.announce("disconnected")
        self.announce("connected")


def _size(raw: Raw) -> int:
    return len(raw) if isinstance(raw, str) else _LIST


def _arguments(event: str, raw: Raw) -> list[Any] | None:
    """What handlers get; `None` for what a server sent that is not a service's event."""
    try:
        named = values.loads(raw) if isinstance(raw, str) else raw
    except ValueError:
        return None
    if " " not in event:  # one of our own
        return named[1:]
    if not isinstance(named, list) or len(named) < 2 or not is_document(named[1]):
        return None
    return [named[1]]
