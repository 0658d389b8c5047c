"""Run folders that hold anything at all: torn, edited by hand, or made by somebody who means no good."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marcelle_rt.errors import RunFolderError
from marcelle_rt.runs.document.delta import compare, next_patch, opening
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder import journal, reading

CREATE = {
    "type": "create",
    "time": 1.0,
    "_id": "a-run",
    "run": {"basename": "b", "start": "2026-11-24T09:30:00.000Z", "source": "keras", "params": {"lr": 0.1}},
}
VALID: list[dict[str, Any]] = [
    CREATE,
    {"type": "begin", "time": 2.0, "epochs": 3},
    {"type": "epoch", "time": 3.0, "epoch": 0, "place": 0, "logs": {"loss": 0.5}},
    {"type": "checkpoint", "time": 3.5, "key": "k", "epoch": 0, "path": "m.h5", "format": "h5", "metadata": {}},
    {"type": "asset", "time": 3.6, "key": "a", "epoch": 0, "path": "assets/f.png", "filename": "f", "mime": "m"},
    {"type": "epoch", "time": 4.0, "epoch": 1, "place": 1, "logs": {"loss": 0.4, "acc": None}},
    {"type": "resume", "time": 5.0, "keep": 1, "drop": ["k"]},
    {"type": "model", "time": 5.5, "model": {"name": "m"}},
    {"type": "epoch", "time": 6.0, "epoch": 1, "place": 1, "logs": {"loss": 0.3}},
    {"type": "end", "time": 7.0, "status": "success", "error": None},
]
TYPES = ["create", "model", "begin", "epoch", "checkpoint", "asset", "resume", "end", "document"]
UNWRITTEN = ["uploaded", "removed", "identity", "alive"]

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
wrong_events = st.sampled_from(VALID).flatmap(
    lambda event: st.dictionaries(st.sampled_from([*event, "drop", "converted", "self"]), anything, max_size=3).map(
        lambda changes: {**event, **changes}
    )
)
known_types = st.dictionaries(st.text(max_size=8), anything, max_size=4).flatmap(
    lambda fields: st.sampled_from(TYPES + UNWRITTEN).map(lambda kind: {**fields, "type": kind})
)
lines = (wrong_events | known_types | anything | st.sampled_from(VALID)).map(
    lambda value: orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
)


def fold(content: bytes) -> tuple[Run, int] | None:
    """What a journal of that content gives, or `None` where it is refused as it should be."""
    with tempfile.TemporaryDirectory() as base:
        (Path(base) / journal.JOURNAL).write_bytes(content)
        try:
            return reading.read(Path(base))
        except RunFolderError:
            return None


def can_be_sent(run: Run) -> None:
    """Makes the messages of a whole copy."""
    run.document()
    run.waiting()
    run.files_from(1, 1)
    patch = opening(run, 2000)
    known = compare(run, {**patch.data, "checkpoints": [], "assets": []})
    for _ in range(50):
        if (patch_ := next_patch(run, known, 2000)) is None:
            break
        known.accept(patch_)


@given(content=st.binary(max_size=300))
@settings(max_examples=80)
def test_any_bytes_are_a_run_or_refused(content: bytes) -> None:
    fold(content)
    assert fold(orjson.dumps(CREATE) + b"\n" + content) is not None


@given(content=st.lists(lines, max_size=12))
@settings(max_examples=100)
def test_events_of_other_shapes_are_skipped_and_the_rest_is_folded(content: list[bytes]) -> None:
    read = fold(b"\n".join([orjson.dumps(CREATE), *content]))
    assert read is not None
    run, torn = read
    assert torn <= len(content)
    assert run.id
    assert isinstance(run.fields["basename"], str)
    can_be_sent(run)


@given(cut=st.integers(0, 10**6), dropped=st.sets(st.integers(1, len(VALID) - 1)))
@settings(max_examples=80)
def test_a_journal_that_lost_lines_and_its_end_is_folded(cut: int, dropped: set[int]) -> None:
    whole = b"\n".join(orjson.dumps(event) for i, event in enumerate(VALID) if i not in dropped)
    read = fold(whole[: len(orjson.dumps(CREATE)) + cut % len(whole)])
    assert read is not None
    can_be_sent(read[0])


@pytest.mark.parametrize("kind", UNWRITTEN)
def test_a_journal_can_t_say_what_a_backend_has_or_take_another_identity(kind: str) -> None:
    event = {"type": kind, "_id": "another", "origin": "x", "name": "y", "key": "k", "list": "assets", "entry": {}}
    read = fold(b"\n".join(orjson.dumps(e) for e in (CREATE, event)))
    assert read is not None
    run, torn = read
    assert (run.id, torn) == ("a-run", 1)


def test_an_epoch_can_t_ask_for_more_places_than_the_journal_has_lines() -> None:
    event = {"type": "epoch", "epoch": 0, "place": 10**12, "logs": {"loss": 1}}
    read = fold(b"\n".join(orjson.dumps(e) for e in (CREATE, event)))
    assert read is not None
    assert (read[0].epochs, read[1]) == ([], 1)


documents = st.fixed_dictionaries(
    {"basename": st.text() | anything, "start": st.text() | anything},
    optional={
        "params": anything,
        "logs": anything,
        "checkpoints": st.lists(st.fixed_dictionaries({"metadata": anything}), max_size=2) | anything,
        "assets": st.lists(
            st.fixed_dictionaries({"local_path": anything, "epoch": anything, "filename": anything}), max_size=2
        )
        | anything,
        "status": anything,
        "epoch": anything,
    },
).map(orjson.dumps)


@given(content=documents | st.binary(max_size=100) | st.just(b"[" * 100_000))
@settings(max_examples=100)
def test_any_document_of_2021_is_a_run_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as base:
        (Path(base) / journal.DOCUMENT).write_bytes(content)
        try:
            run, _ = reading.read(Path(base))
        except RunFolderError:
            return
        can_be_sent(run)
