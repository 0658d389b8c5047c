"""A run's folder as it lies on disk, of a Writer or of the client of 2021."""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import RunFolderError
from ..document import events
from ..document.run import UNREPORTED, Run
from . import finding, journal, legacy, mending


def read(directory: Path) -> tuple[Run, int]:
    """Reads a run from its folder; nothing in it is changed.

    Args:
        directory: The run's folder. A run that nobody writes any more and that has no end is an `error`.

    Returns:
        The run, and how many lines of its journal were torn and had to be skipped.

    Raises:
        RunFolderError: When the folder does not exist, or holds no run.
    """
    if not directory.is_dir():
        raise RunFolderError(directory, "is not a folder; give the folder of one run")
    if not (directory / journal.JOURNAL).exists():
        if not (directory / journal.DOCUMENT).exists():
            inner = len(finding.folders(directory))
            theirs = f"; name its folders, of which {inner:,} hold one: {directory}{os.sep}*" if inner else ""
            reason = f"holds neither {journal.JOURNAL} nor {journal.DOCUMENT}, so no run{theirs}"
            raise RunFolderError(directory, reason)
        return legacy.read(directory), 0
    history, torn = journal.read(directory)
    run = Run(mending.mended(history, directory / journal.DOCUMENT))
    if not run.ended and not journal.is_being_written(directory):
        run.apply(events.end(history[-1].get("time") or 0.0, "error", UNREPORTED))
    return run, torn
