"""What is told of a run's copy, its files and its signs of life."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.errors import (
    BackendUnreachable,
    GeneralError,
)
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.events import HEARTBEATS, Event
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.document.shorten import sentence
from marcelle_rt.runs.folder.journal import Journal
from marcelle_rt.runs.sync import file_queue
from marcelle_rt.runs.sync.backend_copy import BackendCopy
from marcelle_rt.runs.sync.past import Past
from marcelle_rt.runs.sync.sentences import command, replaced
from marcelle_rt.runs.sync.status import Delivery
from tests.runs.sync.backend_copy.copied import START, Copied, document, numbers
from tests.runs.sync.memory_feed import Said
from tests.runs.sync.memory_link import MemoryLink
from tests.support.runs import epoch


def test_fields_that_are_too_large_are_named(tmp_path: Path) -> None:
    made = Copied(tmp_path, MemoryLink(limit=2_000), params={"b": "x" * 5_000, "a": "y" * 5_000, "c": 1})

    made.level()

    paths = {"params.a", "params.b"}
    assert made.copy.replica.shortened == paths
    assert made.said()[0] == ("shortened", f"{sentence(paths, 'memory')} Its folder has all of it.")
    assert made.copy.lacks() == "too large for a message: params.a, params.b"


def test_a_folder_that_was_copied_and_gone_on_with_in_both_places_is_noticed(tmp_path: Path) -> None:
    link = MemoryLink()
    one = Copied(tmp_path / "one", link)
    one.record(epoch(0, loss=1.0))
    one.level()
    params = {"basename": "b", "start": START, "source": "keras", "params": {}}
    other = Copied(tmp_path / "other", link, [events.create(0, "r", params), epoch(0, loss=2.0)])
    other.level()
    assert set(other.said()) == {("replaced", replaced("memory"))}
    assert link.run()["logs"] == {"loss": [2.0]}

    one.record(epoch(1, loss=1.5), document(1))
    one.clock.now += 1
    one.level()

    assert one.copy.replica.delivery is Delivery.CLOSED
    why = "another program writes other values to its copy at memory, from another folder; was the run's folder copied?"
    assert one.copy.problem == why
    to_replace = f"To put this one in its place: {command(one.journal, link)} --overwrite"
    assert one.said() == [("closed", f"Nothing more of the run is sent: {why} {one.kept}. {to_replace}")]
    assert one.copy.lacks() == why
    assert link.run()["logs"] == {"loss": [2.0]}
    assert numbers(link) == []


def test_a_run_that_somebody_removed_stays_removed_and_takes_its_files_and_heartbeat_along(made: Copied) -> None:
    made.exchange()
    made.record(events.asset(0, 0, "f.png", "f.png", "image/png", key="k"))
    assert [event["key"] for event in made.copy.files_waiting()] == ["k"]
    assert made.copy.missing == 2
    made.copy.beat(is_waited_for=False)
    assert list(made.link.services[HEARTBEATS]) == ["r"]

    made.link.listening["runs removed"]({"_id": "r"})
    made.clock.now += 1
    assert made.exchange() is None

    assert made.said() == [("gone", f"The run was removed from memory, so it stays removed there. {made.kept}.")]
    assert (made.copy.problem, made.copy.known_as) == ("it was removed from memory", ("b-1", True))
    assert (made.copy.files_waiting(), made.copy.missing) == ([], 0)
    made.record(document(1))
    assert made.copy.is_level
    assert made.exchange() is None
    assert made.copy.beat(is_waited_for=False) is None
    assert made.link.services[HEARTBEATS] == {}


def test_a_store_that_its_owner_closed_ends_the_run_there_and_a_line_that_broke_does_not(made: Copied) -> None:
    made.exchange()
    made.clock.now += 1
    made.record(epoch(0))
    gone = BackendUnreachable("memory", "closed")
    made.link.faults["patch runs"] = [gone, gone]
    with pytest.raises(BackendUnreachable):
        made.exchange()
    assert made.said() == []
    made.link.status = "closed"
    assert made.exchange() is None
    assert made.copy.problem == made.copy.lacks() == "its Remote was closed before the run ended"
    told = f"The Remote of this run was closed before the run ended, so nothing more is sent. {made.kept}."
    assert made.said() == [("closed", told)]
    assert made.copy.is_level


def test_a_file_that_arrived_is_told_of_and_one_that_is_refused_is_counted(
    made: Copied, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = events.asset(0, 0, "f.png", "f.png", "image/png", key="k")
    uploaded = events.uploaded("assets", "k", {"_id": "there"})
    given: list[Any] = []

    def upload(uploads: Any, directory: Any, event: Any, run_id: str, name: str, convert: Any) -> Event:
        given.append((uploads.link, directory, event, run_id, name))
        return uploaded

    monkeypatch.setattr(file_queue, "upload", upload)
    made.record(epoch(0), asset)
    made.level()
    assert made.copy.files.take() == [asset]
    made.copy.files.send(asset, "r", "b-1")
    assert given == [(made.link, made.folder, asset, "r", "b-1")]
    assert made.reported == [uploaded]
    assert made.copy.lacks() is None
    made.copy.apply(uploaded)
    assert made.copy.files_waiting() == []

    made.run.forget_uploads()  # as where the backend lost it
    assert made.copy.files.take() == [asset]
    monkeypatch.setattr(file_queue, "upload", lambda *given: 1 / 0)
    made.copy.files.send(asset, "r", "b-1")
    assert made.copy.files.next_time() is None
    (key, _), *_ = made.said()
    assert key == ("file", "k")
    made.level()
    assert made.copy.lacks() == "1 of its files could not be uploaded"


def test_a_file_that_may_arrive_later_is_tried_again_on_the_runs_clock(
    made: Copied, monkeypatch: pytest.MonkeyPatch
) -> None:
    def upload(*given: Any) -> Event:
        raise GeneralError("a fault")

    monkeypatch.setattr(file_queue, "upload", upload)
    asset = events.asset(0, 0, "f.png", "f.png", "image/png", key="k")
    made.record(asset)
    made.level()
    made.copy.files.send(*made.copy.files.take(), "r", "b-1")
    assert made.copy.files.next_time() == made.clock.now + 1
    assert made.copy.files.take() == []
    made.clock.now += 1
    assert made.copy.files.take() == [asset]


def test_a_sign_of_life_waits_for_those_who_wait_and_ends_with_the_run(made: Copied) -> None:
    assert made.copy.beat(is_waited_for=False) is None  # not before the run is there
    assert not made.copy.is_sure_of_removal
    made.exchange()
    assert made.copy.beat(is_waited_for=True) is None
    assert made.link.services.get(HEARTBEATS, {}) == {}
    assert made.copy.beat(is_waited_for=False) == made.clock.now + 30
    assert made.copy.is_sure_of_removal
    made.calls()
    made.clock.now += 29
    assert made.copy.beat(is_waited_for=False) == made.clock.now + 1
    assert made.calls() == []
    made.clock.now += 1
    assert made.copy.beat(is_waited_for=False) == made.clock.now + 30
    assert made.calls() == [("patch", HEARTBEATS)]
    made.link.services["runs"].clear()
    made.link.services[HEARTBEATS].clear()
    made.record(epoch(0))
    made.level()
    made.calls()
    assert made.copy.beat(is_waited_for=False) == made.clock.now + 30  # a new copy shows at once that it lives
    assert ("create", HEARTBEATS) in made.calls()
    made.clock.now += 1
    assert made.copy.beat(is_waited_for=False) == made.clock.now + 29
    assert made.calls() == []
    made.record(events.end(0, "success", None))
    assert made.copy.beat(is_waited_for=True) is None
    assert list(made.link.services[HEARTBEATS]) == ["r"]
    assert made.copy.beat(is_waited_for=False) is None
    assert made.link.services[HEARTBEATS] == {}
    assert made.copy.is_sure_of_removal


def test_a_backend_that_is_away_and_a_fault_of_ours_are_told(made: Copied) -> None:
    made.copy.away(BackendUnreachable("memory", "refused"))
    (said,) = made.said()
    assert said == (
        "away",
        f"{BackendUnreachable('memory', 'refused')}. {made.kept}, and sent when the backend is back.".replace(
            "..", "."
        ),
    )
    assert made.copy.problem == "refused"
    made.copy.away(GeneralError("a fault"))
    assert made.copy.problem == "GeneralError: a fault"

    made.exchange()
    made.record(epoch(0), document(1))
    made.copy.fault("ours")
    assert made.copy.problem == "ours"
    assert made.exchange() == 10.0
    made.clock.now += 10
    made.level()
    assert (made.link.run()["logs"], numbers(made.link)) == ({"loss": [0.0]}, [1])


@pytest.mark.parametrize("owns_link", [True, False])
def test_a_link_is_closed_by_who_owns_it_and_nobody_listens_any_more(tmp_path: Path, owns_link: bool) -> None:
    link = MemoryLink()
    run = Run()
    copy = BackendCopy(run, Past(run, Journal(tmp_path), 0), link, Said(), list.append, owns_link=owns_link)  # type: ignore[arg-type]
    copy.apply(events.create(0, "r", {"basename": "b", "start": START, "source": "keras", "params": {}}))
    copy.exchange(hurried=True)
    assert list(link.listening) == ["runs removed"]

    copy.release()

    assert link.is_closed is owns_link
    assert link.listening == {}
