"""One run on its way from the training thread to its copies: the folder, `run_data.json` and a backend."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from ...errors import MarcelleError
from ...notices import Notices, logger
from ..document.events import End, Event, Written
from ..document.run import Run
from ..folder import copies
from ..folder.files import remove_files
from ..folder.journal import Journal, reopen
from ..remote.link import Link
from .backend_copy import BackendCopy
from .flush import Flush, Flushes
from .pace import earlier
from .past import Past
from .sentences import kept, unwritten
from .snapshot import Snapshot
from .status import Phase, Reached, Status


class Feed:
    """Takes events on the training thread, and brings the copies level on the publisher's thread.

    | attribute | written by | read by |
    |---|---|---|
    | `journal`: the folder | training, by `record` and `end`; publisher, to write again; under `_lock` | both |
    | `phase`: how far it has come | training to `ENDED`, publisher to `SETTLED`: by `_enter`, under `_lock` | both |
    | `ended_as`: the status of a run that ended | training, under `_lock` | training |
    | `_queue`, `_recorded` | training and uploads put in, publisher takes out; under `_lock` | both |
    | `_flushes`: who waits | training begins and leaves waits, publisher settles them | both |
    | `reached`: how far the copies are | publisher, under `_lock` | training |
    | `run`, as far as it was folded | publisher | publisher; `status`: training |
    | `copy`: the backend's, or `None` | publisher | publisher; `status`: training |
    | `past`, `_snapshot`, `_undecided`, `_hurried_for`, `_noted` | publisher | publisher |
    | `notices`: what the user is told | both (it has a lock) | both |
    """

    def __init__(
        self,
        journal: Journal,
        link: Link | None,
        notices: Notices,
        *,
        owns_link: bool = False,
        history: Sequence[Event] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepares it.

        Args:
            journal: The run's folder.
            link: The backend, or `None`.
            notices: What the user is told.
            owns_link: Whether the link is closed with the run.
            history: The events that the journal has already, of a run that is resumed.
            clock: Monotonic seconds.
        """
        self.journal = journal
        self.notices = notices
        self.run: Run = Run(history)
        self.past: Past = Past(self.run, journal, len(history))
        self.copy: BackendCopy | None = None
        if link is not None:
            self.copy = BackendCopy(self.run, self.past, link, notices, self.note, owns_link=owns_link, clock=clock)
        self.phase: Phase = Phase.OPEN
        self.ended_as: str | None = None
        self._undecided = bool(history)  # a resumed run whose next epoch is not known yet: files may have to go
        self._snapshot = Snapshot(self.run, journal, notices, clock=clock)
        self._lock = threading.RLock()  # a signal's handler may end the run while this thread records an epoch
        self._queue: deque[Event] = deque()
        self._recorded = 0
        self.reached: Reached = Reached(-1, complete=False)
        self._flushes = Flushes()
        self._hurried_for = 0  # how many flushes had ended the pauses
        # The run's name on the backend, and whether it was removed there, as the folder knows.
        self._noted: tuple[str, bool] | None = None

    def _enter(self, phase: Phase) -> None:
        with self._lock:
            self.phase = phase

    # On the training thread.

    def record(self, event: Written) -> bool:
        """Writes an event to the journal, and queues it for the copies. The publisher must be told.

        Returns:
            Whether the run was open; else nothing is recorded.
        """
        with self._lock:
            if self.phase is not Phase.OPEN:
                return False
            try:
                self.journal.append(event)
            finally:  # also when Ctrl-C arrives during the write: what the journal has, the copies get
                self._queue.append(event)
                self._recorded += 1
        if self.journal.failure is not None:
            self.notices.warn("journal", unwritten(self.journal.directory, self.journal.failure))
        return True

    def note(self, event: Event) -> None:
        """Queues an event that is not for the journal: what a backend has by now. Any thread may call it."""
        with self._lock:
            self._queue.append(event)
            self._recorded += 1

    def end(self, event: End) -> None:
        """Records the run's last event, and closes its journal."""
        with self._lock:
            self.record(event)
            self.journal.close()
            self.ended_as = event["status"]
            self._enter(Phase.ENDED)

    def amend(self, event: Written) -> bool:
        """Records an event of a run that has ended, and is still on its way.

        Returns:
            Whether it was: a run that has settled is not sent any more.

        Raises:
            RunFolderError: When another writer has the folder by now.
        """
        with self._lock:
            if self.phase is Phase.SETTLED:
                return False
            if self.journal.directory is not None:
                book = reopen(self.journal.directory)
                book.append(event)
                book.close()
            self.note(event)
        return True

    def close(self) -> None:
        """Ends the run as it had ended before: something was added to it since."""
        with self._lock:
            self.journal.close()
            self.ended_as = str(self.run.fields["status"])
            self._enter(Phase.ENDED)

    def flush(self) -> Flush:
        """Begins a wait for the copies. Nothing pauses while it lasts; the publisher must be woken."""
        flush = self._flushes.begin()
        with self._lock:
            if self.phase is Phase.SETTLED or self._is_reached:
                flush.settle(self.reached.complete)
        return flush

    @property
    def _is_reached(self) -> bool:
        """Whether the copies have all that was recorded."""
        reached = self.reached
        return reached.complete and reached.recorded == self._recorded

    @property
    def status(self) -> Status:
        """How the run is doing, as far as the publisher's thread has come."""
        failure, copy, complete = self.journal.failure, self.copy, self._is_reached
        problem = failure.strerror if failure is not None else copy.problem if copy is not None else None
        return Status(str(self.run.fields.get("status", "idle")), complete, None if complete else problem)

    @property
    def is_on_its_way(self) -> bool:
        """Whether something that was recorded waits for the copies."""
        return self.reached.recorded < self._recorded

    # On the publisher's thread.

    def advance(self) -> float | None:
        """Does what is due, at most one exchange with the backend.

        Returns:
            When to come again, on the clock; `None` when only an event can bring new work.

        Raises:
            BackendUnreachable: And the other errors of `AWAY`: the backend is away for all runs.
        """
        self._fold()
        hurried = self._is_hurried()
        due = self.copy.exchange(hurried=hurried) if self.copy is not None else None
        self._note_copy()
        due = earlier(due, self._save(hurried))
        if self.run.version >= self.past.due:
            self.past.forget(self.copy.replica if self.copy is not None else None)
        is_waited_for = not self._publish(idle=due is None) and hurried
        beat = self.copy.beat(is_waited_for=is_waited_for) if self.copy is not None else None
        return earlier(due, beat)

    def away(self, error: MarcelleError) -> None:
        """Notes that the backend is away."""
        self.keep()
        if self.copy is not None:
            self.copy.away(error)

    def keep(self) -> None:
        """Brings the document and `run_data.json` level; this needs no backend."""
        self._fold()
        self._save(self._is_hurried())
        self._publish(idle=False)

    def fault(self, error: BaseException) -> None:
        """Notes a fault of ours; the run pauses for it."""
        logger.error("a run could not be brought level", exc_info=error)
        self.notices.warn("fault", f"{error!r} while a run was sent. The training goes on; {kept(self.journal)}.")
        if self.copy is not None:
            self.copy.fault(repr(error))

    def files_due(self) -> list[Event]:
        """The files that are to be sent now; each must be given to `copy.files.send`."""
        if self.copy is None or not self.copy.files_waiting() or (self._undecided and not self._is_hurried()):
            return []
        return self.copy.files.take()

    def release(self) -> None:
        """Lets go of the backend."""
        if self.copy is not None:
            self.copy.release()

    def _is_hurried(self) -> bool:
        """Whether somebody waits for the run; ends the pauses for each who begins to."""
        if self._hurried_for != self._flushes.begun:
            self._hurried_for = self._flushes.begun
            if self.copy is not None:
                self.copy.hurry()
        return self.phase is not Phase.OPEN or bool(self._flushes.waits)

    def _publish(self, *, idle: bool) -> bool:
        """Tells those who wait, and `status`, how far the copies have come.

        Args:
            idle: Whether neither the backend nor the folder waits for anything but files.

        Returns:
            Whether nothing waits any more.
        """
        copy = self.copy
        idle = idle and not (copy is not None and copy.files_waiting())
        complete = idle and self._is_complete()
        with self._lock:
            idle = idle and not self._queue
            if idle:
                self.reached = Reached(self._recorded, complete)
                if self.phase is Phase.ENDED:
                    self._enter(Phase.SETTLED)
        if self._flushes.waits:
            if idle or (copy is not None and copy.is_in_vain):
                self._flushes.settle(idle and complete)
            self._flushes.tell(len(self._queue) + (copy.missing if copy is not None else 0))
        return idle

    def _is_complete(self) -> bool:
        """Whether the copies have all that was folded, now that nothing of it waits."""
        with self._lock:
            self.journal.check()
        if self.copy is None:
            return self.journal.is_whole
        self.copy.problem = self.copy.lacks()
        return self.copy.problem is None and (self.journal.is_whole or self.journal.directory is None)

    def _fold(self) -> None:
        queue = self._queue
        apply = self.run.apply if self.copy is None else self.copy.apply
        while queue:
            event = queue[0]
            kind = event["type"]
            if kind == "resume":
                self.past.recall()  # may fail; the event stays in the queue then
                self._undecided = False
            queue.popleft()
            if kind != "uploaded":
                self.past.folded += 1
            apply(event)
            if kind == "drop":  # only now do the uploads know that they need the files no more
                gone = [self.run.dropped[key] for key in event["keys"] if key in self.run.dropped]
                remove_files(gone, self.journal.directory, self.notices)

    def _note_copy(self) -> None:
        """Lets the folder know what the backend calls the run, and that somebody removed it there."""
        if self.copy is None or self.journal.directory is None:
            return
        name, removed = known = self.copy.known_as
        if known != self._noted and name:
            copies.note(self.journal.directory, self.copy.link.location, name, removed=removed)
            self._noted = known

    def _save(self, hurried: bool) -> float | None:
        if self.journal.failure is not None and hurried:
            with self._lock:
                self.journal.retry()
        if self._snapshot.is_written:
            return None
        # To read the journal again costs more: while somebody waits for a long run, it is read at the end alone.
        at_once = hurried and (self.run.is_whole or self.copy is None or self.copy.replica.is_level)
        return self._snapshot.write(self.past.events, at_once=at_once)
