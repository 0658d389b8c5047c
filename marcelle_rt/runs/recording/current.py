"""Current: the run that a Writer has, from its creation to the next one's."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from time import time
from typing import Any

from ...notices import Notices
from ...values import iso
from ..document import events
from ..document.resumed import Resumed
from ..folder import journal
from ..sync.status import Status
from ..training import exits
from .recording import Recording
from .settings import RunSettings


class Current:
    """The newest run of a Writer; it is open, or has ended.

    Args:
        notices: What the user is told.

    Attributes:
        run: The run, or `None` before the first.
    """

    def __init__(self, notices: Notices) -> None:
        self.run: Recording | None = None
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
        run = Recording(book, self._notices, str(uuid.uuid4()), fields["basename"], settings)
        self.run = run
        run.record(events.create(time(), run.run_id, {**fields, "start": start}))
        run.introduce("is recorded")

    def go_on(self, book: journal.Journal, past: Resumed, history: list[events.Event], settings: RunSettings) -> None:
        """Goes on with a run from its folder.

        Args:
            book: Its journal, open for writing.
            past: What the run has.
            history: The events of that.
            settings: What all runs of the Writer have in common.
        """
        run = Recording(book, self._notices, past.run.id, str(past.run.fields["basename"]), settings, history)
        self.run = run
        run.resumed(past)
        run.introduce("goes on")

    def opened(self, verb: str, create: Callable[[], None]) -> Recording | None:
        """The run that is open; one that is created now if there is none.

        Args:
            verb: What needs it.
            create: Creates one.

        Returns:
            The run; `None` where it belongs to another process.
        """
        run = self.run
        if run is not None and run.is_open:
            return run
        if run is not None and not run.is_mine:
            text = f"{verb}: this run belongs to the process that created it; nothing is saved here."
            self._notices.warn("fork", text)
            return None
        when = "before create_run" if run is None else "after the run ended"
        self._notices.warn("not open", f"{verb} was called {when}: a run was created.")
        create()
        return self.run

    def end(self, status: str, error: str | None, timeout: float) -> None:
        """Ends the run if it is open, and waits at most so many seconds until the backend has it."""
        if (run := self.open) is not None:
            run.end(status, error)
            run.settle(timeout)

    def close(self, timeout: float) -> None:
        """Ends the run if it is open: as a success when every planned epoch is there, else as an error."""
        if (run := self.open) is not None:
            run.abandon(None)
            run.settle(timeout)

    def leave(self, error: BaseException | None, timeout: float) -> None:
        """Ends the run as a `with` block ended."""
        if error is None:
            self.end("success", None, timeout)
        elif isinstance(error, SystemExit) and not error.code:
            self.close(timeout)
        else:
            self.end("error", exits.describe(error), timeout)


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
