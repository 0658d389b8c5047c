"""What an error of a call leaves open: whether the same may pass later, and whether it may have been carried out."""

from __future__ import annotations

import pytest

from marcelle_rt.client.doubt import is_away, is_over, may_pass
from marcelle_rt.errors import (
    BackendUnreachable,
    BadGateway,
    BadRequest,
    CallTimeout,
    ConnectionLost,
    ConversionError,
    FeathersError,
    Forbidden,
    GeneralError,
    InvalidAnswer,
    MarcelleError,
    NotAuthenticated,
    NotFound,
    NotImplementedByServer,
    PayloadTooLarge,
    TooManyRequests,
    Unavailable,
)

AWAY = [
    BackendUnreachable("x", "refused"),
    ConnectionLost("x", "y"),
    CallTimeout("x", "y", 1.0),
    NotAuthenticated("no"),
]
PASSES = [
    TooManyRequests("slow down"),
    GeneralError("a fault"),
    BadGateway("no"),
    Unavailable("no"),
    *[GeneralError("status", code=code) for code in (408, 425, 429, 500, 502, 503, 504, 507)],
]
STAYS: list[Exception] = [
    BadRequest("no"),
    Forbidden("no"),
    NotFound("no"),
    NotImplementedByServer("no"),
    *[GeneralError("status", code=code) for code in (400, 404, 413, 422, 499, 501, 505, 511)],
    ConversionError("tfjs", "m", "can't"),
    OSError("disk"),
    ValueError("x"),
]


@pytest.mark.parametrize("error", AWAY, ids=repr)
def test_who_is_away_is_waited_for(error: Exception) -> None:
    assert is_away(error)
    assert may_pass(error)


@pytest.mark.parametrize("error", PASSES, ids=lambda error: f"{type(error).__name__} {error.code}")
def test_a_busy_or_restarting_server_is_asked_again(error: FeathersError) -> None:
    assert may_pass(error)
    assert not is_away(error)


@pytest.mark.parametrize("error", STAYS, ids=repr)
def test_what_would_be_refused_again_is_not(error: Exception) -> None:
    assert not may_pass(error)
    assert not is_away(error)


@pytest.mark.parametrize("error", [*AWAY[:3], InvalidAnswer("x", "y", "is odd"), BadGateway("no"), Unavailable("no")])
def test_what_a_line_or_a_proxy_has_let_go_of_may_be_carried_out_yet(error: MarcelleError) -> None:
    assert not is_over(error)
    assert not is_over(GeneralError("status", code=408))
    assert not is_over(GeneralError("status", code=504))


@pytest.mark.parametrize(
    "error", [BadRequest("no"), TooManyRequests("no"), GeneralError("no"), PayloadTooLarge("x", 2, 1)]
)
def test_what_the_server_itself_has_answered_is_over(error: MarcelleError) -> None:
    assert is_over(error)
