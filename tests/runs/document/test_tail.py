"""Lists without their beginning: they count and place their values as if all were there, and are made whole again."""

from __future__ import annotations

import pytest

from marcelle_rt.runs.document import events, tail
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.document.tail import Tail
from tests.support.runs import epoch, new_run


def forgotten(end: int, *needed: int) -> Tail:
    """The list of 10, 11, ... 15 without its beginning."""
    values = Tail([10, 11, 12, 13, 14, 15])
    values.forget(end, needed)
    return values


def test_a_list_counts_and_finds_what_it_dropped_no_more() -> None:
    values = forgotten(4, 1)
    assert (len(values), values.dropped, values.held) == (6, 4, 3)
    assert (values[1], values[4], values[5]) == (11, 14, 15)
    with pytest.raises(KeyError):
        values[0]
    values.append(16)
    assert (len(values), values[6]) == (7, 16)


def test_values_that_come_anew_are_kept_wherever_they_belong() -> None:
    values = forgotten(4)
    values[0], values[3], values[4], values[5] = 90, 93, 94, 95
    assert (values[0], values[3], values[4], values[5], len(values)) == (90, 93, 94, 95, 6)
    assert values.held == 4
    assert values.whole([10, 11, 12, 13]) == [90, 11, 12, 93, 94, 95]
    assert values.whole([10, 11, 12, 13, 0, 0, 0]) == [90, 11, 12, 93, 94, 95]


def test_a_list_forgets_further_and_never_less() -> None:
    values = forgotten(3, 0, 2)
    values.forget(2, [0])
    assert (values.dropped, values.held) == (3, 4)
    values.forget(5, [0, 4, 5])
    assert (values.dropped, len(values), values.held) == (5, 6, 3)
    assert (values[0], values[4], values[5]) == (10, 14, 15)


def test_what_needs_it_whole_is_refused() -> None:
    values = forgotten(1)
    for attempt in (lambda: list(values), lambda: values.__delitem__(slice(0, 1))):
        with pytest.raises(LookupError) as caught:
            attempt()
        assert str(caught.value) == "the beginning of this list was dropped; recall the run first"
    with pytest.raises(LookupError) as caught:
        forgotten(3).whole([10, 11])
    assert str(caught.value) == "3 values were dropped, and 2 are there"
    assert forgotten(3).whole([10, 11, 12]) == [10, 11, 12, 13, 14, 15]


def test_a_run_drops_what_its_copy_has_but_for_places_that_are_older_there() -> None:
    run = new_run(4)
    run.apply(epoch(4, loss=0.5, acc=0.75))
    assert tail.held(run) == 10
    tail.forget(run, {"logs.loss": 3, "logs.acc": 0, "checkpoints": 0}, [("logs.loss", 1), ("logs.loss", 2)])
    assert not run.is_whole
    loss, acc, epochs = run.lists["logs.loss"], run.lists["logs.acc"], run.epochs
    assert isinstance(loss, Tail)
    assert isinstance(epochs, Tail)
    assert (loss.dropped, loss.held, loss[1], loss[2]) == (3, 4, 1 / 7, 2 / 7)
    assert acc == [None, None, None, None, 0.75]
    assert (epochs.dropped, len(epochs), epochs[-1 + 5]) == (4, 5, 4)
    assert tail.held(run) == 9
    tail.forget(run, {"logs.loss": 6, "logs.acc": 5}, ())  # a copy that is longer tells nothing
    assert loss.dropped == 3
    assert tail.held(run) == 4
    assert run.lists["logs.loss"] is loss


def test_a_single_value_is_dropped_too_and_what_was_kept_of_it_stays_known() -> None:
    run = new_run(1)
    tail.forget(run, {"logs.loss": 1}, [("logs.loss", 0)])
    loss = run.lists["logs.loss"]
    assert isinstance(loss, Tail)
    assert (loss.dropped, loss[0]) == (1, 0.0)
    tail.forget(run, {"logs.loss": 1}, [("logs.loss", 0)])
    assert (run.lists["logs.loss"], loss.dropped, loss[0]) == (loss, 1, 0.0)


def test_a_run_is_whole_again_with_what_came_since() -> None:
    whole, run = new_run(4), new_run(4)
    tail.forget(run, {"logs.loss": 4}, ())
    for made in (whole, run):
        made.apply(events.epoch(0, 1, 1, {"loss": 9.0}))
        made.apply(epoch(4))
    past = new_run(7)  # its journal is ahead
    tail.recall(run, past)
    assert run.is_whole
    assert (run.logs(), run.epochs, list(run.lists)) == (whole.logs(), whole.epochs, list(whole.lists))
    tail.recall(run, past)  # nothing to do
    assert run.logs() == whole.logs()


def test_a_journal_that_lost_what_was_dropped_makes_nothing_whole() -> None:
    run = new_run(4)
    tail.forget(run, {"logs.loss": 4}, ())
    with pytest.raises(LookupError):
        tail.recall(run, Run())
    assert not run.is_whole
