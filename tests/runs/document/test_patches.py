"""Patches to the byte: what goes into one, where it is cut, and what a copy is taken to hold after it."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.runs.document import events, tail
from marcelle_rt.runs.document.delta import (
    Acknowledged,
    Patch,
    compare,
    last_filled,
    list_at,
    next_patch,
    opening,
)
from marcelle_rt.runs.document.run import Run
from marcelle_rt.values import dumps

LARGE = 1_000_000
ROOM = 200  # what a message's envelope takes


def run_of(*logs: dict[str, Any], **params: Any) -> Run:
    run = Run([events.create(0, "an-id", {"basename": "b", "start": "s", "params": params})])
    for n, values in enumerate(logs):
        run.apply(events.epoch(0, n, n, values))
    return run


def followed(run: Run) -> Acknowledged:
    """What a copy holds that was created of a run as it is."""
    known = Acknowledged()
    known.accept(opening(run, LARGE))
    return known


def add(run: Run, known: Acknowledged, number: int, logs: dict[str, Any]) -> None:
    known.touch(run.apply(events.epoch(0, number, number, logs)), run.version)


def test_a_copy_is_created_whole() -> None:
    run = run_of({"loss": 0.5}, {"loss": None}, lr=0.1)
    patch = opening(run, LARGE)
    assert patch.data == {
        "_id": "an-id",
        "status": "epoch",
        "epoch": 1,
        "epochs": 0,
        "basename": "b",
        "start": "s",
        "params": {"lr": 0.1},
        "logs": {"loss": [0.5, None]},
        "checkpoints": [],
        "assets": [],
    }
    assert patch.lengths == {"checkpoints": 0, "assets": 0, "logs.loss": 2}
    assert patch.last == {"checkpoints": (-1,), "assets": (-1,), "logs.loss": (-1, 0)}
    assert (patch.version, patch.is_last, patch.places) == (run.version, True, ())
    assert set(patch.fields) == {"status", "epoch", "epochs", "basename", "start", "params"}


def test_a_copy_that_does_not_fit_begins_as_started_and_is_not_the_last() -> None:
    run = run_of(*({"loss": n / 7} for n in range(100)))
    run.apply(events.end(0, "success", None))
    patch = opening(run, 1_000)
    held = patch.lengths["logs.loss"]
    assert 0 < held < 100
    assert patch.data["logs"]["loss"] == [n / 7 for n in range(held)]
    assert patch.data["status"] == "start"
    assert "status" not in patch.fields
    assert not patch.is_last


def test_given_fields_stand_for_the_runs_own() -> None:
    patch = opening(run_of(lr=0.1), LARGE, {"status": "idle", "params": "(large)"})
    assert patch.data == {
        "_id": "an-id",
        "status": "idle",
        "params": "(large)",
        "logs": {},
        "checkpoints": [],
        "assets": [],
    }


def test_an_epoch_is_its_places_and_the_fields_that_changed() -> None:
    run = run_of({"loss": 0.5, "acc": 1})
    known = followed(run)
    add(run, known, 1, {"loss": 0.25, "acc": None})
    patch = next_patch(run, known, LARGE)
    assert patch is not None
    assert patch.data == {"logs.loss.1": 0.25, "logs.acc.1": None, "epoch": 1}
    assert patch.lengths == {"logs.loss": 2, "logs.acc": 2}
    assert patch.last == {"logs.loss": (-1, 0, 1), "logs.acc": (-1, 0)}
    assert patch.fields == ("epoch",)
    assert patch.is_last
    known.accept(patch)
    assert next_patch(run, known, LARGE) is None
    assert known.last == {"checkpoints": (-1,), "assets": (-1,), "logs.loss": (-1, 0, 1), "logs.acc": (-1, 0)}


def test_an_epoch_saved_again_is_its_place_alone() -> None:
    run = run_of({"loss": 0.5}, {"loss": 0.25})
    known = followed(run)
    known.touch(run.apply(events.epoch(0, 0, 0, {"loss": 9.0})), run.version)
    patch = next_patch(run, known, LARGE)
    assert patch is not None
    assert patch.data == {"logs.loss.0": 9.0, "epoch": 0}
    assert patch.places == (("logs.loss", 0),)
    known.accept(patch)
    assert known.stale == {}


def test_a_place_that_changed_since_the_patch_was_made_stays_open() -> None:
    known = Acknowledged(lengths={"logs.loss": 1}, stale={("logs.loss", 0): 5})
    known.accept(Patch({}, 4, {}, (("logs.loss", 0),), (), {}))
    assert known.stale == {("logs.loss", 0): 5}
    known.accept(Patch({}, 5, {}, (("logs.loss", 0),), (), {}))
    assert known.stale == {}


def test_fields_are_level_with_the_newest_patch_that_brought_them() -> None:
    known = Acknowledged()
    known.accept(Patch({}, 7, {}, (), ("status",), {}))
    known.accept(Patch({}, 5, {}, (), ("status",), {}))
    assert known.fields == {"status": 7}


def test_a_metric_that_comes_late_goes_as_a_list() -> None:
    run = run_of({"loss": 0.5}, {"loss": 0.4})
    known = followed(run)
    add(run, known, 2, {"loss": 0.3, "acc": 0.9})
    patch = next_patch(run, known, LARGE)
    assert patch is not None
    assert patch.data == {"logs.loss.2": 0.3, "logs.acc": [None, None, 0.9], "epoch": 2}
    assert patch.last == {"logs.loss": (-1, 0, 1, 2), "logs.acc": (-1, 2)}


def test_a_copy_that_is_longer_gets_the_list_whole() -> None:
    run = run_of({"loss": 0.5}, {"loss": 0.4}, {"loss": 0.3})
    known = followed(run)
    known.touch(run.apply(events.resume(0, 1, [], [])), run.version)
    patch = next_patch(run, known, LARGE)
    assert patch is not None
    assert patch.data == {"logs.loss": [0.5], "status": "start", "epoch": 0}
    assert patch.lengths == {"logs.loss": 1}


VALUE = len("logs.loss.9") + 4 + 26
"""The bytes that one value is reckoned with."""


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_patch_takes_as_many_values_as_fit_to_the_byte(count: int) -> None:
    run = run_of({"loss": 0.5})
    known = followed(run)
    for n in range(1, 6):
        add(run, known, n, {"loss": n / 7})
    patch = next_patch(run, known, ROOM + count * VALUE)
    assert patch is not None
    assert list(patch.data) == [f"logs.loss.{n}" for n in range(1, count + 1)]
    assert (patch.lengths, patch.last, patch.is_last) == (
        {"logs.loss": count + 1},
        {"logs.loss": tuple(range(-1, count + 1))[-4:]},
        False,
    )
    less = next_patch(run, known, ROOM + count * VALUE - 1)
    assert less is not None
    assert len(less.data) == max(1, count - 1)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_places_that_changed_are_cut_to_the_byte_too(count: int) -> None:
    run = run_of(*({"loss": n / 7} for n in range(4)))
    known = followed(run)
    for n in range(4):
        known.touch(run.apply(events.epoch(0, n, n, {"loss": 9.0})), run.version)
    add(run, known, 4, {"loss": 0.5})
    patch = next_patch(run, known, ROOM + count * VALUE)
    assert patch is not None
    assert patch.places == tuple(("logs.loss", n) for n in range(count))
    assert (list(patch.data), patch.lengths, patch.is_last) == ([f"logs.loss.{n}" for n in range(count)], {}, False)
    less = next_patch(run, known, ROOM + count * VALUE - 1)
    assert less is not None
    assert len(less.data) == max(1, count - 1)


def test_a_place_that_changed_counts_for_the_end_that_goes_with_it() -> None:
    run = run_of({"loss": 0.5}, {"loss": 0.4})
    known = followed(run)
    known.touch(run.apply(events.epoch(0, 1, 1, {"loss": None})), run.version)
    add(run, known, 2, {"loss": 0.3})
    patch = next_patch(run, known, LARGE)
    assert patch is not None
    assert patch.data == {"logs.loss.1": None, "logs.loss.2": 0.3, "epoch": 2}
    assert patch.last == {"logs.loss": (-1, 0, 2)}


@pytest.mark.parametrize(("spare", "begun"), [(0, True), (-1, False)])
def test_a_list_is_begun_where_its_name_fits_to_the_byte(spare: int, begun: bool) -> None:
    run = run_of({"loss": 0.5})
    known = followed(run)
    add(run, known, 1, {"loss": 0.25, "acc": 0.75})
    value = len("logs.loss") + 5 + 1 + 26
    patch = next_patch(run, known, ROOM + value + len("logs.acc") + 8 + spare)
    assert patch is not None
    assert patch.data == {"logs.loss.1": 0.25, **({"logs.acc": []} if begun else {})}
    assert not patch.is_last


@pytest.mark.parametrize(("spare", "count"), [(0, 2), (-1, 1)])
def test_a_copy_is_created_with_as_many_files_as_fit_to_the_byte(spare: int, count: int) -> None:
    run = run_of()
    for key in ("a", "b", "c"):
        run.apply(events.asset(0, 0, key, key, "m", key=key))
        run.apply(events.uploaded("assets", key, {"_id": "x" * 50}))
    size = len('{"_id":""}') + 50 + 1
    fixed = len(dumps({"_id": run.id, **run.fields})) + len("checkpoints") + 8 + len("assets") + 8
    patch = opening(run, ROOM + fixed + 2 * size + spare)
    assert len(patch.data["assets"]) == patch.lengths["assets"] == count
    assert not patch.is_last


def test_a_null_takes_five_bytes_and_a_text_its_own() -> None:
    run = run_of({"loss": 0.5})
    known = followed(run)
    for n in range(1, 4):
        add(run, known, n, {"loss": None})
    size = len("logs.loss.1") + 4 + 5
    patch = next_patch(run, known, ROOM + 2 * size)
    assert patch is not None
    assert list(patch.data) == ["logs.loss.1", "logs.loss.2"]


def test_a_files_entry_is_reckoned_with_its_json() -> None:
    run = run_of()
    known = followed(run)
    entry = {"_id": "x" * 50}
    for key in ("a", "b"):
        run.apply(events.asset(0, 0, key, key, "m", key=key))
        known.touch(run.apply(events.uploaded("assets", key, entry)), run.version)
    size = len("assets.0") + 4 + len('{"_id":""}') + 50 + 1
    patch = next_patch(run, known, ROOM + 2 * size - 1)
    assert patch is not None
    assert list(patch.data) == ["assets.0"]
    both = next_patch(run, known, ROOM + 2 * size)
    assert both is not None
    assert list(both.data) == ["assets.0", "assets.1"]


def test_names_are_measured_in_bytes() -> None:
    run = run_of({"é": 0.5})
    known = followed(run)
    add(run, known, 1, {"é": 0.25})
    add(run, known, 2, {"é": 0.125})
    size = len("logs.é.1".encode()) + 4 + 26
    patch = next_patch(run, known, ROOM + 2 * size - 1)
    assert patch is not None
    assert list(patch.data) == ["logs.é.1"]


def fields_size(run: Run) -> int:
    return len(b'{"epoch":1}')


@pytest.mark.parametrize(("spare", "with_fields"), [(0, True), (-1, False)])
def test_fields_go_with_the_last_values_where_they_fit_to_the_byte(spare: int, with_fields: bool) -> None:
    run = run_of({"loss": 0.5})
    known = followed(run)
    add(run, known, 1, {"loss": 0.25})
    reckoned = len("logs.loss") + 5 + 1 + 26
    patch = next_patch(run, known, ROOM + reckoned + fields_size(run) + spare)
    assert patch is not None
    assert ("epoch" in patch.data, patch.is_last) == (with_fields, with_fields)
    known.accept(patch)
    rest = next_patch(run, known, LARGE)
    assert (rest is None) == with_fields
    if rest is not None:
        assert (rest.data, rest.is_last) == ({"epoch": 1}, True)


def test_fields_that_are_too_large_alone_are_shortened_and_only_then() -> None:
    asked: list[dict[str, Any]] = []

    def shorten(fields: Any) -> dict[str, Any]:
        asked.append(dict(fields))
        return dict.fromkeys(fields, "(large)")

    run = run_of({"loss": 0.5})
    known = followed(run)
    add(run, known, 1, {"loss": 0.25})
    whole = next_patch(run, known, LARGE, shorten)
    assert whole is not None
    assert asked == []
    known.accept(whole)
    run.apply(events.model(0, {"summary": "x" * 500}))
    size = len(b'{"model":{"summary":""}}') + 500
    exact = next_patch(run, known, ROOM + size, shorten)
    assert exact is not None
    assert (exact.data, asked) == ({"model": {"summary": "x" * 500}}, [])
    short = next_patch(run, known, ROOM + size - 1, shorten)
    assert short is not None
    assert (short.data, short.fields, short.is_last) == ({"model": "(large)"}, ("model",), True)
    assert [list(fields) for fields in asked] == [["model"]]
    bare = next_patch(run, known, ROOM + size - 1)
    assert bare is not None
    assert bare.data == {"model": {"summary": "x" * 500}}


def test_a_value_that_is_too_large_alone_goes_alone() -> None:
    run = run_of()
    known = followed(run)
    run.apply(events.asset(0, 0, "a", "a", "m", key="a"))
    known.touch(run.apply(events.uploaded("assets", "a", {"_id": "x" * 500})), run.version)
    patch = next_patch(run, known, ROOM + 10)
    assert patch is not None
    assert list(patch.data) == ["assets.0"]


def test_a_run_whose_beginning_was_dropped_sends_its_end() -> None:
    run = run_of(*({"loss": n / 7} for n in range(10)))
    known = followed(run)
    tail.forget(run, known.lengths, known.stale)
    assert not run.is_whole
    add(run, known, 10, {"loss": 0.5})
    add(run, known, 11, {"loss": None})
    patch = next_patch(run, known, LARGE)
    assert patch is not None
    assert patch.data == {"logs.loss.10": 0.5, "logs.loss.11": None, "epoch": 11}
    assert (patch.lengths, patch.last) == ({"logs.loss": 12}, {"logs.loss": (7, 8, 9, 10)})


def test_what_a_copy_lacks_is_found_by_comparing() -> None:
    run = run_of({"loss": 0.5, "acc": 1}, {"loss": 0.4, "acc": 2})
    document = {"logs": {"loss": [0.5, 9.0, 7.0], "acc": [1]}, "checkpoints": [], "status": "epoch", "epoch": 0}
    known = compare(run, document)
    assert known.lengths == {"logs.loss": 3, "logs.acc": 1, "checkpoints": 0}
    assert set(known.stale) == {("logs.loss", 1), ("logs.loss", 2)}
    assert known.last == {"logs.loss": (-1, 0, 1, 2), "logs.acc": (-1, 0), "checkpoints": (-1,)}
    assert set(known.fields) == {"status"}


@pytest.mark.parametrize(
    ("document", "fits"),
    [
        ({"logs": {"loss": [1, 2]}}, True),
        ({"logs": {"loss": [1]}}, False),
        ({"logs": {"loss": [1, 2, 3]}}, False),
        ({"logs": {}}, False),
        ({"logs": None}, False),
        ({}, False),
        ({"logs": {"loss": "xy"}}, False),
    ],
)
def test_a_document_fits_when_its_lists_are_as_long_as_they_should_be(document: Any, fits: bool) -> None:
    assert Acknowledged(lengths={"logs.loss": 2}).fits(document) is fits


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ([], (-1,)),
        ([None, None], (-1,)),
        ([1.0], (-1, 0)),
        ([1.0, None, 0.0, None], (-1, 0, 2)),
        ([1.0, 2.0, 3.0, None, 4.0], (0, 1, 2, 4)),
        ([1.0] * 9, (5, 6, 7, 8)),
    ],
)
def test_the_last_places_that_have_a_value(values: list[Any], places: tuple[int, ...]) -> None:
    assert last_filled(values) == places


def test_a_list_is_found_by_its_path() -> None:
    document = {"assets": [1], "logs": {"a": [2], "b": 3}}
    assert list_at(document, "assets") == [1]
    assert list_at(document, "logs.a") == [2]
    assert list_at(document, "logs.b") is None
    assert list_at(document, "logs.c") is None
    assert list_at(document, "none.c") is None
