"""Commands as documents: how they are made, what a run says that it takes, and what an answer sets and matches."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from marcelle_rt.runs.document.commands import Answer, State, new_command, steering_of


def test_a_command_is_a_document_with_an_id_of_its_own_that_nobody_has_answered() -> None:
    made, other = (new_command({"_id": "a-run", "public": public}, "stop") for public in (None, "yes"))
    assert made.pop("_id") != other.pop("_id")  # type: ignore[misc]
    assert made == other == {"runId": "a-run", "command": "stop", "params": {}, "state": "sent", "message": None}


def test_its_id_is_a_uuid_because_another_kind_would_not_be_found_again_on_mongodb() -> None:
    made = new_command({"_id": "a-run"}, "stop")["_id"]
    assert str(uuid.UUID(made)) == made


def test_a_command_has_its_own_copy_of_the_values_and_is_seen_by_those_who_see_the_run() -> None:
    values = {"learning_rate": 0.1}
    made = new_command({"_id": "a-run", "public": True}, "set", values)
    values["learning_rate"] = 9.0
    assert (made["command"], made["params"], made["public"]) == ("set", {"learning_rate": 0.1}, True)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, None),
        ("stop", None),
        ({}, None),
        ({"commands": []}, None),
        ({"commands": "stop", "set": ["lr"]}, None),
        ({"commands": ["stop"]}, {"commands": ["stop"], "set": []}),
        ({"commands": ["stop", 5, None, "set"], "set": ["lr", {}]}, {"commands": ["stop", "set"], "set": ["lr"]}),
        ({"commands": ["stop"], "set": {"lr": 1}}, {"commands": ["stop"], "set": []}),
    ],
)
def test_what_a_run_takes_is_read_from_whatever_its_document_says(told: Any, expected: Any) -> None:
    assert steering_of({"steering": told}) == expected
    assert steering_of({}) is None


def test_an_answer_matches_a_command_that_is_open_and_its_own_copy_and_no_other_answer() -> None:
    answer = Answer("c", State.REFUSED, "it has ended")
    assert answer.patch == {"state": "refused", "message": "it has ended"}
    assert answer.query == {"state": {"$in": ["sent", "accepted", "refused"]}}
    assert Answer("c", State.DONE).patch == {"state": "done", "message": ""}
