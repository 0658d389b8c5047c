"""One run on its way from the training thread to its copies: the folder, `run_data.json` and a backend."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import AWAY, MarcelleError, RunFolderError
from ...notices import Notices, logger
from ...values import dumps
from ..document import tail
from ..document.columns import Columns, document
from ..document.events import Event
from ..document.run import Run
from ..document.shorten import sentence
from ..folder.journal import Journal, replay
from ..remote.heartbeat import Heartbeat
from ..remote.link import Link
from ..remote.run_documents import RunDocuments
from ..remote.uploads import FileUploads
from .replica import Replica
from .side_documents import Side

PAUSE = 0.1  # seconds between two messages about one run; dashboards redraw at each
PAUSE_FACTOR = 4.0  # and that many times what the last answer took, so that long documents spare everybody
_SNAPSHOT_PAUSE = 1.0  # seconds between two writes of `run_data.json`
_SNAPSHOT_FACTOR = 50.0
_RECALL_FACTOR = 200.0  # the same for a long run, whose journal is read again for it
_HELD = 20_000  # values that a run may hold though its copies have them; most runs never have more
_REFUSED_PAUSE = 10.0  # seconds before a server that said no is asked again


class Status(NamedTuple):
    """How a Writer's run is doing."""

    run: str
    """The run's own status: `idle`, `start`, `epoch`, `success` or `error`; empty before `create_run`."""
    level: bool
    """Whether the folder and the backend have all of it."""
    problem: str | None
    """What kept the backend from having it at the last try."""


