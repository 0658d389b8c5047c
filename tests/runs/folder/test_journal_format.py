"""A journal says the same however its JSON is written, and says so when a later version wrote it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marcelle_rt import Writer
from marcelle_rt.errors import RunFolderError
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.event_checks import is_beside
from marcelle_rt.runs.document.events import Event
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.folder import journal, reading

RUN = {"basename": "b", "start": "2026-11-24T09:30:00.000Z", "source": "keras", "params": {"document": "resume"}}
HISTORY: list[Event] = [
    events.create(1.0, "a-run", RUN),
    events.begin(2.0, 3),
    events.document(2.5, events.BATCHES, "a-run", {"steps": [0], "times": [2.5], "logs": {"loss": [1.0]}}),
    events.epoch(3.0, 0, 0, {"loss": 0.5, "accuracy": 1.0}),
    events.checkpoint(3.5, 0, "m.h5", "h5", key="k"),
    events.asset(3.6, 0, "assets/f.png", "f.png", "image/png", key="a"),
    events.document(3.7, events.ALERTS, "a-run", {"title": 'a "document" \\ in é', "epoch": 0}),
    events.document(3.8, "users", "a-run", {"email": "a@b.c"}),
    events.epoch(4.0, 1, 1, {"loss": 1e-30}),
    events.resume(5.0, 1, ["k"], ["gone-1", "gone-2"]),
    events.epoch(6.0, 1, 1, {"loss": 0.25}),
    events.end(7.0, "success", None),
]


def told(directory: Path) -> dict[str, Any]:
    """All that a journal tells: the run, what lies beside it, and what a resumed run took back."""
    run, torn = reading.read(directory)
    return {
        "document": run.document(),
        "files": run.files,
        "dropped": run.dropped,
        "torn": torn,
        "beside": [e["document"] for e in journal.replay(directory, ["document"]) if is_beside(e)],
        "taken back": [e["batches"] for e in journal.replay(directory, ["resume"])],
    }


def write(directory: Path, lines: list[str]) -> None:
    (directory / journal.JOURNAL).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory = tmp_path_factory.mktemp("as-written")
    book = journal.Journal(directory)
    for event in HISTORY:
        book.append(event)
    book.close()
    return told(directory)


def test_a_journal_as_it_is_written_tells_all(expected: dict[str, Any]) -> None:
    assert expected["torn"] == 0
    assert expected["document"]["logs"] == {"loss": [0.5, 0.25], "accuracy": [1.0, None]}
    assert [document.get("title") for document in expected["beside"]] == [None, 'a "document" \\ in é']
    assert expected["taken back"] == [["gone-1", "gone-2"]]


def shuffled(value: Any, draw: st.DataObject) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key], draw) for key in draw.draw(st.permutations(list(value)))}
    return value


FOREIGN = ['{"type": "weather", "document": 1}', '{"type":"another","text":"\\"type\\":\\"document\\""}', "", "   "]


@given(data=st.data())
@settings(max_examples=40)
def test_the_order_of_keys_spaces_escapes_and_unknown_kinds_mean_nothing(
    expected: dict[str, Any], data: st.DataObject
) -> None:
    lines: list[str] = []
    for event in HISTORY:
        lines += data.draw(st.lists(st.sampled_from(FOREIGN), max_size=2))
        mark = data.draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " :  ")]))
        text = json.dumps(shuffled(dict(event), data), separators=mark, ensure_ascii=data.draw(st.booleans()))
        lines.append(data.draw(st.sampled_from(["", " ", "\t"])) + text + data.draw(st.sampled_from(["", " ", "\r"])))
    with tempfile.TemporaryDirectory() as base:
        write(Path(base), lines)
        assert told(Path(base)) == expected


def test_a_kind_whose_name_is_escaped_is_found(tmp_path: Path, expected: dict[str, Any]) -> None:
    lines = [json.dumps(event) for event in HISTORY]
    for plain, escaped in {'"type": "d': '"type": "\\u0064', '"re': '"\\u0072e'}.items():
        lines = [line.replace(plain, escaped) for line in lines]
    assert any("\\u0064ocument" in line for line in lines)
    write(tmp_path, lines)
    assert told(tmp_path) == expected


def test_numbers_may_be_written_in_any_way_of_json(tmp_path: Path, expected: dict[str, Any]) -> None:
    other = {'"place": 1': '"place": 1.0', '"epochs": 3': '"epochs": 3e0', "0.25": "25e-2", '"keep": 1': '"keep": 1.0'}
    lines = [json.dumps(event) for event in HISTORY]
    for old, new in other.items():
        assert any(old in line for line in lines)
        lines = [line.replace(old, new) for line in lines]
    write(tmp_path, lines)
    assert told(tmp_path) == expected


def test_a_mark_of_an_editor_at_the_beginning_is_skipped(tmp_path: Path, expected: dict[str, Any]) -> None:
    write(tmp_path, ["\ufeff" + json.dumps(HISTORY[0]), *[json.dumps(event) for event in HISTORY[1:]]])
    assert told(tmp_path) == expected


def test_only_the_kinds_that_are_asked_for_come(tmp_path: Path) -> None:
    write(tmp_path, [json.dumps(event) for event in HISTORY])
    kinds = [event["type"] for event in journal.replay(tmp_path, ["resume", "end"])]
    assert kinds == ["resume", "end"]
    assert [event["type"] for event in journal.replay(tmp_path)] == [event["type"] for event in HISTORY]


def test_a_journal_of_a_later_version_is_refused_with_the_way_out(tmp_path: Path) -> None:
    write(tmp_path, [json.dumps({**HISTORY[0], "version": 2}), json.dumps(HISTORY[3])])
    for read in (reading.read, journal.read, journal.reopen, Writer.resume):
        with pytest.raises(RunFolderError, match=r"later version .*format is 2.*pip install -U marcelle-rt"):
            read(tmp_path)
    assert not journal.is_being_written(tmp_path)


def test_a_journal_from_before_versions_is_read(tmp_path: Path, expected: dict[str, Any]) -> None:
    first = {name: value for name, value in HISTORY[0].items() if name != "version"}
    write(tmp_path, [json.dumps(first), *[json.dumps(event) for event in HISTORY[1:]]])
    assert told(tmp_path) == expected


def test_what_a_writer_writes_is_read_back_as_it_was(tmp_path: Path) -> None:
    with Writer("whole", remote=False, base_log_dir=tmp_path) as writer:
        writer.create_run(run_params={"lr": 0.1})
        writer.train_begin(2)
        writer.save_batch(0, {"loss": 2.0})
        writer.save_epoch(0, {"loss": 1.0})
        writer.alert("low")
        writer.save_epoch(1, {"loss": 0.5})
        assert writer.run_directory is not None
        directory = writer.run_directory
    history, torn = journal.read(directory)
    (first, *_) = history
    assert torn == 0
    assert first["version"] == events.VERSION
    assert Run(history).document() == json.loads((directory / journal.DOCUMENT).read_bytes())
    assert {event["service"] for event in journal.replay(directory, ["document"])} == {events.BATCHES, events.ALERTS}


def test_a_journal_that_an_editor_saved_with_its_mark_in_front_tells_the_same(
    tmp_path: Path, expected: dict[str, Any]
) -> None:
    write(tmp_path, ["\ufeff" + json.dumps(HISTORY[0]), *map(json.dumps, HISTORY[1:])])
    assert told(tmp_path) == expected
