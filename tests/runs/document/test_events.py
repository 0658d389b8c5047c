"""Events: each maker makes what its check takes, and each check refuses what the fold could not work with."""

from __future__ import annotations

import re
from typing import Any, get_args, get_type_hints

import pytest

from marcelle_rt.runs.document import event_checks, events
from marcelle_rt.runs.document.event_checks import is_beside, is_event, read_event, version_of
from marcelle_rt.runs.document.events import Event
from marcelle_rt.values import SAFE_INTEGER

RUN = {"basename": "digits", "start": "2026-11-24T09:30:00.000Z", "source": "keras", "params": {"lr": 0.1}}


def written() -> dict[str, Event]:
    return {
        "create": events.create(1.5, "a-run", RUN),
        "model": events.model(1.5, {"name": "sequential"}),
        "begin": events.begin(1.5, 3),
        "epoch": events.epoch(1.5, 7, 0, {"loss": 0.5, "steps": 3, "acc": None}),
        "checkpoint": events.checkpoint(
            1.5,
            "final",
            "m.h5",
            "h5",
            converted={"format": "tfjs", "path": "m.tfjs"},
            metadata={"labels": ["a"]},
            key="k",
        ),
        "asset": events.asset(1.5, 2, "assets/f.png", "f.png", "image/png", metadata={"by": "me"}, key="k"),
        "document": events.document(1.5, "run-alerts", "a-run", {"title": "low"}),
        "extra": events.extra(1.5, {"tags": ["a"]}),
        "params": events.params(1.5, {"seed": 3}),
        "drop": events.drop(1.5, iter(["k"])),
        "summary": events.summary(1.5, {"acc": 0.5, "loss": None}),
        "resume": events.resume(1.5, 2, ["k"], ["b"]),
        "end": events.end(1.5, "error", "ValueError: x"),
    }


def unwritten() -> dict[str, Event]:
    return {
        "uploaded": events.uploaded("assets", "k", {"_id": "1"}),
        "removed": events.removed("k"),
        "identity": events.identity("other", "a-run", "digits-2"),
        "alive": events.alive(),
    }


WRITTEN, UNWRITTEN = written(), unwritten()


def test_every_kind_is_in_the_table_has_a_maker_and_is_checked() -> None:
    table = re.findall(r"^\| `(\w+)` \|", events.__doc__ or "", re.MULTILINE)
    typed = [get_args(get_type_hints(kind)["type"])[0] for kind in get_args(events.Written)]
    checked = {*event_checks._FIELDS, "epoch"}
    assert set(table) == set(typed) == set(WRITTEN) == checked


def test_the_makers_make_these_events() -> None:
    made = written()
    document = made["document"]["document"]
    assert {
        "create": {"type": "create", "time": 1.5, "version": 1, "_id": "a-run", "run": RUN},
        "model": {"type": "model", "time": 1.5, "model": {"name": "sequential"}},
        "begin": {"type": "begin", "time": 1.5, "epochs": 3},
        "epoch": {
            "type": "epoch",
            "time": 1.5,
            "epoch": 7,
            "place": 0,
            "logs": {"loss": 0.5, "steps": 3, "acc": None},
        },
        "checkpoint": {
            "type": "checkpoint",
            "time": 1.5,
            "key": "k",
            "epoch": "final",
            "path": "m.h5",
            "format": "h5",
            "metadata": {"labels": ["a"]},
            "converted": {"format": "tfjs", "path": "m.tfjs"},
        },
        "asset": {
            "type": "asset",
            "time": 1.5,
            "key": "k",
            "epoch": 2,
            "path": "assets/f.png",
            "filename": "f.png",
            "mime": "image/png",
            "metadata": {"by": "me"},
        },
        "document": {"type": "document", "time": 1.5, "service": "run-alerts", "document": document},
        "extra": {"type": "extra", "time": 1.5, "fields": {"tags": ["a"]}},
        "params": {"type": "params", "time": 1.5, "params": {"seed": 3}},
        "drop": {"type": "drop", "time": 1.5, "keys": ["k"]},
        "summary": {"type": "summary", "time": 1.5, "logs": {"acc": 0.5, "loss": None}},
        "resume": {"type": "resume", "time": 1.5, "keep": 2, "drop": ["k"], "batches": ["b"]},
        "end": {"type": "end", "time": 1.5, "status": "error", "error": "ValueError: x"},
    } == made
    assert document == {"_id": document["_id"], "runId": "a-run", "title": "low"}
    assert unwritten() == {
        "uploaded": {"type": "uploaded", "list": "assets", "key": "k", "entry": {"_id": "1"}},
        "removed": {"type": "removed", "key": "k"},
        "identity": {"type": "identity", "_id": "other", "origin": "a-run", "name": "digits-2"},
        "alive": {"type": "alive"},
    }


