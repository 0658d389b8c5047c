"""What a resumed run has to let go of: chunks of batches from the epochs that are repeated."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.events import ALERTS, BATCHES, Event
from marcelle_rt.runs.document.resumed import Resumed

CREATE = events.create(0, "a-run", {"basename": "digits", "start": "2026-11-24T09:30:00.000Z", "source": "keras"})


def chunk(identity: str, *times: float, **fields: Any) -> Event:
    own = {
        "_id": identity,
        "steps": list(range(len(times))),
        "times": list(times),
        "logs": {"loss": [time / 10 for time in times]},
        **fields,
    }
    return events.document(9.0, BATCHES, "a-run", own)


def epoch(place: int, time: Any) -> Event:
    return {**events.epoch(0, place + 1, place, {"loss": 0.5}), "time": time}


def resumed(*journal: Event) -> Resumed:
    return Resumed([CREATE, *journal])


def test_it_has_the_run_and_chunks_since_the_last_epoch_that_stays() -> None:
    journal = [chunk("a", 1.0, 2.0), epoch(0, 2.5), chunk("b", 3.0), epoch(1, 3.5), chunk("c", 4.0)]
    past = resumed(*journal)

    assert past.run.id == "a-run"
    assert past.run.epochs == [1, 2]
    assert past.batches_from(2) == (["c"], [])
    assert past.batches_from(1) == (["b", "c"], [])
    assert past.batches_from(0) == (["a", "b", "c"], [])
    assert past.batches_from(3) == (["a", "b", "c"], [])  # an epoch that is not there was saved before all


def test_a_chunk_over_the_edge_stays_in_part() -> None:
    past = resumed(epoch(0, 2.5), chunk("a", 1.0, 2.5, 3.0, 4.0))

    instead = {"steps": [0, 1], "times": [1.0, 2.5], "logs": {"loss": [0.1, 0.25]}}
    assert past.batches_from(1) == (["a"], [instead])


def test_times_are_compared_as_chunks_write_them_in_milliseconds() -> None:
    past = resumed(epoch(0, 2.0004), chunk("a", 2.0, 2.001))
    assert past.batches_from(1)[1] == [{"steps": [0], "times": [2.0], "logs": {"loss": [0.2]}}]

    past = resumed(epoch(0, 2.0006), chunk("a", 2.001, 2.002))
    assert past.batches_from(1)[1] == [{"steps": [0], "times": [2.001], "logs": {"loss": [0.2001]}}]


@pytest.mark.parametrize("time", [None, "2.5", [2.5]])
def test_an_epoch_whose_time_nobody_knows_keeps_no_batches(time: Any) -> None:
    assert resumed(epoch(0, time), chunk("a", 1.0)).batches_from(1) == (["a"], [])
    without = {name: value for name, value in epoch(0, 1.0).items() if name != "time"}
    assert resumed(without, chunk("a", 1.0)).batches_from(1) == (["a"], [])


def test_what_was_dropped_before_is_not_dropped_again() -> None:
    past = resumed(
        chunk("a", 1.0), chunk("b", 2.0), chunk("c", 3.0), events.resume(9.0, 0, [], ["a", "c", "x"]), chunk("d", 4.0)
    )
    assert past.batches_from(0) == (["b", "d"], [])
    older = {"type": "resume", "time": 9.0, "keep": 0}
    assert resumed(chunk("a", 1.0), older).batches_from(0) == (["a"], [])


def test_of_two_chunks_of_one_id_the_later_counts() -> None:
    assert resumed(epoch(0, 2.0), chunk("a", 3.0), chunk("a", 1.0)).batches_from(1) == ([], [])


def test_an_empty_chunk_has_nothing_to_let_go() -> None:
    assert resumed(chunk("a")).batches_from(0) == ([], [])


def test_documents_of_other_services_stay() -> None:
    alert = events.document(9.0, ALERTS, "a-run", dict(chunk("a", 1.0)["document"]))
    assert resumed(alert).batches_from(0) == ([], [])


@pytest.mark.parametrize(
    "fields",
    [
        {"steps": None},
        {"steps": (0,)},
        {"times": None},
        {"times": (1.0,)},
        {"times": ["1.0"]},
        {"logs": None},
        {"logs": [[0.1]]},
        {"logs": {"loss": 0.1}},
        {"logs": {"loss": [0.1], "acc": None}},
    ],
    ids=repr,
)
def test_a_document_that_no_writer_wrote_stays(fields: dict[str, Any]) -> None:
    assert resumed(chunk("a", 1.0, **fields)).batches_from(0) == ([], [])
    (name,) = fields
    without = chunk("b", 1.0)
    document = {key: value for key, value in without["document"].items() if key != name}
    assert resumed({**without, "document": document}).batches_from(0) == ([], [])


def test_times_may_be_whole_numbers() -> None:
    assert resumed(epoch(0, 2), chunk("a", 1, 3)).batches_from(1)[0] == ["a"]
