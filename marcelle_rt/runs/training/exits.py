"""How runs end that nobody ended: at the process's exit, at a signal."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections import deque
from types import FrameType
from typing import Protocol

from ...foreign import pass_interrupt, utf8
from ...processes.forks import around_fork, on_fork
from ...redaction import redacted_beginning

_LONGEST = 10_000  # characters of an exception's text; a message to the backend takes a million bytes


class Open(Protocol):
    """A run that is open."""

    finish_timeout: float
    since: Since

    @property
    def is_on_its_way(self) -> bool:
        """Whether something that was recorded waits for its copies."""

    def abandon(self, reason: str | None) -> None:
        """Ends it, because the process does; waits for nothing."""

    def settle(self, timeout: float) -> bool:
        """Waits until its copies are level, and says so if they are not; tells whether nobody was impatient."""


# What ends a program from outside that may say goodbye: a cluster's or a container's end, a terminal that is closed, a
# limit of time. Not SIGUSR1 and SIGUSR2, which frameworks take for their own where nobody else has.
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU)

_open: list[Open] = []
_late: list[Open] = []
_terminated: str | None = None  # the signal's name
_watched: int | None = None  # the process whose end as a child of multiprocessing's is watched
_let_go: deque[Open] = deque()
on_fork(_open.clear)  # the parent's runs are not a child's to end
on_fork(_late.clear)
on_fork(_let_go.clear)


def opened(run: Open) -> None:
    """Notes a run that must be ended when the process ends before it does."""
    while _let_go:
        _let_go.popleft().abandon(None)
    _open.append(run)
    _watch_exit_of_child()
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _on_terminate)


def let_go(run: Open) -> None:
    """Notes that nobody can write a run any more: what held it was collected. It ends when another one is opened.

    Nothing more is done here: a collector may call it wherever a thread is, whatever locks that has.
    """
    _let_go.append(run)


def ended(run: Open) -> None:
    """Notes that a run has ended."""
    if run in _open:
        _open.remove(run)
    if not _open and threading.current_thread() is threading.main_thread():
        _let_signals_be()


def late(run: Open) -> None:
    """Has the process's end wait for a run that has ended already: something was added to it since."""
    _late[:] = [*(each for each in _late if each is not run and each.is_on_its_way), run]


def _let_signals_be() -> None:
    for number in _SIGNALS:
        if signal.getsignal(number) is _on_terminate:
            signal.signal(number, signal.SIG_DFL)


# A forked worker has no run to end, and must not outlive its pool: a signal ends it as if we were not there, also one
# that comes while it is forked, as to a pool that is ended as soon as it has begun.
_mask = threading.local()


def _hold_signals() -> None:
    _mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def _release_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _mask.before)


def _forked() -> None:
    _let_signals_be()
    _release_signals()


around_fork(_hold_signals, _release_signals, _forked)


def describe(error: BaseException) -> str:
    """An exception as one line for the run's document."""
    if isinstance(error, SystemExit):
        return _terminated or f"sys.exit({error.code!r})"
    try:
        text = str(error).strip()
    except BaseException as raised:  # an exception's own `__str__`; the one that ends the training is worth more
        pass_interrupt(raised)
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def outcome(error: BaseException) -> tuple[str, str]:
    """How a run ends that an exception ends: `end`'s status, and why. A trial that Optuna prunes has not failed."""
    kinds = type(error).__mro__
    is_pruned = any(kind.__name__ == "TrialPruned" and kind.__module__.startswith("optuna.") for kind in kinds)
    return "pruned" if is_pruned else "error", describe(error)


def short(text: str) -> str:
    """A reason as a run's document can hold it: UTF-8, without secrets, and no longer than people read."""
    shown = redacted_beginning(utf8(text), _LONGEST)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}... ({len(text):,} characters)"


class Since:
    """Tells of the exception that nobody has caught since this was made: one of an hour ago ended nothing of today."""

    def __init__(self) -> None:
        self._before = _identity(_uncaught())

    def error(self) -> str | None:
        """The exception that ends the process, or that ended a notebook's cell; `None` where there is none."""
        error = _uncaught()
        return None if error is None or _identity(error) == self._before else describe(error)


def _uncaught() -> BaseException | None:
    error = sys.exc_info()[1]  # in a child of multiprocessing's, that ends while it is raised
    for name in ("last_exc", "last_value"):
        error = error if error is not None else getattr(sys, name, None)
    return error if isinstance(error, BaseException) else None


def _identity(error: BaseException | None) -> tuple[int, int]:
    # The exception itself would hold all that its frames have.
    return id(error), id(getattr(error, "__traceback__", None))


def _on_terminate(signum: int, frame: FrameType | None) -> None:
    # An exit like any other: `with` blocks and exit handlers run. A handler that sent things itself could
    # find the training thread's own locks taken.
    global _terminated
    _terminated = signal.Signals(signum).name
    raise SystemExit(128 + signum)


@atexit.register
def _at_exit() -> None:
    runs = list(_open)
    for run in runs:
        run.abandon(_terminated or run.since.error())
    runs += _late
    deadline = time.monotonic() + max((run.finish_timeout for run in runs), default=0.0)
    for run in runs:  # they are sent side by side, so the time is for all of them together
        if not run.settle(max(0.0, deadline - time.monotonic())):
            deadline = 0.0


def _watch_exit_of_child() -> None:
    """Has the runs ended in children of multiprocessing's too, which leave without what `atexit` has."""
    global _watched
    process = sys.modules.get("multiprocessing.process")
    if process is None or process.parent_process() is None or _watched == os.getpid():
        return
    from multiprocessing.util import Finalize

    Finalize(None, _at_exit, exitpriority=100)  # before the child waits for children of its own
    _watched = os.getpid()
