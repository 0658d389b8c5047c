"""Documents beside a run, in services of their own, on their way to one backend.

What changes often and is not drawn with the run (batches, measurements of the machine, alerts) would make every
page read the whole run again; so it goes beside it. In the journal each is a `document`
event, whose document has the run's `_id` as `runId` and an `_id` of its own, so that sending it twice is one.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...client.doubt import is_away, may_pass
from ...client.retrying import TRIES
from ...errors import FeathersError, Forbidden, MarcelleError, MethodNotAllowed, NotFound, NotImplementedByServer
from ...notices import Notices, logger, sentence
from ..document.event_checks import is_beside
from ..document.events import BATCHES, Event
from ..document.run import Run
from ..folder.journal import JOURNAL, replay
from ..remote.run_documents import RunDocuments

_MOST = 200  # documents that wait in memory; past that they are read from the journal again
_NOT_FOR_US = (Forbidden, NotFound, MethodNotAllowed, NotImplementedByServer)
"""What a backend says that has no such service, or lets nobody of ours write there."""


class SideDocuments:
    """Sends a run's side documents, each once, and holds no more than a few that were not sent yet.

    The run must be on the backend before the first `step`.

    Attributes:
        lost: How many documents the backend did not take.
    """

    def __init__(
        self, run: Run, documents: RunDocuments, directory: Path | None, notices: Notices, *, fresh: bool = False
    ) -> None:
        """Prepares it; nothing is sent yet.

        Args:
            run: The run, whose `_id` on this backend need not be the folder's.
            documents: The backend's.
            directory: The run's folder, or `None` where there is none.
            notices: What the user is told.
            fresh: The run was made just now, so that the backend has nothing of it.
        """
        self._run = run
        self._documents = documents
        self._directory = directory
        self._notices = notices
        self._queue: deque[Event] = deque()
        self._under_way: Event | None = None
        self._rest: Iterator[Event] | None = None
        self._unsure = not fresh
        self._tries = 0  # of what is under way
        self._refused: set[str] = set()  # services that take nothing of ours
        self.lost: int = 0
        self._doomed: deque[str] = deque()  # chunks of batches that a resumed run has no longer

    @property
    def is_level(self) -> bool:
        """Whether nothing waits: the backend has all that it takes."""
        return not (self._unsure or self._queue or self._under_way or self._rest or self._doomed)

    def waiting(self) -> int:
        """How many documents wait in memory."""
        return len(self._queue)

    def add(self, event: Event) -> None:
        """Takes a `document` event, which is in the journal already."""
        if event["service"] in self._refused:
            self.lost += 1
            return
        if len(self._queue) >= _MOST:
            if self._directory is not None:
                self._queue.clear()
                self.check()
                return
            self._queue.popleft()
            self.lost += 1
            self._notices.warn(
                "beside", f"More than {_MOST} documents beside the run wait to be sent, so the oldest are dropped."
            )
        self._queue.append(event)

    def drop(self, batches: Iterable[str]) -> None:
        """Takes back chunks of batches, by their `_id`s, because a resumed run has them no longer."""
        gone = set(batches)
        self._queue = deque(event for event in self._queue if event["document"]["_id"] not in gone)
        if self._under_way is not None and self._under_way["document"]["_id"] in gone:
            self._under_way = None
        if gone:  # the backend may have some of them
            self.check()

    def check(self) -> None:
        """Says that the backend may lack what it had: it is asked, and the rest is read from the journal."""
        self._unsure = True

    def step(self) -> bool:
        """Sends at most one document.

        Returns:
            Whether there was something to do.

        Raises:
            MarcelleError: What the backend or the line raised, and what passes. Step again later.
        """
        if self._unsure:
            rest = self._lacking()
            self._rest, self._unsure = rest, False
            return True
        if self._doomed:
            self._remove(self._doomed[0])
            self._doomed.popleft()
            return True
        if self._under_way is None and self._rest is not None:
            self._under_way = next(self._rest, None)
            if self._under_way is None:
                self._rest = None
        if self._under_way is None and self._queue:
            self._under_way = self._queue.popleft()
        if self._under_way is None:
            return False
        self._send(self._under_way["service"], self._own(self._under_way["document"]))
        self._under_way, self._tries = None, 0
        return True

    def level(self) -> None:
        """Steps until the backend has all.

        Raises:
            MarcelleError: What the backend or the line raised, and what passes.
        """
        while self.step():
            pass

    def _send(self, service: str, document: Mapping[str, Any]) -> None:
        if service in self._refused:
            self.lost += 1
            return
        try:
            self._documents.create_beside(service, document)
        except _NOT_FOR_US as error:
            self.lost += 1
            self._refuse(service, error)
        except MarcelleError as error:
            if is_away(error):
                raise
            self._tries += 1
            if may_pass(error) and self._tries < TRIES:
                raise
            # A document that this backend can't take, say a key by another hand; those after it go on.
            self.lost += 1
            self._notices.warn(
                ("document", service),
                f"A document in {service!r} ({document.get('_id')}) was not sent: {sentence(error)} "
                "It is kept in the run's folder alone.",
            )

    def _remove(self, identity: str) -> None:
        try:
            self._documents.remove_beside(BATCHES, identity)
        except FeathersError as error:
            if may_pass(error):
                raise
            logger.warning("%s/%s could not be removed: %s", BATCHES, identity, error)

    def _refuse(self, service: str, error: FeathersError) -> None:
        self._refused.add(service)
        self._notices.warn(
            ("beside", service),
            f"{self._documents.link.location} refuses the run's documents in {service!r}: {sentence(error)} "
            "They are kept in the run's folder alone.",
        )

    def _lacking(self) -> Iterator[Event]:
        """What the journal has and the backend lacks, but for what waits in memory."""
        if self._directory is None or not (self._directory / JOURNAL).exists():
            return iter(())
        gone = {identity for event in replay(self._directory, ("resume",)) for identity in event.get("batches", ())}
        self._doomed.clear()
        has = {event["document"]["_id"] for event in self._queue} | gone
        services = {event["service"] for event in self._recorded()} - self._refused
        there: dict[str, set[str]] = {}
        for service in sorted(services):
            try:
                there[service] = self._documents.beside(service, self._run.id)
            except FeathersError as error:
                if may_pass(error):
                    raise
                self._refuse(service, error)
        for event in self._recorded() if gone else ():
            identity = self._own(event["document"])["_id"]
            if event["document"]["_id"] in gone and identity in there.get(event["service"], ()):
                self._doomed.append(identity)
        return (
            event
            for event in self._recorded()
            if event["service"] in there
            and event["document"]["_id"] not in has
            and self._own(event["document"])["_id"] not in there[event["service"]]
        )

    def _recorded(self) -> Iterator[Event]:
        """The journal's documents, one by one."""
        assert self._directory is not None
        return (event for event in replay(self._directory, ("document",)) if is_beside(event))

    def _own(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """A document as it belongs to this copy of the run, which may have an `_id` that is not the folder's."""
        if document["runId"] == self._run.id:
            return document
        identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{self._run.id}/{document['_id']}")
        return {**document, "_id": str(identity), "runId": self._run.id}
