"""Cells of notebooks: a user stops a training there, and the end of the cell is the next that is heard of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any


def watch_cell(ended: Callable[[BaseException | None], None]) -> Callable[[], None] | None:
    """Has something called when the cell that runs now has ended.

    Args:
        ended: Gets the exception that ended the cell, or `None`.

    Returns:
        What ends the watch before that; `None` outside of a notebook, and in a thread, which goes on after its cell.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or threading.current_thread() is not threading.main_thread():
        return None

    def on_end(result: Any = None) -> None:
        unwatch()
        ended(getattr(result, "error_in_exec", None))

    def unwatch() -> None:
        shell.events.unregister("post_run_cell", on_end)

    shell.events.register("post_run_cell", on_end)
    return unwatch