class Feed:
    """Takes events on the training thread, and brings the copies level on the publisher's thread.

    Attributes:
        journal: The run's folder.
        notices: What the user is told.
        link: The backend, or `None`.
        uploads: What sends files there, or `None`.
        done: Set while nothing waits.
        stuck: The backend refused the run while it was to be finished: waiting longer is in vain.
        closed: Set when nothing more will come, so that the feed can be dropped once it is done.
        undecided: A resumed run whose next epoch is not known yet: some of its files may have to go.
        heartbeat: The run's signs of life.
        cut_off: The `Remote` was closed by its owner: nothing can be sent any more.
        dropped: Closed and cut off, and all that can be done is done.
    """

    def __init__(
        self,
        journal: Journal,
        link: Link | None,
        notices: Notices,
        *,
        owns_link: bool = False,
        events: Iterable[Event] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.journal = journal
        self.link = link
        self.uploads = FileUploads(link) if link is not None else None
        documents = RunDocuments(link) if link is not None else None
        self.notices = notices
        self.done = threading.Event()
        self.finishing = False
        self.closed = False
        self.cut_off = False
        self.dropped = False
        past = list(events)
        self.undecided = bool(past)
        self.run = Run(past)
        self._folded = len(past)  # events of the journal
        self.replica = Replica(self.run, documents, fresh=not past, past=self._past) if documents is not None else None
        folder = journal.directory
        self.side = Side(self.run, documents, folder, notices, fresh=not past) if documents is not None else None
        self.refused: set[str] = set()  # keys of files that can't be uploaded; said, and kept in the folder
        self.under_way: set[str] = set()
        self.problem: str | None = None
        self.stuck = False
        self.heartbeat = Heartbeat(clock=clock)
        self._clock = clock
        self._owns_link = owns_link
        self._queue: deque[Event] = deque()
        self._lock = threading.RLock()
        self._snapshot_version = self.run.version
        self._snapshot_due = 0.0
        self._due = 0.0
        self._side_due = 0.0
        self._copies = 1
        self._listening = False

    # On the training thread.

    def record(self, event: Event) -> None:
        """Writes an event to the journal, and queues it for the copies. The publisher must be told."""
        with self._lock:
            self.journal.append(event)
            self._queue.append(event)
            if self.done.is_set():
                self.done.clear()
        if self.journal.failure is not None:
            self.notices.warn(
                "journal",
                f"The run can't be written to {self.journal.directory} ({self.journal.failure.strerror}). The "
                "training goes on, and what could not be written is tried again at the next epoch.",
            )

    def note(self, event: Event) -> None:
        """Queues an event that is not for the journal: what a backend has by now. Any thread may call it."""
        with self._lock:
            self._queue.append(event)
            self.done.clear()

    # On the publisher's thread.

    def advance(self) -> float | None:
        """Does what is due, at most one exchange with the backend.

        Returns:
            When to come again, on the clock; `None` when only an event can bring new work.

        Raises:
            BackendUnreachable: And the other errors of `AWAY`: the backend is away for all runs.
        """
        self._fold()
        times = [self._copy(), self._snapshot()]
        self._forget()
        waiting = [t for t in times if t is not None]
        if not waiting:
            with self._lock:
                if self.is_level and not self._queue and not self.files_waiting():
                    self.problem = None
                    self.done.set()
                else:
                    self.dropped = self.cut_off and self.closed and not self._queue
        if (beat := self._beat()) is not None:
            waiting.append(beat)
        return min(waiting, default=None)

    @property
    def is_level(self) -> bool:
        """Whether the backend has the run and what lies beside it, but for files."""
        if self.replica is None or self.side is None or self.replica.gone:
            return True
        return self.replica.is_level and self.side.is_level

    def keep(self) -> float | None:
        """Brings the document and `run_data.json` level; this needs no backend.

        Returns:
            When to come again, or `None`.
        """
        self._fold()
        return self._snapshot()

    def _fold(self) -> None:
        while True:
            try:
                event = self._queue[0]
            except IndexError:
                return
            if event["type"] == "resume":
                self._recall()  # may fail; the event stays in the queue then
                self.undecided = False
            self._queue.popleft()
            if event["type"] == "uploaded":  # should the backend lose it, it is sent again
                self.under_way.discard(event["key"])
            else:
                self._folded += 1
            if event["type"] == "document":
                if self.side is not None:
                    self.side.add(event)
                continue
            if event["type"] == "resume" and self.side is not None:
                self.side.drop(event.get("batches", ()))
            if self.replica is not None:
                self.replica.apply(event)
            else:
                self.run.apply(event)

    def _snapshot(self) -> float | None:
        if self._snapshot_version == self.run.version or self.journal.directory is None:
            return None
        now = self._clock()
        whole = tail.is_whole(self.run)
        # To read the journal again costs more: while somebody waits for a long run, it is read at the end alone.
        at_once = self.finishing and (whole or self.replica is None or self.replica.is_level)
        if now < self._snapshot_due and not at_once:
            return self._snapshot_due
        try:
            pieces = [dumps(self.run.document())] if whole else document(self.run, Columns(self._events()))
            self.journal.write_document(pieces)
        except (OSError, RunFolderError, LookupError) as error:
            reason = getattr(error, "strerror", None) or error
            self.notices.warn(
                "journal",
                f"run_data.json can't be written to {self.journal.directory} ({reason}). The training goes on.",
            )
        self._snapshot_version = self.run.version
        after = self._clock()
        factor = _SNAPSHOT_FACTOR if whole else _RECALL_FACTOR
        self._snapshot_due = after + max(_SNAPSHOT_PAUSE, factor * (after - now))
        return None

    def _events(self) -> Iterator[Event]:
        """The journal's events, as far as the run has come: what is in the queue may undo what was before."""
        assert self.journal.directory is not None
        return islice(replay(self.journal.directory), self._folded)

    def _past(self) -> Run:
        return Run(self._events())

    def _recall(self) -> None:
        if not tail.is_whole(self.run):
            tail.recall(self.run, self._past())

    def _forget(self) -> None:
        """Keeps memory from growing with the run: what the copies have can be read again from the journal."""
        if not self.journal.has_all or tail.held(self.run) <= _HELD:
            return
        if self.replica is None:
            tail.forget(self.run, {path: len(values) for path, values in self.run.lists.items()}, ())
        else:
            self.replica.forget()

    def _copy(self) -> float | None:
        replica, side = self.replica, self.side
        if replica is None or side is None or self.link is None or self.is_level or self._is_cut_off():
            return None
        now = self._clock()
        # What lies beside the run has the pauses between two messages about it, so that no epoch waits for it.
        beside = replica.is_level or now < self._due
        if beside and (side.is_level or not replica.is_there or now < self._side_due):
            return self._next_time()
        try:
            self._listen()
            busy = side.step() if beside else replica.step()
        except AWAY:
            if self._is_cut_off():  # closed just now; the backend is there for other runs
                return None
            raise
        except MarcelleError as error:
            self.problem = str(error)
            self.stuck = self.finishing
            self.notices.warn(("refused", type(error)), f"{error} The training goes on; {self.kept()} and tried again.")
            if beside:
                self._side_due = self._clock() + _REFUSED_PAUSE
            else:
                self._due = self._clock() + _REFUSED_PAUSE
            return self._next_time()
        if replica.copies > self._copies:  # it had lost the run, so what lies beside it too
            self._copies = replica.copies
            side.check()
        if replica.shortened:
            self.notices.warn(
                "shortened", f"{sentence(replica.shortened, self.link.location)} Its folder has all of it."
            )
        if replica.gone:
            self.notices.warn(
                "gone",
                f"The run was removed from {self.link.location}, so it stays removed there. The training goes on; "
                f"{self.kept()}.",
            )
        after = self._clock()
        if not busy:
            return None if self.is_level else after
        if beside:
            self._side_due = after if self.finishing else after + PAUSE_FACTOR * (after - now)
        else:
            self._due = after if self.finishing else after + max(PAUSE, PAUSE_FACTOR * (after - now))
        return self._next_time()

    def _next_time(self) -> float | None:
        """When the next exchange may be: one about the run, or about what lies beside it."""
        replica, side = self.replica, self.side
        if replica is None or side is None or self.is_level:
            return None
        times = [self._due] if not replica.is_level else []
        if replica.is_there and not side.is_level:
            times.append(self._side_due)
        return min(times, default=None)

    def _beat(self) -> float | None:
        """Shows that the run goes on; while somebody waits for its copies, those come first."""
        replica = self.replica
        if replica is None or self.link is None:
            return None
        waited_for = self.finishing and not self.done.is_set()
        if replica.gone or (self.run.ended and not waited_for):
            self.heartbeat.end(self.link, self.run.id)
        elif replica.is_there and not waited_for and not self.run.ended:
            return self.heartbeat.keep_up(self.link, self.run.id, replica.copies)
        return None

    def _is_cut_off(self) -> bool:
        if self.link is None or self.link.store.status != "closed":
            return False
        self.cut_off = True
        self.problem = "its Remote was closed before the run ended"
        self.stuck = self.finishing
        self.notices.warn(
            "closed",
            f"The Remote of this run was closed before the run ended, so nothing more is sent. The training goes on; "
            f"{self.kept()}.",
        )
        return True

    def _listen(self) -> None:
        """Hears of the run's removal; by REST the heartbeat tells of it."""
        if self.link is not None and not self._listening and self.link.way is self.link.store:
            self.link.store.session.connect()
            self.link.store.session.on("runs removed", self._removed, background=True)
            self._listening = True

    def _removed(self, removed: Any) -> None:
        if self.replica is not None and removed.get("_id") == self.run.id:
            self.replica.removed()

    def fault(self, error: Exception) -> float:
        """Notes a fault of ours.

        Returns:
            When to try again.
        """
        logger.error("a run could not be brought level", exc_info=error)
        self.problem = repr(error)
        self.notices.warn("fault", f"{error!r} while a run was sent. The training goes on; {self.kept()}.")
        self._due = self._clock() + _REFUSED_PAUSE
        return self._due

    def release(self) -> None:
        """Lets go of the backend."""
        if self.link is None:
            return
        if self._listening:
            self.link.store.session.off("runs removed", self._removed)
            self._listening = False
        if self._owns_link:
            self.link.close()

    def files_waiting(self) -> list[Event]:
        """The checkpoints and assets that the backend should have and does not."""
        if self.replica is None or self.replica.gone:
            return []
        return [event for event in self.run.waiting() if event["key"] not in self.refused]

    def finish(self) -> None:
        """From now on nothing pauses."""
        self.finishing = True
        self.stuck = False
        self._due = self._side_due = 0.0

    def go_on(self) -> None:
        """Ends the pause after an answer that took long, because the next one comes another way."""
        self._due = self._side_due = 0.0

    def kept(self) -> str:
        """Where the run is kept, as half a sentence."""
        directory: Path | None = self.journal.directory
        if directory is None:
            return "it is kept in memory alone"
        if self.journal.failure is not None:
            return f"what its disk took is kept in {directory}, and the rest in memory alone"
        return f"all of it is kept in {directory}"

    def rest(self) -> str:
        """Where the rest of a run is that the backend lacks at its end, and the command that sends it."""
        problem = f" ({self.problem})" if self.problem else ""
        go_on = "Send" if self.cut_off else "It goes on being sent while this program runs; afterwards, send"
        command = f"marcelle-rt upload {self.journal.directory}"
        if self.link is not None:
            form = "" if self.link.save_format == "tfjs" else f" --format {self.link.save_format}"
            command += f" --backend {self.link.location}{form}"
        return f"The backend does not have all of the run yet{problem}; {self.kept()}. {go_on} the rest with: {command}"

    def behind(self) -> int:
        """About how many values and files the backend lacks."""
        if self.replica is None:
            return 0
        beside = self.side.waiting() if self.side is not None else 0
        return len(self._queue) + self.replica.missing() + beside + len(self.files_waiting())
