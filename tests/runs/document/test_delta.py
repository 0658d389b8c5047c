"""The heart of the package, alone: whatever happens to a run, a copy made by patches equals the fold."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from marcelle_rt.runs.document import events, tail
from marcelle_rt.runs.document.delta import Acknowledged, Patch, compare, list_at, next_patch, opening
from marcelle_rt.runs.document.run import Run
from marcelle_rt.values import dumps

METRICS = ("loss", "acc", "val_loss")
LISTS = (*(f"logs.{metric}" for metric in METRICS), "checkpoints", "assets")


class Database:
    """A double of NeDB's and MongoDB's way with `$set`, as measured on the real ones.

    A place inside a list is overwritten; at the end the value is added; past the end it is added after nulls, or
    (NeDB 1.8) without them; a place in a list that is missing makes an object. MongoDB refuses a list together with
    a place in it.
    """

    def __init__(self, document: dict[str, Any], pads: bool = True) -> None:
        self.document = copy.deepcopy(document)
        self.pads = pads

    def patch(self, data: dict[str, Any]) -> None:
        for key in data:
            assert not any(other.startswith(key + ".") for other in data), "a list and a place in it"
        for key, value in data.items():
            *parents, last = key.split(".")
            target: Any = self.document
            for parent in parents:
                target = target.setdefault(parent, {}) if isinstance(target, dict) else target[int(parent)]
            if isinstance(target, list):
                if self.pads:
                    target.extend([None] * (int(last) - len(target)))
                if int(last) < len(target):
                    target[int(last)] = value
                else:
                    target.append(value)
            else:
                target[last] = copy.deepcopy(value)

    def lose(self, path: str, count: int) -> None:
        """Loses the end of a list, as a database does that was restored."""
        values = list_at(self.document, path) or []
        del values[max(0, len(values) - count) :]


def expected(run: Run) -> dict[str, Any]:
    return {
        "_id": run.id,
        **run.fields,
        "logs": run.logs(),
        "checkpoints": run.lists["checkpoints"],
        "assets": run.lists["assets"],
    }


CREATE = {
    "type": "create",
    "_id": "an-id",
    "run": {"basename": "b", "start": "s", "source": "keras", "params": {}},
}

values = st.one_of(st.none(), st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False))
losses = st.tuples(st.just("lose"), st.sampled_from(LISTS), st.integers(1, 6))
action = st.one_of(
    st.tuples(st.just("epoch"), st.fixed_dictionaries({"loss": st.integers(0, 1000)})),
    st.tuples(st.just("epoch"), st.dictionaries(st.sampled_from(METRICS), values, max_size=3)),
    st.tuples(st.just("again"), st.integers(0, 20), st.dictionaries(st.sampled_from(METRICS), values, max_size=3)),
    st.tuples(st.just("uploaded"), st.sampled_from(["checkpoints", "assets"]), st.integers(0, 3)),
    st.tuples(st.just("resume"), st.integers(1, 3)),
    st.tuples(st.just("begin"), st.integers(0, 30)),
    st.tuples(st.just("end"), st.sampled_from([None, "because"])),
    st.tuples(
        st.just("send"), st.sampled_from(["at once", "at once", "answered", "answer lost", "lost", "read again"])
    ),
    st.tuples(st.just("late"), st.sampled_from(["answered"])),
    st.tuples(st.just("forget")),
    losses,
)
unanswered = st.tuples(losses, action, st.just(("send", "answer lost")))
actions = st.lists(st.one_of(action.map(lambda one: (one,)), unanswered), min_size=12, max_size=40).map(
    lambda parts: [one for part in parts for one in part]
)


def event_of(action: tuple[Any, ...], run: Run) -> dict[str, Any] | None:
    kind = action[0]
    if kind == "epoch":
        n = len(run.epochs)
        return {"type": "epoch", "epoch": n, "place": n, "logs": action[1]}
    if kind == "again" and run.epochs:
        place = action[1] % len(run.epochs)
        return {"type": "epoch", "epoch": run.epochs[place], "place": place, "logs": action[2]}
    if kind == "uploaded":
        key = f"{action[1]}-{action[2]}"
        return {"type": "uploaded", "list": action[1], "key": key, "entry": {"id": key, "at": run.version}}
    if kind == "resume":
        keep = max(0, len(run.epochs) - action[1])
        return {"type": "resume", "keep": keep, "drop": run.files_from(keep, keep)}
    if kind == "begin":
        return {"type": "begin", "epochs": action[1]}
    if kind == "end":
        return {"type": "end", "status": "error" if action[1] else "success", "error": action[1]}
    return None


@settings(max_examples=400)
@given(actions, st.integers(420, 1200), st.booleans())
@example(
    [("epoch", {"loss": 1}), ("send", "answered"), ("late", "answered"), ("resume", 0), ("epoch", {"loss": 2})],
    1000,
    True,
)
@example(
    [("epoch", {"loss": 1}), ("epoch", {}), ("send", "at once"), ("epoch", {"loss": 2}), ("lose", "logs.loss", 2)],
    1000,
    True,
)
@example(
    [
        ("epoch", {"loss": 0}),
        ("uploaded", "checkpoints", 0),
        ("send", "answer lost"),
        ("resume", 1),
        ("send", "at once"),
    ],
    420,
    False,
)
@example(
    [("epoch", {"loss": 1}), ("send", "at once"), ("resume", 1), ("send", "read again"), ("epoch", {"loss": 2})],
    1000,
    True,
)
@example(
    [
        *(("epoch", {"loss": n}) for n in range(4)),
        ("send", "at once"),
        ("lose", "logs.loss", 1),
        *(("epoch", {"loss": n}) for n in (4, 5)),
        ("send", "answer lost"),
    ],
    1000,
    False,
)
def test_a_replica_by_deltas_equals_the_fold(script: list[tuple[Any, ...]], limit: int, pads: bool) -> None:
    run = Run([CREATE])
    known = Acknowledged()
    first = opening(run, 10_000)
    database = Database(first.data, pads)
    known.accept(first)
    in_flight = None
    journal: list[dict[str, Any]] = [CREATE]

    def whole() -> Run:
        tail.recall(run, Run(journal))
        return run

    def answered(patch: Patch, document: dict[str, Any]) -> None:
        nonlocal known
        if not known.took(patch, document, whole):
            known = compare(whole(), database.document)

    for action in [*script, ("epoch", {"loss": 1.0})]:  # what was lost shows in the answer to the next patch
        event = event_of(action, Run(journal) if action[0] == "again" else run)
        if event is not None:
            if event["type"] == "resume":
                whole()
            if event["type"] == "uploaded" and event["key"] not in run.files:
                journal.append({"type": event["list"][:-1], "key": event["key"], "epoch": len(run.epochs) - 1})
                run.apply(journal[-1])
            journal.append(event)
            known.touch(run.apply(event), run.version)
        elif action[0] == "lose":
            database.lose(*action[1:])
        elif action[0] == "forget" and in_flight is None:  # the thread that sends waits for its answer first
            tail.forget(run, known.lengths, known.stale)
        elif action == ("send", "read again") and in_flight is None:
            known = compare(whole(), database.document)
        elif action[0] == "send" and in_flight is None and (patch := next_patch(run, known, limit)) is not None:
            if action[1] != "lost":
                database.patch(copy.deepcopy(patch.data))
            if action[1] == "answered":
                in_flight = patch, copy.deepcopy(database.document)
            elif action[1] == "at once":
                answered(patch, database.document)
            else:
                known.doubt()
        elif action[0] == "late" and in_flight is not None:
            answered(*in_flight)
            in_flight = None
    if in_flight is not None:
        answered(*in_flight)
    for _ in range(500):
        patch = next_patch(run, known, limit)
        if patch is None:
            break
        database.patch(copy.deepcopy(patch.data))
        answered(patch, database.document)
    tail.recall(run, Run(journal))
    assert (run.logs(), run.epochs) == (Run(journal).logs(), Run(journal).epochs)
    assert database.document == expected(run)
    assert not {k for k in known.stale if k[1] < known.lengths.get(k[0], 0)}


def test_a_copy_is_created_with_every_list_of_a_run() -> None:
    run = Run([CREATE])
    run.apply({"type": "epoch", "epoch": 0, "place": 0, "logs": {"loss": 1.0}})
    run.lists["a-later-one"] = ["x"]
    patch = opening(run, 10_000)
    assert set(patch.lengths) == set(run.lists)
    assert {path: len(list_at(patch.data, path) or []) for path in run.lists} == patch.lengths
    assert patch.is_last


@settings(max_examples=100)
@given(st.integers(0, 120), st.integers(500, 3000))
def test_a_long_run_is_created_in_pieces_under_the_limit(epochs: int, limit: int) -> None:
    from marcelle_rt.values import dumps

    run = Run([CREATE, {"type": "begin", "epochs": epochs}])
    for i in range(epochs):
        run.apply({"type": "epoch", "epoch": i, "place": i, "logs": {"loss": 1 / (i + 3), "acc": i / 7}})
    run.apply({"type": "end", "status": "success", "error": None})
    known = Acknowledged()
    patch = opening(run, limit)
    assert len(dumps(patch.data)) <= limit
    database = Database(patch.data)
    known.accept(patch)
    while (patch := next_patch(run, known, limit)) is not None:
        assert len(dumps(patch.data)) <= limit
        assert database.document["status"] != "success"
        database.patch(patch.data)
        known.accept(patch)
    assert database.document == expected(run)


def test_a_late_metric_starts_with_nulls_and_a_missing_one_ends_with_them() -> None:
    run = Run([CREATE])
    run.apply({"type": "epoch", "epoch": 0, "place": 0, "logs": {"loss": 1.0}})
    run.apply({"type": "epoch", "epoch": 1, "place": 1, "logs": {"acc": 0.5}})
    run.apply({"type": "epoch", "epoch": 2, "place": 2, "logs": {}})
    assert run.logs() == {"loss": [1.0, None, None], "acc": [None, 0.5, None]}


def test_an_epoch_saved_again_while_its_value_is_in_flight_stays_open() -> None:
    run = Run([CREATE])
    known = Acknowledged()
    known.accept(opening(run, 10_000))
    run.apply({"type": "epoch", "epoch": 0, "place": 0, "logs": {"loss": 1.0}})
    in_flight = next_patch(run, known, 10_000)
    assert in_flight is not None
    known.touch(run.apply({"type": "epoch", "epoch": 0, "place": 0, "logs": {"loss": 2.0}}), run.version)
    known.accept(in_flight)
    rest = next_patch(run, known, 10_000)
    assert rest is not None
    assert rest.data == {"logs.loss.0": 2.0}


def test_one_more_epoch_costs_the_same_bytes_at_any_length() -> None:
    from marcelle_rt.values import dumps

    sizes = []
    for length in (10, 50_000):
        run = Run([CREATE])
        for i in range(length):
            run.apply({"type": "epoch", "epoch": i, "place": i, "logs": {"loss": 0.12345678, "acc": 0.5}})
        known = compare(run, {**expected(run), "logs": {k: list(v) for k, v in run.logs().items()}})
        assert next_patch(run, known, 900_000) is None
        run.apply({"type": "epoch", "epoch": length, "place": length, "logs": {"loss": 0.12345678, "acc": 0.5}})
        patch = next_patch(run, known, 900_000)
        assert patch is not None
        sizes.append(len(dumps(patch.data)))
    assert sizes[1] - sizes[0] <= 3 * 5  # three more digits than 10 has, in two places and the epoch


def test_a_copy_of_more_metrics_than_fit_begins_with_some_and_gets_the_others_later() -> None:
    run = Run([events.create(0, "an-id", {"basename": "b", "start": "s"})])
    for place in range(3):
        run.apply(events.epoch(0, place, place, {f"layer/{n}/é": n + place / 7 for n in range(200)}))
    run.apply(events.end(0, "success", None))
    patch = opening(run, 1_500)
    assert len(dumps(patch.data)) <= 1_300
    assert patch.data["status"] == "start"
    assert not patch.is_last
    known, copy = Acknowledged(), dict(patch.data["logs"])
    known.accept(patch)
    while not patch.is_last:
        following = next_patch(run, known, 1_500)
        assert following is not None
        patch = following
        assert len(dumps(patch.data)) <= 1_300
        for path, value in patch.data.items():
            _, metric, *place = path.split(".") if "." in path else ("", "")
            if place:
                copy[metric][int(place[0]) :] = [value]
            elif metric:
                copy[metric] = list(value)
        known.accept(patch)
    assert copy == run.logs()
    assert patch.data["status"] == "success"
