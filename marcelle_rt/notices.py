"""What a user is told while a training goes on: each thing once, and never as an exception."""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from .config import silent
from .foreign import clean_lines, pass_interrupt
from .redaction import redacted

if TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter  # Python 3.10 has no type parameter for it


class Log(_Adapter):
    """A logger of this package's: it raises nothing, and has no secrets in what it writes.

    A program's own handlers and filters, which write to files and servers, may raise anything. What is written
    matters less than the training that it comes from.
    """

    def __init__(self, name: str) -> None:
        super().__init__(logging.getLogger(name), {})

    def log(self, level: int, msg: object, *args: object, **options: Any) -> None:
        """Writes a line, and under it the exception that `exc_info` gives."""
        try:
            if not self.logger.isEnabledFor(level):
                return
            text = _formatted(str(msg), args, options.get("exc_info"))
            plain = redacted(text)
            if plain == text:
                self.logger.log(level, msg, *args, **options, stacklevel=2)
            else:
                self.logger.log(level, "%s", plain, stacklevel=2)
        except BaseException as error:
            pass_interrupt(error)  # all else has nowhere to be said: this was the place for it


def _formatted(message: str, args: tuple[object, ...], error: object) -> str:
    text = message % args if args else message
    error = sys.exc_info()[1] if error is True else error
    if not isinstance(error, BaseException):
        return text
    return f"{text}\n{''.join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()}"


logger: Log = Log("marcelle_rt")

THREADS = "marcelle-"
"""How the names of this package's own threads begin: no line of the user's is on their stacks."""

_HERE = os.path.dirname(os.path.abspath(__file__))


def sentence(text: object) -> str:
    """What an error or a library says, as a sentence that another one may follow."""
    said = str(text).rstrip()
    return said if said.endswith((".", "!", "?")) else f"{said}."


class MarcelleWarning(UserWarning):
    """Something that a run could not do as asked, and what was done instead."""


class Notices:
    """Warns once for each key."""

    def __init__(self) -> None:
        self._said: set[Hashable] = set()
        self._lock = threading.Lock()

    def warn(self, key: Hashable, text: str) -> None:
        """Shows a warning at the user's own line, unless one with this key was shown, or `$MARCELLE_SILENT` is set.

        Args:
            key: What the warning is about.
            text: The sentence.
        """
        with self._lock:
            if key in self._said:
                return
            self._said.add(key)
        text = redacted(clean_lines(text))
        logger.info(text)
        if silent():
            return
        try:
            if threading.current_thread().name.startswith(THREADS):
                warnings.warn_explicit(text, MarcelleWarning, filename="marcelle_rt", lineno=1)
            else:
                warnings.warn(text, MarcelleWarning, stacklevel=_users_frame())
        except BaseException as error:
            # With `-W error` a warning raises, and what shows it may raise anything. Who monitors must not stop who
            # trains; it is in the log.
            pass_interrupt(error)
            logger.debug("the warning above could not be shown: %r", error)

    def __reduce__(self) -> tuple[type[Notices], tuple[()]]:
        """A copy is a new one: what was said of one run need not have been said of another."""
        return Notices, ()

    def forget(self, key: Hashable) -> None:
        """Lets the warning of that key be shown again, because its cause had gone."""
        with self._lock:
            self._said.discard(key)


def tell(text: str) -> None:
    """Shows a line on stderr, unless `$MARCELLE_SILENT` is set. It raises nothing, whatever became of stderr.

    Args:
        text: The line; what is not printable in it becomes blank.
    """
    logger.info(text)
    if silent() or sys.stderr is None:
        return
    line = "".join(c if c.isprintable() else " " for c in text)
    try:
        print(line, file=sys.stderr, flush=True)
    except BaseException as error:  # its reader is gone; it was closed; a program's own stderr raises what it likes
        pass_interrupt(error)


def bar(*arguments: Any, **options: Any) -> Any:
    """A progress bar of tqdm's, which is shown where `no_bar` lets it and vanishes when it is done.

    It goes without the thread by which tqdm looks after bars that stand still. That would stay in the user's process
    for good, and is started for bars that are hidden, too.

    Args:
        *arguments: As tqdm takes them.
        **options: As tqdm takes them.
    """
    from tqdm.auto import tqdm

    without_thread = type("Bar", (tqdm,), {"monitor_interval": 0})
    return without_thread(*arguments, **{"leave": False, "disable": no_bar(), **options})


def no_bar() -> bool | None:
    """tqdm's `disable`: `True` hides the progress bar, `None` hides it where there is no terminal and no notebook."""
    if silent() or sys.stderr is None:
        return True
    try:
        sys.stderr.isatty()  # tqdm asks it as well
        return True if sys.stderr.closed else None
    except BaseException as error:  # a program's own stderr has what it likes, and raises what it likes
        pass_interrupt(error)
        return True


def _users_frame() -> int:
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame, level = frame.f_back, level + 1
    return level
