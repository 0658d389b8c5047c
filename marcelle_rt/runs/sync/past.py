"""A run's past, read from its journal again, so that memory holds no more than what its copies lack."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ..document import tail
from ..document.events import Event
from ..document.run import Run
from ..folder.journal import Journal, replay
from .replica.replica import Replica

_HELD = 20_000  # values that a run may hold though its copies have them; most runs never have more


class Past:
    """What of a run was folded. It belongs to the publisher's thread.

    Args:
        run: The run.
        journal: Its folder.
        folded: How many of the journal's events the run has.

    Attributes:
        journal: The folder.
        folded: As given; whoever folds an event counts it.
        due: The run's version from which on it may hold so much that `forget` is worth a look.
    """

    def __init__(self, run: Run, journal: Journal, folded: int) -> None:
        self.folded = folded
        self.due: int = 0
        self._run = run
        self.journal = journal

    def events(self) -> Iterator[Event]:
        """The journal's events, as far as the run has come: what is not folded yet may undo what was before."""
        assert self.journal.directory is not None
        return islice(replay(self.journal.directory), self.folded)

    def run(self) -> Run:
        """The run, made anew."""
        return Run(self.events())

    def recall(self) -> None:
        """Makes the run whole again."""
        if not self._run.is_whole:
            tail.recall(self._run, self.run())

    def forget(self, replica: Replica | None) -> None:
        """Keeps memory from growing with the run: what the copies have can be read again from the journal.

        Args:
            replica: The backend's copy, or `None` where there is none.
        """
        room = _HELD - tail.held(self._run)
        if room > 0:  # each event adds a value to each list at most
            self.due = self._run.version + room // len(self._run.lists)
            return
        if not self.journal.is_whole:
            return
        if replica is None:
            tail.forget_all(self._run)
        else:
            replica.forget()
