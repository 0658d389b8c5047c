"""Answers to requests for predictions, on a backend in memory: sent once, tried again, never left out in silence."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.errors import BackendUnreachable, PayloadTooLarge, Unavailable
from marcelle_rt.serving.answers.answering import send_answer
from marcelle_rt.serving.documents import REQUESTS
from tests.runs.sync.memory_link import MemoryLink

ANSWER = {"state": "answered", "y": 1}
PATCH = f"patch {REQUESTS}"


class Asked:
    """A backend with one request."""

    def __init__(self, *faults: Exception) -> None:
        self.link, self.pauses = MemoryLink(), list[float]()
        self.link.services[REQUESTS] = {"q": {"_id": "q", "state": "asked"}}
        self.link.faults[PATCH] = list(faults)

    def answer(self, server: str = "s", changes: dict[str, Any] = ANSWER) -> dict[str, Any]:
        send_answer(self.link.service(REQUESTS), "q", changes, server, self.pauses.append)
        return self.link.services[REQUESTS]["q"]


def test_an_answer_that_a_busy_backend_refuses_is_sent_again_as_it_is() -> None:
    asked = Asked(*[Unavailable("it restarts")] * 4)
    assert asked.answer() == {"_id": "q", "server": "s", **ANSWER}
    assert asked.pauses == [0.5, 1.0, 2.0, 4.0]


def test_an_answer_that_can_not_be_sent_is_named_in_its_place() -> None:
    asked = Asked(PayloadTooLarge("requests.patch", 2, 1))
    told = asked.answer()
    assert (told["state"], "y" in told, asked.pauses) == ("error", False, [])
    assert told["message"].startswith("the answer can't be sent: requests.patch would send 2 bytes")


def test_what_can_not_even_be_named_is_given_up_so_that_the_next_request_is_answered() -> None:
    asked = Asked(*[Unavailable("it restarts")] * 10)
    assert asked.answer()["state"] == "asked"
    assert asked.link.calls == [("patch", REQUESTS)] * 10


def test_a_backend_that_is_away_is_for_others_to_wait_for() -> None:
    asked = Asked(BackendUnreachable("memory", "refused"))
    with pytest.raises(BackendUnreachable):
        asked.answer()


def test_the_first_answer_counts_and_its_server_may_send_it_again() -> None:
    asked = Asked()
    first = dict(asked.answer())
    assert asked.answer("other", {"state": "answered", "y": 2}) == first
    assert asked.answer(changes={"state": "answered", "y": 3})["y"] == 3
