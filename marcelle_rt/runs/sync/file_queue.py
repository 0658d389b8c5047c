"""A run's checkpoints and assets on their way to one backend, each on its own: what one meets holds up no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...client.doubt import is_away, may_pass
from ...client.retrying import TRIES, pause
from ...errors import ConversionError, InvalidData, MarcelleError
from ...notices import Notices, logger, sentence
from ..document.events import Event
from ..document.run import Run
from ..folder.files import size_of
from ..folder.journal import Journal
from ..remote.uploads import FileUploads
from .file_upload import upload
from .sentences import command, kept, not_uploaded


@dataclass(frozen=True)
class _Waiting:
    """A file that is to be sent, but not before a time, after so many tries."""

    due: float = 0.0
    tries: int = 0


@dataclass(frozen=True)
class _UnderWay:
    tries: int


@dataclass(frozen=True)
class _Refused:
    """A file that this backend will never have, as far as we know; its user was told."""


_State = _Waiting | _UnderWay | _Refused


class FileQueue:
    """Which of a run's files wait, are under way, or were refused, and what sends one.

    | attribute | written by | read by |
    |---|---|---|
    | `_states` | all, by `_enter` under `_lock`: publisher, uploads, training (`refuse`) | publisher, uploads |
    | the rest | nobody | all |

    Args:
        run: The run.
        journal: Its folder.
        uploads: What sends files to the backend.
        notices: What the user is told.
        report: Takes the `uploaded` event of a file that arrived.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        run: Run,
        journal: Journal,
        uploads: FileUploads,
        notices: Notices,
        report: Callable[[Event], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = run
        self._journal = journal
        self._uploads = uploads
        self._notices = notices
        self._report = report
        self._clock = clock
        self._states: dict[str, _State] = {}
        self._lock = threading.RLock()  # a signal's handler may save a checkpoint while this thread does

    def _enter(self, key: str, state: _State) -> None:
        with self._lock:
            self._states[key] = state

    def _state(self, key: str) -> _State:
        return self._states.get(key, _Waiting())

    # Any thread.

    def refuse(self, key: str) -> None:
        """Says that the backend can't have a file; its user was told why."""
        self._enter(key, _Refused())

    # The publisher's thread.

    def waiting(self) -> list[Event]:
        """The files that the backend should have, and does not have yet."""
        waiting = self._run.waiting()
        return [event for event in waiting if not isinstance(self._state(event["key"]), _Refused)] if waiting else []

    def refused(self) -> int:
        """How many of the run's files the backend will not have."""
        return sum(isinstance(self._state(event["key"]), _Refused) for event in self._run.waiting())

    def take(self) -> list[Event]:
        """The files that are to be sent now; each must be given to `send`."""
        now = self._clock()
        due = []
        for event in self.waiting():
            state = self._state(event["key"])
            if isinstance(state, _Waiting) and state.due <= now:
                self._enter(event["key"], _UnderWay(state.tries))
                due.append(event)
        return due

    def next_time(self) -> float | None:
        """When a file that is to be tried again is due, or `None`."""
        states = [self._state(event["key"]) for event in self.waiting()]
        return min((state.due for state in states if isinstance(state, _Waiting) and state.tries), default=None)

    def arrived(self, key: str) -> None:
        """Notes that the backend has a file. Should it lose it, it is sent again."""
        self._enter(key, _Waiting())

    # The uploads' thread.

    def send(self, event: Event, run_id: str, run_name: str) -> None:
        """Uploads a file.

        Args:
            event: The event that stands for it.
            run_id: The run's `_id`.
            run_name: The run's name on the backend.
        """
        from ... import models

        key = event["key"]
        if key in self._run.dropped:
            return
        state = self._state(key)
        tries = state.tries + 1 if isinstance(state, _UnderWay) else 1
        try:
            convert = models.convert_in_subprocess  # a converter in this process would disturb the training
            self._report(upload(self._uploads, self._journal.directory, event, run_id, run_name, convert))
        except BaseException as error:
            if key not in self._run.dropped:  # else its file went while it was sent
                self._did_not_arrive(event, error, tries)

    def _did_not_arrive(self, event: Event, error: BaseException, tries: int) -> None:
        key = event["key"]
        if isinstance(error, ConversionError):
            self.refuse(key)
            self._notices.warn(  # once: the next checkpoint of that model will fare no better
                "conversion",
                f"{event['path']} was not uploaded: {sentence(error)} The training goes on; {kept(self._journal)}.",
            )
        elif isinstance(error, (MarcelleError, OSError)):
            self._failed(event, error, tries)
        else:  # whatever a converter throws, the other files and the training go on
            logger.error("%s could not be uploaded", event["path"], exc_info=error)
            self._give_up(event, f"{error!r}.")

    def _failed(self, event: Event, error: MarcelleError | OSError, tries: int) -> None:
        if is_away(error) or (may_pass(error) and tries < TRIES):
            self._notices.warn(
                "away" if is_away(error) else ("again", type(error)),
                f"{sentence(error)} The training goes on; {kept(self._journal)}, and sent when the backend takes it.",
            )
            self._enter(event["key"], _Waiting(self._clock() + pause(tries), tries))
        else:
            self._give_up(event, error)

    def _give_up(self, event: Event, reason: object) -> None:
        self.refuse(event["key"])
        directory: Path | None = self._journal.directory
        # What is no fault of the backend's or the line's is none the next time either.
        worth = directory is not None and not isinstance(reason, InvalidData)
        again = f" Try it again with: {command(self._journal, self._uploads.link)}" if worth else ""
        self._notices.warn(
            ("file", event["key"]),
            f"{not_uploaded(event['path'], size_of(directory, event['path']), reason)} The training goes on; "
            f"{kept(self._journal)}.{again}",
        )
