"""Which errors of a backend pass, how often one is tried again that may, and after how long. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ...errors import AWAY, FeathersError, MarcelleError, NotAuthenticated

T = TypeVar("T")

TRIES = 5
"""How often what a server refuses with an error that may pass is sent, before it is given up and named."""

_FIRST_PAUSE = 0.5  # seconds
_LONGEST_PAUSE = 10.0
_PASSING_CODES = frozenset({408, 425, 429})
_LASTING_CODES = frozenset({501, 505, 511})


def is_away(error: BaseException) -> bool:
    """Whether the backend, or who signs in there, is away: it is waited for, as long as it takes."""
    return isinstance(error, (*AWAY, NotAuthenticated))


def may_pass(error: BaseException) -> bool:
    """Whether the same call may come through later, though nothing about it changes.

    A server that is busy (429), a proxy before one that restarts (502, 503) or a fault in one (500) may.
    """
    if is_away(error):
        return True
    if not isinstance(error, FeathersError):
        return False
    return error.code in _PASSING_CODES or (error.code >= 500 and error.code not in _LASTING_CODES)


def pause(tries: int) -> float:
    """Seconds until the next try.

    Args:
        tries: How many there were.
    """
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(tries, 10))


def patiently(
    step: Callable[[], T], sleep: Callable[[float], object], *, also: tuple[type[MarcelleError], ...] = ()
) -> T:
    """Takes a step, and takes it again where a server refused it with an error that may pass.

    Args:
        step: What to do; doing it twice must be as good as once.
        sleep: Waits so many seconds.
        also: Further errors that may pass.

    Returns:
        What the step returned.

    Raises:
        MarcelleError: The step's, when the backend is away, or says the same at the last try.
    """
    tries = 1
    while True:
        try:
            return step()
        except MarcelleError as error:
            passes = may_pass(error) or isinstance(error, also)
            if is_away(error) or not passes or tries >= TRIES:
                raise
            sleep(pause(tries - 1))
            tries += 1