@pytest.mark.parametrize("outcome", events.OUTCOMES)
def test_a_run_that_was_stopped_or_pruned_is_a_success_for_those_who_know_no_outcomes(outcome: str) -> None:
    assert events.end(1.5, outcome, "no gain") == {
        "type": "end",
        "time": 1.5,
        "status": "success",
        "error": None,
        "outcome": outcome,
        "reason": "no gain",
    }
    assert set(events.OUTCOMES) == {"stopped", "pruned"}


def test_files_and_documents_get_identities_of_their_own() -> None:
    files = [events.checkpoint(0, n, "m.h5", "h5") for n in range(2)]
    assets = [events.asset(0, n, "f.png", "f.png", "image/png") for n in range(2)]
    beside = [events.document(0, "run-alerts", "a-run", {})["document"]["_id"] for _ in range(2)]

    keys = [event["key"] for event in (*files, *assets)]
    assert len({*keys, *beside}) == 6
    assert all(re.fullmatch("[0-9a-f]{32}", key) for key in keys)
    assert all(re.fullmatch("[0-9a-f-]{36}", identity) for identity in beside)
    assert "converted" not in files[0]
    assert files[0]["metadata"] == {}
    assert "metadata" not in assets[0]


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_is_made_can_be_folded(kind: str) -> None:
    assert is_event(WRITTEN[kind], places=1)
    assert read_event(WRITTEN[kind], places=1) is WRITTEN[kind]


@pytest.mark.parametrize("kind", UNWRITTEN)
def test_what_only_a_replica_may_say_is_not_taken_from_a_journal(kind: str) -> None:
    assert not is_event(UNWRITTEN[kind], places=1)


@pytest.mark.parametrize("value", [None, 3, "epoch", [], {}, {"type": 3}, {"type": None}, {"kind": "epoch"}])
def test_what_has_no_type_is_no_event(value: Any) -> None:
    assert not is_event(value, places=1)
    assert read_event(value, places=1) is None


def test_unknown_kinds_and_fields_are_let_through() -> None:
    assert is_event({"type": "weather", "sun": True}, places=0)
    assert is_event({**WRITTEN["begin"], "sun": True}, places=0)


NEEDED = {
    "create": ("_id", "run"),
    "model": ("model",),
    "begin": ("epochs",),
    "epoch": ("epoch", "place", "logs"),
    "checkpoint": ("key", "epoch", "path", "format"),
    "asset": ("key", "epoch", "path", "filename", "mime"),
    "document": ("service", "document"),
    "extra": ("fields",),
    "params": ("params",),
    "drop": ("keys",),
    "summary": ("logs",),
    "resume": ("keep",),
    "end": ("status",),
}
OPTIONAL = {
    "create": ("version",),
    "checkpoint": ("converted", "metadata"),
    "asset": ("metadata",),
    "resume": ("drop", "batches"),
    "end": ("error", "outcome", "reason"),
}


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, fields in NEEDED.items() for field in fields])
def test_a_field_that_is_needed_is_missed(kind: str, field: str) -> None:
    assert not is_event({k: v for k, v in WRITTEN[kind].items() if k != field}, places=1)


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, fields in OPTIONAL.items() for field in fields])
def test_a_field_that_is_optional_may_be_missing_but_not_be_anything(kind: str, field: str) -> None:
    assert is_event({k: v for k, v in WRITTEN[kind].items() if k != field}, places=1)
    assert not is_event({**WRITTEN[kind], field: 1.5}, places=1)


