"""`run_data.json`: the run's document in its folder, written whole from time to time and at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from ...errors import RunFolderError
from ...notices import Notices
from ...values import dumps
from ..document.columns import Columns, document
from ..document.events import Event
from ..document.run import Run
from ..folder.journal import Journal

_PAUSE = 1.0  # seconds between two writes
_FACTOR = 50.0  # and that many times what the last one took
_RECALL_FACTOR = 200.0  # the same for a long run, whose journal is read again for it


class Snapshot:
    """Writes a run's document beside its journal, on the publisher's thread.

    Args:
        run: The run.
        journal: Its folder.
        notices: What the user is told.
        clock: Monotonic seconds.
    """

    def __init__(
        self, run: Run, journal: Journal, notices: Notices, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._run = run
        self._journal = journal
        self._notices = notices
        self._clock = clock
        self._version = run.version
        self._due = 0.0

    @property
    def is_written(self) -> bool:
        """Whether the file is as new as the run, or could not be made so."""
        return self._version == self._run.version or self._journal.directory is None

    def write(self, events: Callable[[], Iterable[Event]], *, at_once: bool) -> float | None:
        """Writes the file if it is older than the run, and due.

        Args:
            events: Reads the run's events again, for one that holds but the end of its lists.
            at_once: Don't wait until it is due.

        Returns:
            When it is due; `None` when there is nothing to write.
        """
        if self.is_written:
            return None
        now = self._clock()
        if now < self._due and not at_once:
            return self._due
        whole = self._run.is_whole
        try:
            pieces = [dumps(self._run.document())] if whole else document(self._run, Columns(events()))
            self._journal.write_document(pieces)
        except (OSError, RunFolderError, LookupError) as error:
            reason = getattr(error, "strerror", None) or error
            self._notices.warn(
                "journal",
                f"run_data.json can't be written to {self._journal.directory} ({reason}). The training goes on.",
            )
        self._version = self._run.version
        after = self._clock()
        self._due = after + max(_PAUSE, (_FACTOR if whole else _RECALL_FACTOR) * (after - now))
        return None
