"""How often a call is tried again whose error may pass, and after how long. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import MarcelleError
from .doubt import is_away, may_pass

T = TypeVar("T")

TRIES = 5
"""How often what a server refuses with an error that may pass is sent, before it is given up and named."""

_FIRST_PAUSE = 0.5  # seconds
_LONGEST_PAUSE = 10.0


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
