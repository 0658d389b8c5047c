"""Counting a Keras training's batches; trainings with them are in test_keras_batches.py."""

from __future__ import annotations

from marcelle_rt.callbacks.keras_batches import Batches


def epoch(batches: Batches, count: int, *, together: int = 1) -> list[tuple[int, int]]:
    """What an epoch's executions are told: the batch before, and their last."""
    return [(batches.end(end - 1), batches.step) for end in range(together, count + 1, together)]


def test_batches_count_from_1_through_the_whole_training_and_several_may_be_one_execution() -> None:
    batches = Batches()
    batches.begin(4)
    batches.begin_epoch(0)

    assert epoch(batches, 4, together=2) == [(0, 2), (2, 4)]
    assert not batches.end_epoch()
    batches.begin_epoch(1)
    assert epoch(batches, 2) == [(4, 5), (5, 6)]


def test_a_training_that_goes_on_counts_what_the_epochs_before_it_had() -> None:
    batches = Batches()
    batches.begin(10)
    batches.begin_epoch(3)

    assert epoch(batches, 1) == [(30, 31)]


def test_an_epoch_that_was_left_early_is_a_part_and_one_that_was_left_at_its_end_is_whole() -> None:
    batches = Batches()
    for done, is_part in ((2, True), (3, False)):
        batches.begin(3)
        batches.begin_epoch(0)
        epoch(batches, done)
        batches.leave()
        assert batches.end_epoch() is is_part


def test_what_nobody_knows_the_length_of_is_not_whole_until_one_epoch_was() -> None:
    batches = Batches()
    batches.begin(None)
    batches.begin_epoch(0)
    epoch(batches, 5)
    batches.leave()
    assert batches.end_epoch()

    batches.begin(None)
    batches.begin_epoch(0)
    epoch(batches, 5)
    assert not batches.end_epoch()
    batches.begin_epoch(1)
    epoch(batches, 5)
    batches.leave()
    assert not batches.end_epoch()
