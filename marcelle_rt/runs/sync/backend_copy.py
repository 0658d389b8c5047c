"""What one backend has of a run: its document, what lies beside it, its files, and a sign that it lives."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...client.doubt import may_pass
from ...client.retrying import TRIES, pause
from ...config import Login
from ...errors import AWAY, BackendUnreachable, MarcelleError, NotAuthenticated
from ...notices import Notices, sentence
from ..document import shorten
from ..document.events import Event
from ..document.run import Run
from ..folder.journal import TAKEN_OVER, place_of
from ..remote.heartbeat import Heartbeat
from ..remote.link import Link
from ..remote.run_documents import RunDocuments
from ..remote.uploads import FileUploads
from .file_queue import FileQueue
from .pace import PAUSE, Pace
from .past import Past
from .removals import Removals
from .replica.replica import Replica
from .sentences import command, kept, replaced, sign_in
from .side_documents import SideDocuments
from .status import Delivery

_STRANGER_TRIES = 2  # of a run that was never let in: more are in vain until somebody signs in


class BackendCopy:
    """Brings a backend level with a run, one exchange at a time.

    Everything here is written by the publisher's thread; the training's reads `link` and `problem`.

    Attributes:
        link: The backend.
        replica: The run's document there.
        beside: The documents beside it.
        files: Its checkpoints and assets.
        heartbeat: The run's signs of life.
        problem: What kept the backend from having all of it at the last try, or `None`.
        is_in_vain: The backend says no, or did so often that to wait for it would be in vain.
    """

    def __init__(
        self,
        run: Run,
        past: Past,
        link: Link,
        notices: Notices,
        report: Callable[[Event], None],
        *,
        owns_link: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepares it; nothing is sent yet.

        Args:
            run: The run.
            past: What of its journal was folded; none of a run that was made just now.
            link: The backend.
            notices: What the user is told.
            report: Takes an `uploaded` event for the run's fold; any thread may call it.
            owns_link: Whether `release` closes the link.
            clock: Monotonic seconds.
        """
        documents, journal, fresh = RunDocuments(link), past.journal, not past.folded
        self.link = link
        folder = place_of(journal.directory)
        self.replica: Replica = Replica(run, documents, fresh=fresh, live=True, recall=past.recall, folder=folder)
        self.beside: SideDocuments = SideDocuments(run, documents, journal.directory, notices, fresh=fresh)
        self.files: FileQueue = FileQueue(run, journal, FileUploads(link), notices, report, clock=clock)
        self.heartbeat: Heartbeat = Heartbeat(clock=clock)
        self.problem: str | None = None
        self.is_in_vain: bool = False
        self._run = run
        self._journal = journal
        self._notices = notices
        self._owns_link = owns_link
        self._clock = clock
        self._pace = Pace(PAUSE)
        self._beside_pace = Pace(0.0)
        self._tries = 0
        self._copies = 1
        self._beside_waits = not fresh  # whether `beside` has something to do
        self._beat_due = 0.0
        self._beat_copies = 0
        self._removals = Removals(link, lambda identity: identity == run.id, self.replica.removed)

    @property
    def known_as(self) -> tuple[str, bool]:
        """The run's name on the backend, empty until it is known, and whether somebody removed it there."""
        return self.replica.name, self.replica.delivery is Delivery.GONE

    @property
    def is_level(self) -> bool:
        """Whether nothing waits but files: the backend has it, or is not to have it any more."""
        return self.replica.is_level and not (self._beside_waits and self.replica.is_wanted)

    def lacks(self) -> str | None:
        """What the backend lacks though nothing waits, as half a sentence; `None` where it has all of the run."""
        replica = self.replica
        if not self._run.id:  # nothing was recorded yet
            return None
        if not replica.has_all:
            return replica.why or f"too large for a message: {', '.join(sorted(replica.shortened))}"
        if self._run.files and (refused := self.files.refused()):
            return f"{refused} of its files could not be uploaded"
        return f"{self.beside.lost} documents beside it could not be sent" if self.beside.lost else None

    @property
    def missing(self) -> int:
        """About how many values, documents and files the backend lacks."""
        return self.replica.missing() + self.beside.waiting() + len(self.files_waiting())

    def files_waiting(self) -> list[Event]:
        """The files that the backend should have and does not have yet."""
        return self.files.waiting() if self._run.files and self.replica.is_wanted else []

    def apply(self, event: Event) -> None:
        """Folds an event into the run, or takes it for what lies beside."""
        kind = event["type"]
        if kind == "epoch":  # nearly all are
            self.replica.apply(event)
            return
        if kind == "document":
            self.beside.add(event)
            self._beside_waits = not self.beside.is_level
            return
        if kind == "uploaded":
            self.files.arrived(event["key"])
        elif kind == "resume":
            self.beside.drop(event.get("batches", ()))
            self._beside_waits = not self.beside.is_level
        self.replica.apply(event)

    def hurry(self) -> None:
        """Ends the pauses: somebody waits, or the next message goes another way."""
        self._pace.hurry()
        self._beside_pace.hurry()
        self.is_in_vain = False

    def exchange(self, *, hurried: bool) -> float | None:
        """Does what is due, at most one exchange with the backend.

        Args:
            hurried: Somebody waits for the run, so that nothing pauses.

        Returns:
            When to come again, on the clock; `None` when only an event can bring new work.

        Raises:
            BackendUnreachable: And the other errors of `AWAY`: the backend is away for all runs.
        """
        replica = self.replica
        if self._journal.is_taken_over and replica.is_wanted:
            replica.close(f"{TAKEN_OVER}.")
            self._tell()
        is_level, beside_waits, was_open = replica.is_level, self._beside_waits, replica.is_open
        if is_level and not (beside_waits and replica.is_wanted):
            return None
        now = self._clock()
        # What lies beside the run has the pauses between two messages about it, so that no epoch waits for it.
        is_beside = is_level or now < self._pace.due
        if is_beside and not (beside_waits and replica.is_open and now >= self._beside_pace.due):
            return self._next_time(is_level)
        pace = self._beside_pace if is_beside else self._pace
        try:
            if not self._removals.is_listening:
                self._removals.listen()
            busy = self._step_beside() if is_beside else replica.step()
        except AWAY:
            if self._is_cut_off():  # closed just now; the backend is there for other runs
                return None
            raise
        except MarcelleError as error:
            self._refused(error, pace)
            return self._next_time(replica.is_level)
        self._tries = 0
        self.is_in_vain = False
        self._tell()
        if busy:
            done = self._clock()
            # The first exchange connects too, which says nothing of what a message about the run costs.
            pace.answered(now if was_open else done, done, hurried=hurried)
        return self._next_time(replica.is_level)

    def _step_beside(self) -> bool:
        try:
            return self.beside.step()
        finally:
            self._beside_waits = not self.beside.is_level

    def _refused(self, error: MarcelleError, pace: Pace) -> None:
        self.problem = str(error)
        is_stranger = isinstance(error, NotAuthenticated) and not self.replica.copies  # was never let in
        hint = f" {sign_in(self.link)}" if is_stranger and self.link.store.key[1] == Login() else ""
        self._notices.warn(
            ("refused", type(error)),
            f"{sentence(error)}{hint} The training goes on; {kept(self._journal)} and tried again.",
        )
        self._tries += 1
        if may_pass(error) and self._tries < (_STRANGER_TRIES if is_stranger else TRIES):
            pace.due = self._clock() + pause(self._tries)
        else:
            self._tries = 0
            self.is_in_vain = True
            pace.refused(self._clock())

    def _tell(self) -> None:
        """Says what the last exchange brought to light."""
        replica = self.replica
        if replica.copies > self._copies:  # it had lost the run, so what lies beside it too
            self._copies = replica.copies
            self.beside.check()
            self._beside_waits = True
        if replica.shortened or replica.replaced or not replica.is_wanted:
            self._warn(replica, self.link.location)

    def _warn(self, replica: Replica, location: str) -> None:
        if replica.shortened:
            text = shorten.sentence(replica.shortened, location)
            self._notices.warn("shortened", f"{text} Its folder has all of it.")
        if replica.replaced:
            self._notices.warn("replaced", replaced(location))
        if replica.delivery is Delivery.GONE:
            self.problem = replica.why
            self._notices.warn(
                "gone",
                f"The run was removed from {location}, so it stays removed there. The training goes on; "
                f"{kept(self._journal)}.",
            )
        elif replica.delivery is Delivery.CLOSED:
            self.problem = replica.why
            self._notices.warn(
                "closed",
                f"Nothing more of the run is sent: {replica.why} The training goes on; {kept(self._journal)}. "
                f"To put this one in its place: {command(self._journal, self.link)} --overwrite",
            )

    def _next_time(self, is_level: bool) -> float | None:
        """When the next exchange may be: one about the run, or about what lies beside it."""
        due = None if is_level else self._pace.due
        if self._beside_waits and self.replica.is_open:
            return self._beside_pace.due if due is None else min(due, self._beside_pace.due)
        return due

    def _is_cut_off(self) -> bool:
        if self.link.store.status != "closed":
            return False
        self.replica.close("its Remote was closed before the run ended")
        self.problem = self.replica.why
        self._notices.warn(
            "closed",
            f"The Remote of this run was closed before the run ended, so nothing more is sent. The training goes on; "
            f"{kept(self._journal)}.",
        )
        return True

    def beat(self, *, is_waited_for: bool) -> float | None:
        """Shows that the run goes on; while somebody waits for its copies, those come first.

        Args:
            is_waited_for: Whether somebody does.

        Returns:
            When the next sign is due, or `None`.
        """
        replica, ended = self.replica, self._run.ended
        if replica.delivery is Delivery.GONE or (ended and not is_waited_for):
            self.heartbeat.end(self.link, self._run.id)
            return None
        if ended or is_waited_for or not replica.is_open:
            return None
        if self._clock() >= self._beat_due or replica.copies != self._beat_copies:
            self._beat_copies = replica.copies
            self._beat_due = self.heartbeat.keep_up(self.link, self._run.id, replica.copies)
        return self._beat_due

    def away(self, error: MarcelleError) -> None:
        """Notes that the backend is away."""
        self._notices.warn(
            "away", f"{sentence(error)} The training goes on; {kept(self._journal)}, and sent when the backend is back."
        )
        # Last, so that whoever sees it in the run's status has been told.
        self.problem = error.reason if isinstance(error, BackendUnreachable) else str(error)

    def fault(self, problem: str) -> None:
        """Notes a fault of ours; nothing is sent for a while."""
        self.problem = problem
        self._pace.refused(self._clock())
        self._beside_pace.refused(self._clock())

    @property
    def is_sure_of_removal(self) -> bool:
        """Whether a removal would be known without a socket: by the heartbeat that stays, or as nothing is sent."""
        return self.heartbeat.is_published or self._run.ended

    def release(self) -> None:
        """Lets go of the backend."""
        self._removals.end()
        if self._owns_link:
            self.link.close()
