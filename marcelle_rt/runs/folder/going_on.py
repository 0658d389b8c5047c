"""Opens a run's folder to go on with it, whole as far as anything in it tells."""

from __future__ import annotations

from pathlib import Path

from ...values import dumps
from ..document.events import Event
from .journal import DOCUMENT, JOURNAL, Journal, read, reopen
from .mending import mended
from .whole_files import write_whole


def open_whole(directory: Path) -> tuple[Journal, list[Event], int]:
    """Opens a run's folder to go on with it.

    Epochs that the journal has lost, and that `run_data.json` still has, are written back into it: whoever goes on
    writes that document anew, of what the journal has.

    Args:
        directory: The run's folder.

    Returns:
        The journal, its events, and how many lines were torn and had to be skipped.

    Raises:
        RunFolderError: When there is no journal, none of it can be read, or another writer has it open.
        OSError: When the disk does not take what was lost.
    """
    book = reopen(directory)
    try:
        history, torn = read(directory)  # now that nobody else writes it
        whole = mended(history, directory / DOCUMENT)
        if len(whole) > len(history):
            write_whole(directory / JOURNAL, (dumps(event) + b"\n" for event in whole))
            book.close()
            book = Journal(directory)  # it is another file now, which has a lock of its own
    except BaseException:  # also Ctrl-C: the file holds the folder's lock
        book.close()
        raise
    return book, whole, torn
