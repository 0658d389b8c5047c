"""How far a run has come."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Status(NamedTuple):
    """How a Writer's run is doing."""

    run: str
    """`idle`, `start`, `epoch`, `success` or `error`, as the run has it; empty before `create_run`."""
    complete: bool
    """Whether the folder and the backend have all of the run, its files, and what lies beside it."""
    problem: str | None
    """What kept them from having it at the last try."""


class Phase(Enum):
    """How far a run has come on this side."""

    OPEN = "open"
    """It takes events."""
    ENDED = "ended"
    """No event will come any more; the copies may still lack some."""
    SETTLED = "settled"
    """All that can be done for it is done."""


class Delivery(Enum):
    """How things stand between a run and one backend."""

    OPENING = "opening"
    """Whether the backend has the run, and how much of it, is not known."""
    FOLLOWING = "following"
    """The copy is known, and gets what it lacks."""
    GONE = "gone"
    """A person removed the run there; it stays removed."""
    CLOSED = "closed"
    """Nothing more is sent, for a reason that `Replica.why` tells."""


class Reached(NamedTuple):
    """How far a run's copies had come when nothing waited."""

    recorded: int
    """How many events were recorded then."""
    complete: bool
    """Whether the copies had all of them."""
