"""Many documents into a service: in messages that a backend takes, once each though the line breaks, and paced."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .. import values
from ..client.doubt import is_over, may_pass
from ..errors import (
    AWAY,
    DatasetError,
    FeathersError,
    Forbidden,
    MarcelleError,
    MethodNotAllowed,
    NotFound,
    PartlyAdded,
)

if TYPE_CHECKING:
    from ..client.service import Service

Document = dict[str, Any]

MESSAGE = values.SOCKET_LIMIT - 100_000
"""The most bytes of documents in one message; what surrounds them has room above it."""


class Pace:
    """How fast documents go out.

    A page with a `datasetBrowser` draws each instance that is created, which takes it about 0.02 ms for each that it
    has drawn before; sent as fast as a backend takes them, 2,000 make it deaf for most of a minute. There is no way
    to hear from a page how far it is. So documents go out in twice the time that it needs, but at least 16 a second.

    Args:
        clock: Tells the time.
        sleep: Waits.
    """

    _FASTEST = 0.01  # seconds a document
    _SLOWEST = 0.06
    _GROWTH = 4e-5  # seconds a document, for each that went out before
    _BURST = 0.1  # seconds that a page may be busy without a pause

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._count = 0
        self._next = -float("inf")

    @property
    def each(self) -> float:
        """The seconds that the next document is given."""
        return min(self._SLOWEST, max(self._FASTEST, self._GROWTH * self._count))

    @property
    def at_once(self) -> int:
        """The most documents in the next message."""
        return max(1, int(self._BURST / self.each))

    def wait(self) -> None:
        """Waits until the next message may go."""
        left = self._next - self._clock()
        if left > 0:
            self._sleep(left)

    def sent(self, count: int) -> None:
        """Takes note of a message that went out."""
        self._next = self._clock() + count * self.each
        self._count += count


class FullSpeed(Pace):
    """As fast as a backend takes them."""

    each: float = 0.0
    at_once = 100


def create_many(
    service: Service, name: str, documents: Iterable[Document], pace: Pace, done: Callable[[int], object]
) -> list[str]:
    """Creates documents.

    Each gets an `_id` here, so that after a lost line it shows which have come through: none is lost or doubled.

    Args:
        service: Where.
        name: What they belong to, for errors.
        documents: Ready for the wire; those before one that raises are created all the same.
        pace: How fast.
        done: Is told how many more are there.

    Returns:
        Their ids, in order.

    Raises:
        PartlyAdded: The backend or the line raised, or the documents did, and some are stored or may be.
        MarcelleError: The same, and none is stored.
    """
    added: list[str] = []
    under_way: list[str] = []
    try:
        for batch in batches(documents, lambda: pace.at_once):
            pace.wait()
            under_way = [document["_id"] for document in batch]
            _create(service, batch)
            added += under_way
            under_way = []
            pace.sent(len(batch))
            done(len(batch))
    except MarcelleError as error:
        stored, unsure = _came_through(service, under_way, error)
        added += stored
        if not added and not unsure:
            raise
        reason, which = (error.reason, error.instance) if isinstance(error, DatasetError) else (str(error), None)
        raise PartlyAdded(name, reason, added, unsure, which) from error
    return added


def batches(documents: Iterable[Document], at_once: Callable[[], int], most: int = MESSAGE) -> Iterator[list[Document]]:
    """Documents in lists that fit into a message each; one that is too large alone is a list of its own.

    Where the documents raise, those before are given first.
    """
    batch: list[Document] = []
    size = 0
    source = iter(documents)
    failure: BaseException | None = None
    while failure is None:
        try:
            document = {"_id": str(uuid.uuid4()), **next(source)}
        except StopIteration:
            break
        except Exception as error:  # whatever it is, it is raised again after what came before it is given
            failure = error
            break
        weight = len(values.dumps(document)) + 1
        if batch and (size + weight > most or len(batch) >= at_once()):
            yield batch
            batch, size = [], 0
        batch.append(document)
        size += weight
    if batch:
        yield batch
    if failure is not None:
        raise failure


def _create(service: Service, batch: list[Document]) -> None:
    """Creates the documents of a batch; where it raises, those that came through are its first."""
    try:
        service.create(batch if len(batch) > 1 else batch[0])
    except (Forbidden, MethodNotAllowed):  # where users sign in, a backend takes no lists
        if len(batch) == 1:
            raise
        _create_each(service, batch)
    except (*AWAY, FeathersError) as error:
        missing = [document for document in batch if not _is_there(service, document["_id"])]
        if len(missing) == len(batch) and isinstance(error, FeathersError):
            raise
        _create_each(service, missing)


def _create_each(service: Service, batch: list[Document]) -> None:
    for document in batch:
        try:
            service.create(document)
        except (*AWAY, FeathersError):  # it may have come through all the same, or late
            if not _is_there(service, document["_id"]):
                raise


def _came_through(service: Service, ids: list[str], error: MarcelleError) -> tuple[list[str], list[str]]:
    """Which of a batch are stored after an error, and of which it is not known."""
    stored: list[str] = []
    if isinstance(error, AWAY):
        return stored, ids
    for identity in ids:
        try:
            if not _is_there(service, identity):
                return stored, [] if is_over(error) else ids[len(stored) :]
        except (*AWAY, FeathersError) as unread:
            if may_pass(unread):
                return stored, ids[len(stored) :]
            break  # who may not read what he writes has written nothing
        stored.append(identity)
    return stored, []


def _is_there(service: Service, identity: str) -> bool:
    try:
        service.get(identity)
    except NotFound:
        return False
    return True
