"""What a database lost of a copy shows in the answer to the next patch."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.delta import Acknowledged, Patch, next_patch, opening
from marcelle_rt.runs.document.run import Run

LARGE = 1_000_000


def run_of(*losses: float | None) -> Run:
    run = Run([events.create(0, "an-id", {"basename": "b", "start": "s", "params": {}})])
    for n, loss in enumerate(losses):
        run.apply(events.epoch(0, n, n, {"loss": loss}))
    return run


def followed(run: Run) -> Acknowledged:
    """What a copy holds that was created of a run as it is."""
    known = Acknowledged()
    known.accept(opening(run, LARGE))
    return known


def patched(run: Run, known: Acknowledged, places: dict[int, float | None]) -> Patch:
    """A patch that sets just these places."""
    for place, value in places.items():
        known.touch(run.apply(events.epoch(0, place, place, {"loss": value})), run.version)
    patch = next_patch(run, known, LARGE)
    assert patch is not None
    assert [key for key in patch.data if "." in key] == [f"logs.loss.{place}" for place in places]
    return patch


def answer(run: Run, *losses: float | None) -> dict[str, Any]:
    return {**run.document(), "logs": {"loss": list(losses)}}


def never() -> Run:
    raise AssertionError("the run was asked for all its values")


@pytest.mark.parametrize(
    ("there", "is_right"),
    [([1.0, 2.0, 3.0], True), ([None, None, 3.0], False), ([1.0], False), ([1.0, None, 3.0], False)],
)
def test_a_list_that_lost_its_end_is_noticed_by_its_last_value(there: list[Any], is_right: bool) -> None:
    run = run_of(1.0, 2.0)
    known = followed(run)
    patch = patched(run, known, {2: 3.0})
    assert known.took(patch, answer(run, *there), never) is is_right


@pytest.mark.parametrize(("there", "is_right"), [([0, 1, None, 9.0], False), ([0, 1, 2, 9.0], True)])
def test_where_the_last_value_is_set_anew_the_one_before_it_is_looked_at(there: list[Any], is_right: bool) -> None:
    run = run_of(0, 1, 2, 3)
    known = followed(run)
    patch = patched(run, known, {3: 9.0})
    assert known.took(patch, answer(run, *there), never) is is_right


def test_where_a_resumed_run_writes_its_last_place_again_the_one_before_it_is_looked_at() -> None:
    run = run_of(0, 1, 2, 3)
    known = followed(run)
    known.touch(run.apply(events.resume(0, 3, [], [])), run.version)
    patch = patched(run, known, {3: 9.0})
    assert not known.took(patch, answer(run, 0, 1, None, 9.0), never)


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_where_all_places_in_mind_are_set_anew_every_value_is_looked_at(kept: int) -> None:
    run = run_of(0, 1, 2, 3, 4, 5)
    known = followed(run)
    patch = patched(run, known, {2: 9.0, 3: 8.0, 4: 7.0, 5: 6.0})
    there = [*[0, 1][:kept], *[None] * (2 - kept), 9.0, 8.0, 7.0, 6.0]
    assert known.took(patch, answer(run, *there), lambda: run) is (kept == 2)


def test_where_all_values_of_a_short_list_are_set_anew_there_is_nothing_to_look_at() -> None:
    run = run_of(0, 1)
    known = followed(run)
    patch = patched(run, known, {0: 9.0, 1: 8.0})
    assert known.took(patch, answer(run, 9.0, 8.0), never)


def test_values_that_a_patch_takes_back_are_not_looked_at_after_it() -> None:
    run = run_of(0, 1, 2, 3, 4, 5)
    known = followed(run)
    patch = patched(run, known, {4: None, 5: 9.0})
    assert known.took(patch, run.document(), never)
    assert known.last["logs.loss"] == (2, 3, 5)


def test_a_place_that_gets_its_first_value_is_looked_at_from_then_on() -> None:
    run = run_of(0, None, 2)
    known = followed(run)
    assert known.last["logs.loss"] == (-1, 0, 2)
    known.accept(patched(run, known, {1: 1}))
    assert known.last["logs.loss"] == (-1, 0, 1, 2)


def test_a_place_before_those_in_mind_is_not_looked_at() -> None:
    run = run_of(None, 1, 2, 3, 4, 5)
    known = followed(run)
    known.accept(patched(run, known, {0: 9.0}))
    assert known.last["logs.loss"] == (2, 3, 4, 5)


def test_once_an_answer_was_lost_every_value_is_looked_at_and_then_no_longer() -> None:
    # A database that puts what is past the end at the end lost 3, and took the patch twice.
    run = run_of(0, 1, 2, 3)
    known = followed(run)
    known.doubt()
    patch = patched(run, known, {4: 4, 5: 5})
    assert not known.took(patch, answer(run, 0, 1, 2, 4, 4, 5), lambda: run)
    assert known.took(patch, run.document(), never)


def test_what_a_backend_keeps_otherwise_than_it_was_just_sent_is_not_taken_for_a_loss() -> None:
    run = run_of(0.5)
    known = followed(run)
    known.doubt()
    patch = patched(run, known, {1: 1 / 3})
    assert known.took(patch, answer(run, 0.5, 0.3333), lambda: run)


def test_a_list_that_is_sent_whole_is_not_missed() -> None:
    known = Acknowledged(last={"logs.loss": (-1, 0, 1)})
    assert known.took(Patch({"logs.loss": [1]}, 1, {}, (), (), {}), {"logs": {"loss": [None, None]}}, never)
