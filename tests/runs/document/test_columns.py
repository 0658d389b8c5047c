"""The compact fold of a run's metrics gives what the run itself would give."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marcelle_rt.runs.document import columns
from marcelle_rt.runs.document.columns import Columns, document
from marcelle_rt.runs.document.run import Run
from tests.support.runs import new_run

_value = st.none() | st.integers(-(2**53), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.just(3)
_logs = st.dictionaries(st.sampled_from(["loss", "acc", 'a"ü/']), _value, max_size=3)
_events = st.lists(
    st.tuples(st.just("epoch"), st.integers(0, 12), _logs)
    | st.tuples(st.just("next"), st.just(0), _logs)
    | st.tuples(st.just("resume"), st.integers(0, 12), st.just({})),
    max_size=30,
)


def folded(changes: list[tuple[str, int, dict[str, Any]]]) -> tuple[Run, Columns]:
    """The same events in a run and in columns; `next` is an epoch at the end, as nearly all are."""
    run, compact = new_run(0), Columns()
    for kind, place, logs in changes:
        event: dict[str, Any] = {"type": "resume", "keep": place}
        if kind != "resume":
            place = len(run.epochs) if kind == "next" else place
            event = {"type": "epoch", "epoch": place, "place": place, "logs": logs}
        run.apply(event)
        compact.apply(event)
    return run, compact


@pytest.fixture(autouse=True)
def _short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "_PART", 4)


@given(_events)
def test_columns_hold_what_a_run_holds(changes: list[tuple[str, int, dict[str, Any]]]) -> None:
    run, compact = folded(changes)
    assert len(compact) == len(run.epochs)
    written = b"".join(compact.pieces())
    assert written == orjson.dumps(run.logs())


def test_a_document_in_pieces_is_the_runs_own() -> None:
    run, compact = folded([("next", 0, {"loss": n / 7, "n": n, "rare": None if n % 3 else 0.5}) for n in range(30)])
    assert b"".join(document(run, compact)) == orjson.dumps(run.document())


def test_numbers_take_eight_bytes_each() -> None:
    _, compact = folded([("next", 0, {"loss": n / 7, "n": n}) for n in range(40)])
    kinds = {metric: {getattr(part, "typecode", "list") for part in parts} for metric, parts in compact._parts.items()}
    assert kinds == {"loss": {"d"}, "n": {"q"}}


def test_a_journal_that_has_less_than_the_run_had_writes_no_document() -> None:
    run, _ = folded([("next", 0, {"loss": 1.0})] * 3)
    _, less = folded([("next", 0, {"loss": 1.0})] * 2)
    with pytest.raises(LookupError, match="2 of 3 epochs"):
        document(run, less)


def test_they_are_made_of_events_and_nulls_take_no_more_than_numbers() -> None:
    events = [{"type": "epoch", "epoch": n, "place": n, "logs": {"loss": None if n % 2 else 0.5}} for n in range(9)]
    compact = Columns(events)
    assert b"".join(compact.pieces()) == b'{"loss":[0.5,null,0.5,null,0.5,null,0.5,null,0.5]}'
    assert [getattr(part, "typecode", "list") for part in compact._parts["loss"]] == ["d", "d"]