WRONG: list[tuple[str, str, Any]] = [
    ("create", "_id", 3),
    ("create", "version", 0),
    ("create", "version", True),
    ("create", "version", SAFE_INTEGER),
    ("create", "run", []),
    ("create", "run", {**RUN, "basename": 3}),
    ("create", "run", {**RUN, "start": None}),
    ("create", "run", {**RUN, "params": []}),
    *[("create", "run", {**RUN, owned: 1}) for owned in ("self", "_id", "rev", "name", "status", "epoch", "epochs")],
    *[("create", "run", {**RUN, owned: []}) for owned in ("logs", "checkpoints", "assets")],
    ("model", "model", []),
    ("begin", "epochs", -1),
    ("begin", "epochs", True),
    ("begin", "epochs", SAFE_INTEGER),
    ("epoch", "epoch", "7"),
    ("epoch", "epoch", SAFE_INTEGER),
    ("epoch", "epoch", -SAFE_INTEGER),
    ("epoch", "epoch", True),
    ("epoch", "place", 1),
    ("epoch", "place", -1),
    ("epoch", "place", False),
    ("epoch", "logs", []),
    ("epoch", "logs", {"loss": "0.5"}),
    ("epoch", "logs", {"loss": True}),
    ("epoch", "logs", {"loss": 0.5, "acc": [1]}),
    ("checkpoint", "key", 1),
    ("checkpoint", "epoch", 1.5),
    ("checkpoint", "epoch", SAFE_INTEGER),
    ("checkpoint", "epoch", -SAFE_INTEGER),
    ("checkpoint", "path", None),
    ("checkpoint", "format", 5),
    ("checkpoint", "converted", {"format": "tfjs"}),
    ("checkpoint", "converted", {"path": "m"}),
    ("checkpoint", "metadata", None),
    ("asset", "filename", 1),
    ("asset", "mime", 1),
    ("document", "service", 1),
    ("document", "document", {"_id": "x"}),
    ("document", "document", {"runId": "x"}),
    ("document", "document", []),
    ("resume", "keep", -1),
    ("resume", "drop", "k"),
    ("resume", "drop", ["k", 1]),
    ("resume", "batches", [None]),
    ("end", "status", None),
    ("end", "error", 3),
    ("end", "outcome", None),
    ("extra", "fields", []),
    *[("extra", "fields", {owned: 1}) for owned in ("writer", "end", "epoch_numbers", "summary", "outcome", "reason")],
    ("params", "params", []),
    ("drop", "keys", "k"),
    ("drop", "keys", [1]),
    ("summary", "logs", []),
    ("summary", "logs", {"acc": "0.5"}),
]


@pytest.mark.parametrize(("kind", "field", "value"), WRONG)
def test_a_field_of_another_kind_is_refused(kind: str, field: str, value: Any) -> None:
    assert not is_event({**WRITTEN[kind], field: value}, places=1)
    assert read_event({**WRITTEN[kind], field: value}, places=1) is None


RIGHT: list[tuple[str, str, Any]] = [
    ("create", "version", 2),
    ("create", "run", {k: v for k, v in RUN.items() if k != "params"}),
    ("begin", "epochs", 0),
    ("begin", "epochs", SAFE_INTEGER - 1),
    ("epoch", "epoch", SAFE_INTEGER - 1),
    ("epoch", "epoch", 1 - SAFE_INTEGER),
    ("epoch", "logs", {}),
    ("checkpoint", "epoch", 3),
    ("checkpoint", "epoch", 1 - SAFE_INTEGER),
    ("resume", "keep", 0),
    ("end", "error", None),
    ("end", "outcome", "pruned"),
    ("end", "reason", None),
    ("end", "reason", "no gain"),
]


@pytest.mark.parametrize(("kind", "field", "value"), RIGHT)
def test_a_value_at_the_edge_is_taken(kind: str, field: str, value: Any) -> None:
    assert is_event({**WRITTEN[kind], field: value}, places=1)


def test_an_epoch_has_no_place_past_the_lines_of_its_journal() -> None:
    event = {**WRITTEN["epoch"], "place": 4}
    assert is_event(event, places=5)
    assert not is_event(event, places=4)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("epoch", "place", 0.0),
        ("epoch", "epoch", 7.0),
        ("begin", "epochs", 3.0),
        ("resume", "keep", 2.0),
        ("create", "version", 1.0),
        ("asset", "epoch", 2.0),
    ],
)
def test_a_whole_number_that_another_tool_wrote_with_a_point_is_that_number(kind: str, field: str, value: Any) -> None:
    read = read_event({**WRITTEN[kind], field: value}, places=1)

    assert read == WRITTEN[kind]
    assert read is not None
    assert type(read[field]) is int
    assert read_event({**WRITTEN[kind], field: value + 0.5}, places=9) is None


def test_a_metric_with_a_point_stays_as_it_is() -> None:
    read = read_event({**WRITTEN["epoch"], "place": 0.0, "logs": {"loss": 1.0}}, places=1)

    assert read is not None
    assert type(read["logs"]["loss"]) is float


def test_a_journal_without_a_version_is_of_the_first() -> None:
    assert version_of({"type": "create"}) == 1
    assert version_of({"type": "create", "version": 7}) == 7


def test_only_the_services_beside_runs_are_written_to() -> None:
    assert [service for service in events.SERVICES if is_beside({"service": service})] == list(events.SERVICES)
    assert set(events.SERVICES) == {"run-batches", "run-system", "run-alerts"}
    assert not is_beside({"service": "users"})
    assert not is_beside({"service": events.HEARTBEATS})
