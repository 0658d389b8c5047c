"""What an error of a call leaves open: whether it was carried out, and whether the same comes through later. Pure."""

from __future__ import annotations

from ..errors import AWAY, FeathersError, InvalidAnswer, MarcelleError, NotAuthenticated

_PASSING_CODES = frozenset({408, 425, 429})
_LASTING_CODES = frozenset({501, 505, 511})
_TIMED_OUT = 408
_FIRST_OF_PROXIES = 502  # they have let go of a server that may carry the call out yet


def is_away(error: BaseException) -> bool:
    """Whether the backend, or who signs in there, is away: it is waited for, as long as it takes."""
    return isinstance(error, (*AWAY, NotAuthenticated))


def passes(code: int) -> bool:
    """Whether a server that answers with a code of Feathers', which is HTTP's, may answer otherwise later."""
    return code in _PASSING_CODES or (code >= 500 and code not in _LASTING_CODES)


def may_pass(error: BaseException) -> bool:
    """Whether the same call may come through later, though nothing about it changes.

    A server that is busy (429), a proxy before one that restarts (502, 503) or a fault in one (500) may.
    """
    return is_away(error) or (isinstance(error, FeathersError) and passes(error.code))


def is_over(error: MarcelleError) -> bool:
    """Whether a call that raised this is over on the server: what is not there now will not come any more.

    What is there is another question: a server says 500 before a write or after it.
    """
    if isinstance(error, FeathersError):
        return error.code != _TIMED_OUT and (error.code < _FIRST_OF_PROXIES or error.code in _LASTING_CODES)
    return not isinstance(error, (*AWAY, InvalidAnswer))
