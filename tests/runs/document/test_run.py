"""The fold: what each event makes of a run's document, which places it touches, and which fields it changes."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.events import Event
from marcelle_rt.runs.document.run import Run

RUN = {"basename": "digits", "start": "2026-11-24T09:30:00.000Z", "source": "keras", "params": {"lr": 0.1}}
CREATE = events.create(0, "a-run", RUN)


def epoch(place: int, **logs: Any) -> Event:
    return events.epoch(0, place + 1, place, logs)


def folded(*more: Event) -> Run:
    return Run([CREATE, *more])


def changes(run: Run, event: Event) -> dict[str, Any]:
    """The fields that an event changes."""
    version = run.version
    run.apply(event)
    assert run.version == version + 1
    return {name: run.fields[name] for name, at in run.changed.items() if at == run.version}


def test_a_run_that_has_no_event_yet_is_empty() -> None:
    run = Run()
    assert (run.id, run.version, run.fields, run.lists) == ("", 0, {}, {"checkpoints": [], "assets": []})
    assert run.is_whole
    assert not run.ended


def test_a_run_is_created_idle() -> None:
    run = folded()
    assert run.id == "a-run"
    assert run.fields == {"status": "idle", "epoch": 0, "epochs": 0, **RUN}
    assert set(run.changed.values()) == {run.version} == {1}


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (events.identity("other", "a-run", "digits-2"), {"origin": "a-run", "name": "digits-2"}),
        (events.identity("other", "a-run", None), {"origin": "a-run"}),
        (events.model(0, {"summary": "s"}), {"model": {"summary": "s"}}),
        (events.extra(0, {"steering": {"lr": 1}, "tags": None}), {"steering": {"lr": 1}, "tags": None}),
        (events.params(0, {"lr": 0.2, "seed": 3}), {"params": {"lr": 0.2, "seed": 3}}),
        (events.params(0, {"seed": 3}), {"params": {"lr": 0.1, "seed": 3}}),
        (events.begin(0, 5), {"status": "start", "epochs": 5}),
        (events.summary(0, {"test_acc": 0.9}), {"summary": {"test_acc": 0.9}}),
        (events.end(1.5, "success", None), {"status": "success", "end": "1970-01-01T00:00:01.500Z"}),
        (
            events.end(0.5, "error", "a fault"),
            {"status": "error", "error": "a fault", "end": "1970-01-01T00:00:00.500Z"},
        ),
        (
            events.end(0.5, "pruned", "no gain"),
            {"status": "success", "outcome": "pruned", "reason": "no gain", "end": "1970-01-01T00:00:00.500Z"},
        ),
        (epoch(0, loss=0.5), {"status": "epoch", "epoch": 1}),
        (events.asset(0, 1, "p", "f", "m", key="k"), {}),
        ({"type": "of another day"}, {}),
    ],
)
def test_an_event_changes_these_fields(event: Event, fields: dict[str, Any]) -> None:
    assert changes(folded(), event) == fields


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (events.begin(1, 2), {"status": "start", "error": None, "end": None}),
        (events.end(1, "success", None), {"status": "success", "error": None, "end": "1970-01-01T00:00:01.000Z"}),
        (events.resume(1, 0, [], []), {"status": "start", "error": None, "end": None, "summary": None, "epoch": 0}),
    ],
)
def test_what_comes_after_an_end_takes_the_place_of_why_it_was(event: Event, fields: dict[str, Any]) -> None:
    run = folded(events.begin(0, 2), epoch(0), events.summary(0, {"f1": 1}), events.end(0.5, "error", "a fault"))
    assert changes(run, event) == fields


def test_a_run_without_params_gets_its_first_ones() -> None:
    run = Run([events.create(0, "a-run", {k: v for k, v in RUN.items() if k != "params"})])
    assert changes(run, events.params(0, {"lr": 1})) == {"params": {"lr": 1}}


def test_a_copy_under_another_id_is_that_ones() -> None:
    assert folded(events.identity("other", "a-run", None)).id == "other"


def test_a_second_summary_adds_to_the_first() -> None:
    run = folded(events.summary(0, {"acc": 0.9, "loss": 1.0}))
    assert changes(run, events.summary(0, {"acc": 0.95})) == {"summary": {"acc": 0.95, "loss": 1.0}}


def test_what_stays_as_it_was_is_not_changed() -> None:
    run = folded(events.begin(0, 5))
    assert changes(run, events.begin(0, 5)) == {}
    assert changes(run, events.extra(0, {"new": None})) == {"new": None}  # null is a value that a copy must get


def test_a_copy_that_was_given_up_gets_status_error_and_end_anew() -> None:
    alive = folded(epoch(0, loss=1))
    assert changes(alive, events.alive()) == {"status": "epoch", "error": None, "end": None}
    failed = folded(events.end(1.5, "error", "a fault"))
    again = {"status": "error", "error": "a fault", "end": "1970-01-01T00:00:01.500Z"}
    assert changes(failed, events.alive()) == again


def test_documents_beside_a_run_make_its_copies_no_older() -> None:
    run = folded()
    assert run.apply(events.document(0, events.ALERTS, "a-run", {})) == []
    assert run.version == 1


@pytest.mark.parametrize(("status", "ended"), [("success", True), ("error", True), ("start", False)])
def test_success_and_error_are_ends(status: str, ended: bool) -> None:
    run = folded()
    run.fields["status"] = status
    assert run.ended is ended


def test_metrics_are_as_long_as_the_run() -> None:
    run = folded()
    assert run.apply(epoch(0, loss=0.5)) == []
    run.apply(epoch(1, acc=0.25))
    run.apply(epoch(2, loss=0.125, acc=None))
    assert run.logs() == {"loss": [0.5, None, 0.125], "acc": [None, 0.25, None]}
    assert run.epochs == [1, 2, 3]
    assert (run.lists["checkpoints"], run.lists["assets"]) == ([], [])


def test_an_epoch_saved_again_merges_into_its_place() -> None:
    run = folded(epoch(0, loss=0.5), epoch(1, loss=0.25))
    assert run.apply(epoch(0, loss=9.0, acc=0.75)) == [("logs.loss", 0), ("logs.acc", 0)]
    assert run.logs() == {"loss": [9.0, 0.25], "acc": [0.75, None]}
    assert (run.fields["epoch"], run.epochs) == (1, [1, 2])


def test_places_whose_lines_were_lost_are_nulls() -> None:
    run = folded(epoch(0, loss=0.5))
    assert run.apply(epoch(3, loss=0.25, acc=0.75)) == []
    assert run.logs() == {"loss": [0.5, None, None, 0.25], "acc": [None, None, None, 0.75]}
    assert run.epochs == [1, 4, 4, 4]


def test_numbers_that_are_not_consecutive_are_told() -> None:
    run = folded(*(events.epoch(0, number, place, {}) for place, number in enumerate((1, 2, 5))))
    assert run.fields["epoch_numbers"] == [[0, 1, 1], [2, 5, 1]]
    assert "epoch_numbers" not in folded(epoch(0), epoch(1)).fields
    assert "epoch_numbers" not in folded(epoch(0)).fields


def test_a_run_that_goes_on_drops_what_it_repeats() -> None:
    run = folded(
        epoch(0, loss=0.5),
        epoch(1, loss=0.25, acc=1),
        epoch(2, loss=0.125),
        events.summary(0, {"acc": 1}),
        events.end(1.5, "stopped", "by hand"),
    )
    told = changes_and_places(run, events.resume(0, 1, [], []))
    assert told == (
        {"status": "start", "epoch": 1, "end": None, "outcome": None, "reason": None, "summary": None},
        [("logs.loss", 1), ("logs.loss", 2), ("logs.acc", 1), ("logs.acc", 2)],
    )
    assert (run.logs(), run.epochs) == ({"loss": [0.5], "acc": [None]}, [1])
    assert changes(folded(epoch(0)), events.resume(0, 0, [], [])) == {"status": "start", "epoch": 0}


def test_a_run_that_goes_on_drops_files_that_were_uploaded_too() -> None:
    run = folded(epoch(0, loss=0.5), asset("a", 1), asset("b", 2), epoch(1, loss=0.25))
    for key in ("a", "b"):
        run.apply(events.uploaded("assets", key, {"_id": key}))
    assert run.apply(events.resume(0, 1, ["b", "a"], [])) == [
        ("logs.loss", 1),
        ("assets", 1),
        ("assets", 0),
    ]
    assert (run.lists["assets"], list(run.leftovers)) == ([], ["b", "a"])


def changes_and_places(run: Run, event: Event) -> tuple[dict[str, Any], list[Any]]:
    version = run.version
    places = run.apply(event)
    return {name: run.fields[name] for name, at in run.changed.items() if at == version + 1}, places


def test_numbers_are_told_anew_once_a_run_goes_on() -> None:
    run = folded(*(events.epoch(0, number, place, {}) for place, number in enumerate((1, 2, 5))))
    run.apply(events.resume(0, 2, [], []))
    assert run.fields["epoch_numbers"] is None
    run.apply(epoch(2))
    assert run.fields["epoch_numbers"] is None


def asset(key: str, number: int | str = 1, **more: Any) -> Event:
    return events.asset(0, number, f"{key}.png", f"{key}.png", "image/png", key=key, **more)


def checkpoint(key: str, number: int | str = 1) -> Event:
    return events.checkpoint(0, number, f"{key}.h5", "h5", key=key)


def test_files_wait_until_they_are_uploaded_and_have_places_of_their_own() -> None:
    run = folded(asset("a"), asset("b"), checkpoint("c"))
    assert [event["key"] for event in run.waiting()] == ["a", "b", "c"]
    assert run.apply(events.uploaded("assets", "b", {"_id": 1})) == []
    assert run.apply(events.uploaded("assets", "a", {"_id": 2})) == []
    assert run.apply(events.uploaded("checkpoints", "c", {"id": 3})) == []
    assert run.apply(events.uploaded("assets", "a", {"_id": 4})) == [("assets", 1)]
    assert (run.lists["assets"], run.lists["checkpoints"]) == ([{"_id": 1}, {"_id": 4}], [{"id": 3}])
    assert run.waiting() == []
    assert (run.is_uploaded("a"), run.is_uploaded("z")) == (True, False)


def test_files_that_are_dropped_leave_their_lists_and_are_left_over() -> None:
    run = folded(*(asset(key) for key in "abcd"), checkpoint("m"))
    for place, key in enumerate("abcd"):
        run.apply(events.uploaded("assets", key, {"_id": place}))
    run.apply(events.uploaded("checkpoints", "m", {"id": "m"}))
    dropped = run.apply(events.drop(0, ["b", "none", "m"]))
    assert dropped == [("assets", 1), ("assets", 2), ("assets", 3), ("checkpoints", 0)]
    assert run.lists["assets"] == [{"_id": 0}, {"_id": 2}, {"_id": 3}]
    assert run.leftovers == {
        "b": events.uploaded("assets", "b", {"_id": 1}),
        "m": events.uploaded("checkpoints", "m", {"id": "m"}),
    }
    assert (list(run.files), list(run.dropped)) == (["a", "c", "d"], ["b", "m"])
    assert run.apply(events.uploaded("assets", "d", {"_id": 9})) == [("assets", 2)]
    assert run.apply(events.uploaded("assets", "a", {"_id": 8})) == [("assets", 0)]
    run.apply(events.removed("b"))
    run.apply(events.removed("b"))
    assert list(run.leftovers) == ["m"]


def test_a_file_that_was_dropped_before_it_arrived_is_left_over_then() -> None:
    run = folded(asset("a"), epoch(0))
    assert run.apply(events.resume(0, 0, ["a"], [])) == []
    assert run.waiting() == []
    late = events.uploaded("assets", "a", {"_id": 1})
    assert run.apply(late) == []
    assert (run.lists["assets"], run.leftovers) == ([], {"a": late})


def test_a_backend_that_lost_what_it_had_gets_it_again() -> None:
    run = folded(asset("a"), asset("b"), checkpoint("c"))
    run.apply(events.uploaded("assets", "a", {"_id": 1}))
    run.apply(events.uploaded("assets", "b", {"_id": 2}))
    run.apply(events.uploaded("checkpoints", "c", {"id": 2}))
    run.apply(events.drop(0, ["b"]))
    version = run.version
    run.forget_uploads()
    assert run.version == version + 1
    assert (run.lists["assets"], run.lists["checkpoints"], run.leftovers) == ([], [], {})
    assert [event["key"] for event in run.waiting()] == ["a", "c"]


def test_the_files_from_an_epoch_on_are_those_of_it_and_those_without_a_number_after_it() -> None:
    run = folded(
        checkpoint("first", 1),
        epoch(0),
        checkpoint("two", 2),
        checkpoint("early", "final"),
        epoch(1),
        checkpoint("late", "final"),
        checkpoint("three", 3),
    )
    assert run.files_from(2, 1) == ["two", "late", "three"]
    assert run.files_from(3, 2) == ["three"]


def test_the_document_on_disk_names_files_by_paths_until_they_are_uploaded() -> None:
    run = folded(epoch(0, loss=0.5), asset("a", metadata={"by": "me"}), checkpoint("c", 2), asset("b"))
    run.apply(events.uploaded("assets", "b", {"_id": 1, "url": "1/b.png"}))
    assert run.document() == {
        "_id": "a-run",
        **RUN,
        "status": "epoch",
        "epoch": 1,
        "epochs": 0,
        "logs": {"loss": [0.5]},
        "checkpoints": [{"metadata": {"epoch": 2, "local_path": "c.h5", "local_format": "h5"}}],
        "assets": [
            {"by": "me", "filename": "a.png", "mime": "image/png", "epoch": 1, "local_path": "a.png"},
            {"_id": 1, "url": "1/b.png"},
        ],
    }


def test_a_run_of_a_document_alone_has_all_of_it() -> None:
    logs, files = {"loss": [0.5, 0.25]}, [{"_id": 1}]
    run = Run.of({"_id": "a-run", "status": "success", "logs": logs, "assets": files, "checkpoints": []})
    assert (run.id, run.fields, run.changed) == ("a-run", {"status": "success"}, {"status": 1})
    assert run.lists == {"checkpoints": [], "assets": files, "logs.loss": [0.5, 0.25]}
    assert run.version == 1
    run.lists["logs.loss"].append(0.125)
    run.lists["assets"].clear()
    assert (logs, files) == ({"loss": [0.5, 0.25]}, [{"_id": 1}])
