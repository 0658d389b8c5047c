"""A view of a query that has no gaps: what is there, then what changes, also across lost connections."""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

from ..errors import AWAY, CallTimeout, Forbidden, NotFound
from ..notices import Notices, sentence
from . import query as queries
from .paging import Document, Pages, identity
from .session import Session
from .view import Change, View

_PATIENCE = 1.0  # seconds between two looks whether a lost connection was given up


class Watch(Iterator[Change]):
    """Gives the documents that match a query, then each change, as long as it is iterated.

    After a lost connection everything is read again and what differs is given, so that whoever applies all
    changes has the server's state. What happened twice to one document in between may come as one change.
    So may, where the reader is slow and many megabytes wait for it, two changes of one document: it gets the
    newest, and `merged` and a warning tell.

    Where databases differ on whether a document matches (`query`: null for fields that aren't there, `$ne` on arrays),
    the server is asked about that one, as it then is: what it was in between may be left out.

    It goes along with `DataStore.login` and `logout`: everything is read again, as that user may see it. Where the
    service is closed to that user the iteration raises `NotAuthenticated` or `Forbidden`, and after another login it
    can go on. Of a document that this user may see no longer a server tells nothing: it stays until `read_again`, or
    until a lost connection is back.

    It is for one thread; `close`, its own or its store's, may be called from any and ends the iteration.

    Args:
        session: The backend, and who is signed in.
        service: The name of the service whose documents are followed.
        query: Filters; no `$sort`, `$limit`, `$skip` or `$select`.
        timeout: Seconds after which the iteration ends if nothing came; iterated again, it goes on. `None`
            waits forever.

    Raises:
        InvalidData: The query has something that can't be judged by here.
        BackendUnreachable: There is no connection.
        NotAuthenticated: The server refuses the login; the iteration raises it too, where that is found out later.
        FeathersError: The server refuses the query; the iteration raises it.
    """

    def __init__(self, session: Session, service: str, query: Mapping[str, Any], timeout: float | None) -> None:
        queries.check(query)
        self._session = session
        self._service = service
        self._query = query
        self._timeout = math.inf if timeout is None else timeout
        self._inbox = _Inbox(query)
        self._notices = Notices()
        handlers = self._inbox.handlers(service)
        session.connect(insist=True)
        for event, function in handlers.items():
            session.on(event, function)
        # A view that is dropped in the middle of a loop must not go on collecting news.
        self._unsubscribe = weakref.finalize(self, _unsubscribe, session, handlers)
        session.followers.add(self)

    @property
    def merged(self) -> int:
        """How many changes were left out for a newer one of the same document, because the reader was slow."""
        return self._inbox.view.merged

    def __next__(self) -> Change:
        deadline = time.monotonic() + self._timeout
        while not self._inbox.closed:
            if self._may_read():
                self._read()
            elif self._may_ask():
                self._ask()
            change = self._inbox.take()
            if change is not None:
                self._tell_if_merged()
                return change
            if self._inbox.away and self._session.status == "disconnected":
                self._session.connect(insist=True)  # raises why it was given up
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._inbox.wait(left, lambda: self._may_read() or self._may_ask())
        raise StopIteration

    def close(self) -> None:
        """Ends the iteration, also one that waits on another thread."""
        self._unsubscribe()
        with self._inbox.changed:
            self._inbox.closed = True
            self._inbox.changed.notify_all()

    def read_again(self) -> None:
        """Has everything read again and compared, because events may have been missed."""
        self._inbox.connected()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _may_read(self) -> bool:
        return self._inbox.view.stale and self._session.status != "connecting"

    def _may_ask(self) -> bool:
        return self._inbox.doubt is not None and self._session.status == "connected"

    def _ask(self) -> None:
        """Asks the server about one document of which it is in doubt whether it matches."""
        if (doubt := self._inbox.doubt) is None:
            return
        key, document = doubt
        try:
            found = self._session.documents("get", self._service, key, self._query)
        except (NotFound, Forbidden):
            found = None
        except AWAY:  # another reading will tell, also whether it is for good
            self.read_again()
            return
        with self._inbox.changed:
            self._inbox.view.settle(key, document, found)

    def _read(self) -> None:
        """Reads what is there and brings the view level with it, if the connection holds."""
        inbox = self._inbox
        with inbox.changed:
            inbox.view.begin()
        found: dict[Any, Document] = {}
        try:
            for document in Pages(self._session, self._service, self._query):
                if inbox.closed:
                    return
                found[identity(document)] = document
        except BaseException as error:  # whatever has ended the reading, also Ctrl-C: it is not whole
            with inbox.changed:
                inbox.view.abandon()
            passes = isinstance(error, AWAY) and self._may_come_back()
            if not isinstance(error, Exception) or not (passes or inbox.closed):
                raise
            if isinstance(error, CallTimeout):
                self._notices.warn("slow", f"{sentence(error)} It will be asked again until it answers.")
        else:
            with inbox.changed:
                inbox.view.end(found)

    def _may_come_back(self) -> bool:
        status = self._session.status
        return status == "connecting" or (status == "connected" and self._inbox.view.begun)

    def _tell_if_merged(self) -> None:
        if self.merged:
            self._notices.warn(
                "merged",
                f"Changes of {self._service} come faster than they are read: where one document has several, only "
                "the newest is kept. The watch's `merged` counts the others.",
            )


class _Inbox:
    """Where the dispatcher thread puts what happens; it knows no `Watch`, which so can be dropped.

    Attributes:
        changed: Guards all else, and is notified when there is something for the reader.
        away: The connection is lost.
        closed: The iteration is to end.
    """

    def __init__(self, query: Mapping[str, Any]) -> None:
        self.view = View()
        self.changed = threading.Condition()
        self.away = False
        self.closed = False
        self._query = query

    def take(self) -> Change | None:
        with self.changed:
            return self.view.take()

    @property
    def doubt(self) -> tuple[Any, Document] | None:
        with self.changed:
            return self.view.doubt

    def wait(self, timeout: float, may_go_on: Callable[[], bool]) -> None:
        """Waits until there is something, or it is time to see what became of a lost connection."""
        with self.changed:
            if not (self.closed or self.view or may_go_on()):
                uncertain = self.away or self.view.stale
                self.changed.wait(min(timeout, _PATIENCE if uncertain else threading.TIMEOUT_MAX))

    def handlers(self, name: str) -> dict[str, Callable[..., object]]:
        """The handlers of a service's events and of the connection's."""
        written = {f"{name} {event}": self.written for event in ("created", "updated", "patched")}
        return {
            **written,
            f"{name} removed": self.removed,
            "connected": self.connected,
            "disconnected": self.disconnected,
        }

    def written(self, document: Document) -> None:
        self._put(document, queries.matches(document, self._query))

    def removed(self, document: Document) -> None:
        self._put(document, False)

    def _put(self, document: Document, matching: bool | None) -> None:
        with self.changed:
            self.view.event(identity(document), document, matching)
            if self.view or self.view.doubt:
                self.changed.notify_all()

    def connected(self) -> None:
        with self.changed:
            self.away = False
            self.view.stale = True
            self.changed.notify_all()

    def disconnected(self) -> None:
        with self.changed:
            self.away = True
            self.changed.notify_all()


def _unsubscribe(session: Session, handlers: Mapping[str, Callable[..., object]]) -> None:
    for event, function in handlers.items():
        session.off(event, function)
