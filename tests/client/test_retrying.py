"""What is tried again: which errors may pass, how often, and after how long."""

from __future__ import annotations

import pytest

from marcelle_rt.client.retrying import TRIES, patiently, pause
from marcelle_rt.errors import (
    BadRequest,
    GeneralError,
    TooManyRequests,
)
from tests.client.test_doubt import AWAY


def test_pauses_double_up_to_ten_seconds() -> None:
    assert [pause(tries) for tries in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]
    assert pause(100_000) == 10.0


class Step:
    """Fails with what it was given, one after the other, and then succeeds."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.pauses: list[float] = []

    def __call__(self) -> str:
        if self.faults:
            raise self.faults.pop(0)
        return "done"


def test_a_step_is_taken_again_until_it_succeeds() -> None:
    step = Step(GeneralError("a"), TooManyRequests("b"))
    assert patiently(step, step.pauses.append) == "done"
    assert step.pauses == [0.5, 1.0]


def test_a_step_that_fails_five_times_fails() -> None:
    assert TRIES == 5
    step = Step(*[GeneralError(str(n)) for n in range(5)])
    with pytest.raises(GeneralError, match="4"):
        patiently(step, step.pauses.append)
    assert step.pauses == [0.5, 1.0, 2.0, 4.0]


@pytest.mark.parametrize("error", [*AWAY, BadRequest("no"), OSError("disk")], ids=repr)
def test_what_does_not_pass_soon_is_raised_at_once(error: Exception) -> None:
    step = Step(error)
    with pytest.raises(type(error)):
        patiently(step, step.pauses.append)
    assert step.pauses == []
