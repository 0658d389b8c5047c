"""How runs end that nobody ended: at the process's exit, at SIGTERM."""

from __future__ import annotations

import atexit
import signal
import sys
import threading
import time
from types import FrameType
from typing import Protocol

from ...errors import pass_interrupt
from ...forks import on_fork
from ...values import utf8

_LONGEST = 10_000  # characters of an exception's text; a message to the backend takes a million bytes


class Open(Protocol):
    """A run that is open."""

    finish_timeout: float

    def abandon(self, reason: str | None) -> None:
        """Ends it, because the process does; waits for nothing."""

    def settle(self, timeout: float) -> bool:
        """Waits until its copies are level, and says so if they are not; tells whether nobody was impatient."""


_open: list[Open] = []
_terminated = False
on_fork(_open.clear)  # the parent's runs are not a child's to end


def opened(run: Open) -> None:
    """Notes a run that must be ended when the process ends before it does."""
    _open.append(run)
    if threading.current_thread() is threading.main_thread() and (signal.getsignal(signal.SIGTERM) is signal.SIG_DFL):
        signal.signal(signal.SIGTERM, _on_terminate)


def ended(run: Open) -> None:
    """Notes that a run has ended."""
    if run in _open:
        _open.remove(run)
    in_main = threading.current_thread() is threading.main_thread()
    if not _open and in_main and signal.getsignal(signal.SIGTERM) is _on_terminate:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def describe(error: BaseException) -> str:
    """An exception as one line for the run's document."""
    if isinstance(error, SystemExit):
        return "SIGTERM" if _terminated else f"sys.exit({error.code!r})"
    try:
        text = str(error).strip()
    except BaseException as raised:  # an exception's own `__str__`; the one that ends the training is worth more
        pass_interrupt(raised)
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def short(text: str) -> str:
    """A reason as a run's document can hold it: UTF-8, and no longer than people read."""
    text = utf8(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text):,} characters)"


def last_error() -> str | None:
    """The exception that nobody caught and that ends the process, if there is one."""
    error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return describe(error) if isinstance(error, BaseException) else None


def _on_terminate(signum: int, frame: FrameType | None) -> None:
    # An exit like any other: `with` blocks and exit handlers run. A handler that sent things itself could
    # find the training thread's own locks taken.
    global _terminated
    _terminated = True
    raise SystemExit(128 + signum)


@atexit.register
def _at_exit() -> None:
    reason = "SIGTERM" if _terminated else last_error()
    runs = list(_open)
    for run in runs:
        run.abandon(reason)
    deadline = time.monotonic() + max((run.finish_timeout for run in runs), default=0.0)
    for run in runs:  # they are sent side by side, so the time is for all of them together
        if not run.settle(max(0.0, deadline - time.monotonic())):
            deadline = 0.0
