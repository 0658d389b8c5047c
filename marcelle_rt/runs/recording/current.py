"""Current: the run that a Writer has, from its creation to the next one's."""

from __future__ import annotations

import os
import uuid
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from time import time
from typing import Any

from ...errors import RunFolderError
from ...foreign import shown, spelled
from ...notices import Notices
from ...values import iso
from ..document import events
from ..document.resumed import Resumed
from ..folder import going_on, journal
from ..sync.status import Status
from ..training import exits
from .gate import Gate
from .recording import Recording
from .settings import RunSettings


class Current:
    """The newest run of a Writer; it is open, or has ended.

    Args:
        notices: What the user is told.

    Attributes:
        run: The run, or `None` before the first.
        gate: Entered for each verb, which no end breaks.
    """

    def __init__(self, notices: Notices) -> None:
        self.run: Recording | None = None
        self.gate: Gate = Gate()
        self._end: weakref.finalize[[Recording], Current] | None = None
        self._next: tuple[int, str] | None = None  # whose process, and the `_id`
        self._notices = notices

    def __str__(self) -> str:
        """What a `repr` tells of the run, behind a comma."""
        run = self.run
        if run is None:
            return ""
        name = f", run={run.name!r}" if run.name is not None else ""
        return f"{name}, epoch={run.epochs.last}, status={run.feed.ended_as or run.epochs.status!r}"

    def facts(self) -> dict[str, object]:
        """What a notebook tells of the run."""
        run = self.run
        if run is None:
            return {"run": "none yet"}
        status = run.feed.ended_as or run.epochs.status
        return {"run": run.name or run.basename, "status": status, "epoch": run.epochs.last}

    @property
    def open(self) -> Recording | None:
        """The run, if it is open."""
        return self.run if self.run is not None and self.run.is_open else None

    @property
    def next_id(self) -> str:
        """The `_id` that the next run gets. A forked process has runs of its own."""
        if self._next is None or self._next[0] != os.getpid():
            self._next = os.getpid(), str(uuid.uuid4())
        return self._next[1]

    @property
    def status(self) -> Status:
        """How the run is doing, as far as its thread has come."""
        return self.run.status if self.run is not None else Status("", True, None)

    def create(self, base: Path, fields: Mapping[str, Any], settings: RunSettings) -> None:
        """Creates a run in a folder of its own.

        Args:
            base: The folder that gets its folder.
            fields: What it is made with; see `described`.
            settings: What all runs of the Writer have in common.
        """
        book, start = _new_folder(base, fields["basename"], self._notices)
        identity, self._next = self.next_id, None
        run = self._hold(Recording(book, self._notices, identity, fields["basename"], settings, self.gate))
        run.record(events.create(time(), run.run_id, {**fields, "start": start}))
        run.introduce("is recorded")

    def _hold(self, run: Recording) -> Recording:
        if self._end is not None:
            self._end.detach()
        self.run = run
        self._end = weakref.finalize(self, exits.let_go, run)
        self._end.atexit = False  # an exit ends all runs that are open
        return run

    def go_on(
        self, book: journal.Journal, past: Resumed, history: list[events.Event], torn: int, settings: RunSettings
    ) -> None:
        """Goes on with a run from its folder.

        Args:
            book: Its journal, open for writing.
            past: What the run has.
            history: The events of that.
            torn: How many lines of the journal can't be read.
            settings: What all runs of the Writer have in common.
        """
        if torn:
            text = f"{torn} lines of {book.directory}/{journal.JOURNAL} were torn and are skipped."
            self._notices.warn("torn", text)
        basename = str(past.run.fields["basename"])
        run = self._hold(Recording(book, self._notices, past.run.id, basename, settings, self.gate, history))
        run.resumed(past)
        run.introduce("goes on")

    def summarize(self, logs: Any, settings: RunSettings) -> None:
        """Keeps values of the whole run, also of one that has ended: it stays ended.

        Args:
            logs: A number for each metric.
            settings: What all runs of the Writer have in common.
        """
        run = self.run
        if run is None or not run.is_mine:
            self._notices.warn("summary", "update_summary was called before create_run; nothing is kept.")
            return
        event = run.summary(logs)
        if run.is_open:
            run.record(event)
            return
        if not run.amend(event):
            self.amend(run.directory, logs, settings)

    def amend(self, directory: Path | None, logs: Any, settings: RunSettings) -> None:
        """Keeps values of the whole run with one that is closed, as the newest; it stays as it is otherwise.

        Args:
            directory: The run's folder.
            logs: A number for each metric.
            settings: What all runs of the Writer have in common.
        """
        try:
            if directory is None:
                raise RunFolderError("memory", "a run without a folder is gone when it has ended")
            book, history, _ = going_on.open_whole(directory)
        except (OSError, RunFolderError) as error:
            self._notices.warn("summary", f"update_summary: the run has ended, and takes no more: {error}")
            return
        past = Resumed(history).run
        settings = replace(settings, measure=False)
        again = Recording(book, self._notices, past.id, str(past.fields["basename"]), settings, self.gate, history)
        again.epochs.go_on_from(past.epochs, past.fields.get("epochs"), {})
        again.record(again.summary(logs))
        again.close()
        self.run = again

    def begin_late(self, verb: str, create: Callable[[], None]) -> Recording | None:
        """Creates a run where none is open, and says so.

        Args:
            verb: What needs it.
            create: Creates one.

        Returns:
            The run; `None` where the last one belongs to another process.
        """
        run = self.run
        if run is not None and not run.is_mine:
            text = f"{verb}: this run belongs to the process that created it; nothing is saved here."
            self._notices.warn("fork", text)
            return None
        when = "before create_run" if run is None else "after the run ended"
        self._notices.warn("not open", f"{verb} was called {when}: a run was created.")
        create()
        return self.run

    def end(self, status: str, reason: str | None, timeout: float) -> None:
        """Ends the run if it is open, and waits at most so many seconds until the backend has it."""
        if (run := self.open) is None:
            return
        if status not in ("success", "error", *events.OUTCOMES):
            known = ", ".join(map(repr, ("success", "error", *events.OUTCOMES)))
            self._notices.warn("end", f"end: {shown(status)} is not a way to end; 'error' is used (there are {known}).")
            status, reason = "error", reason or spelled(status)
        run.end(status, reason, timeout)

    def close(self, timeout: float) -> None:
        """Ends the run if it is open: as a success when every planned epoch is there, else as an error."""
        if (run := self.open) is not None:
            run.abandon(None, timeout)

    def leave(self, error: BaseException | None, timeout: float) -> None:
        """Ends the run as a `with` block ended."""
        if error is None:
            self.end("success", None, timeout)
        elif isinstance(error, SystemExit) and not error.code:
            self.close(timeout)
        else:
            self.end(*exits.outcome(error), timeout)


def _new_folder(base: Path, basename: str, notices: Notices) -> tuple[journal.Journal, str]:
    """Makes a run's folder, or says that none can be made.

    Args:
        base: The folder of runs.
        basename: The run's base name.
        notices: What the user is told; nothing is raised into the training.

    Returns:
        The journal, and the run's `start`.
    """
    try:
        return journal.create(base, basename)
    except OSError as error:
        notices.warn(
            "folder",
            f"No folder for the run can be made in {base} ({error.strerror}). The training goes on, and "
            "the run is kept in memory and on the backend alone.",
        )
        return journal.Journal(None), iso()
