"""What one backend has of a run: what is sent when, what is said of it, and when it is given up."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt.config import Login
from marcelle_rt.errors import (
    BackendUnreachable,
    BadRequest,
    FeathersError,
    GeneralError,
    NotAuthenticated,
    TooManyRequests,
)
from marcelle_rt.runs.document import events
from marcelle_rt.runs.document.events import ALERTS, BATCHES, HEARTBEATS, Event
from marcelle_rt.runs.document.run import Run
from marcelle_rt.runs.document.shorten import sentence
from marcelle_rt.runs.folder.journal import Journal, place_of
from marcelle_rt.runs.sync import file_queue
from marcelle_rt.runs.sync.backend_copy import BackendCopy
from marcelle_rt.runs.sync.past import Past
from marcelle_rt.runs.sync.replica import Delivery
from marcelle_rt.runs.sync.sentences import command, replaced, sign_in, whole
from tests.runs.sync.memory_feed import Said
from tests.runs.sync.memory_link import MemoryLink
from tests.support.clock import Clock
from tests.support.runs import epoch

START = "2026-11-24T09:30:00.000Z"


class Copied:
    """A run in a folder, and its copy on a backend in memory; events are written and folded at once."""

    def __init__(self, folder: Path, link: MemoryLink, history: list[Event] | None = None, **fields: Any) -> None:
        self.link, self.folder, self.clock, self.notices = link, folder, Clock(), Said()
        self.reported: list[Event] = []
        folder.mkdir(exist_ok=True)
        self.journal = Journal(folder)
        self.run = Run(history or [])
        for event in history or []:
            self.journal.append(event)
        self.past = Past(self.run, self.journal, len(history or []))
        self.copy = BackendCopy(
            self.run, self.past, link, self.notices, self.reported.append, owns_link=False, clock=self.clock
        )
        if not history:
            params = {"basename": "b", "start": START, "source": "keras", "params": {}, **fields}
            self.record(events.create(0, "r", params))

    def record(self, *recorded: Event) -> None:
        for event in recorded:
            self.journal.append(event)
            self.past.folded += 1
            self.copy.apply(event)

    def exchange(self, *, hurried: bool = False) -> float | None:
        """One exchange; returns in how many seconds the next may be."""
        due = self.copy.exchange(hurried=hurried)
        return None if due is None else due - self.clock.now

    def level(self) -> None:
        while (due := self.copy.exchange(hurried=False)) is not None:
            self.clock.now = max(self.clock.now, due)

    def calls(self) -> list[tuple[str, str]]:
        """What was called since the last look."""
        called, self.link.calls = self.link.calls, []
        return called

    def said(self) -> list[tuple[Hashable, str]]:
        """What was said since the last look."""
        said, self.notices.said = self.notices.said, []
        return said

    @property
    def kept(self) -> str:
        return f"The training goes on; all of it is kept in {self.folder}"


@pytest.fixture
def made(tmp_path: Path) -> Copied:
    return Copied(tmp_path, MemoryLink())


def document(n: int, service: str = ALERTS) -> Event:
    return events.document(0, service, "r", {"n": n})


def numbers(link: MemoryLink, service: str = ALERTS) -> list[int]:
    return sorted(each["n"] for each in link.services.get(service, {}).values())


def test_a_run_that_was_made_just_now_is_created_without_a_look_at_what_is_there(made: Copied) -> None:
    assert (made.copy.known_as, made.copy.is_level, made.copy.missing) == (("", False), False, 1)

    assert made.exchange() is None

    assert [call for call in made.calls() if call != ("find", "runs")] == [("connect", ""), ("create", "runs")]
    assert made.link.run()["writer"].startswith(f"{place_of(made.folder)}-")
    assert (made.copy.known_as, made.copy.is_level, made.copy.missing) == (("b-1", False), True, 0)
    assert made.copy.is_in_vain is False
    assert made.copy.lacks() is None
    made.record(document(1))
    assert (made.copy.is_level, made.copy.missing) == (False, 1)
    assert made.exchange() is None
    assert made.calls() == [("create", ALERTS)]
    assert made.said() == []


def test_what_lies_beside_a_run_that_goes_on_is_asked_for_and_what_is_missing_sent(tmp_path: Path) -> None:
    link = MemoryLink()
    sent, unsent = document(1), document(2)
    link.services[ALERTS] = {sent["document"]["_id"]: sent["document"]}
    first = events.create(0, "r", {"basename": "b", "start": START, "source": "keras", "params": {}})
    made = Copied(tmp_path, link, [first, epoch(0), sent, unsent])

    made.level()

    assert ("get", "runs") in made.calls()
    assert numbers(link) == [1, 2]
    assert link.run()["logs"] == {"loss": [0.0]}


def test_a_run_that_nothing_was_recorded_of_lacks_nothing(tmp_path: Path) -> None:
    made = BackendCopy(Run(), Past(Run(), Journal(tmp_path), 0), MemoryLink(), Said(), list.append, owns_link=False)  # type: ignore[arg-type]

    assert made.lacks() is None
    assert made.exchange(hurried=False) is None


def test_what_was_forgotten_is_read_from_the_journal_when_the_backend_lost_the_run(made: Copied) -> None:
    made.record(*map(epoch, range(5)), document(1))
    made.level()
    made.copy.replica.forget()
    assert not made.run.is_whole

    for times in (2, 3):
        for lost in ("runs", ALERTS, HEARTBEATS):
            made.link.services.get(lost, {}).clear()
        made.record(epoch(3 + times))
        made.clock.now += 1
        made.level()
        assert made.link.run()["logs"] == {"loss": [n / 7 for n in range(4 + times)]}
        assert numbers(made.link) == [1]  # what lay beside it was lost with it
        assert made.copy.replica.copies == times


def test_a_message_that_somebody_waits_for_is_followed_by_the_next_at_once(made: Copied) -> None:
    made.exchange()
    made.clock.now += 1
    made.record(epoch(0))
    assert made.exchange() is None
    made.record(epoch(1))
    assert made.exchange() == pytest.approx(0.1)
    made.copy.hurry()
    assert made.exchange(hurried=True) is None
    made.record(epoch(2))
    assert made.exchange(hurried=True) is None
    assert made.link.patches() == 3


@pytest.mark.parametrize("error", [GeneralError("a fault"), TooManyRequests("busy")])
def test_a_refusal_that_may_pass_is_tried_five_times_and_then_waits_longer(made: Copied, error: FeathersError) -> None:
    made.exchange()
    for _ in range(2):
        made.link.faults["patch runs"] = [error] * 5
        made.clock.now += 10
        made.record(epoch(len(made.run.epochs)))
        for pause in (1.0, 2.0, 4.0, 8.0, 10.0):
            assert made.exchange() == pytest.approx(pause)
            assert made.copy.is_in_vain is (pause == 10.0)
            made.clock.now += pause / 2
            assert made.exchange() == pytest.approx(pause / 2)  # and nothing is sent before
            made.clock.now += pause / 2
        assert made.copy.problem == str(error)
        assert made.link.faults["patch runs"] == []
        made.link.faults["patch runs"] = [error]  # and then as many times again
        assert made.exchange() == 1.0
        made.clock.now += 1
        assert made.exchange() is None
        assert made.copy.is_in_vain is False
    said = made.said()
    assert len(said) == 12
    assert set(said) == {(("refused", type(error)), f"{whole(error)} {made.kept} and tried again.")}


def test_a_refusal_for_good_is_asked_about_again_after_ten_seconds_and_a_hurry_ends_the_pause(made: Copied) -> None:
    made.exchange()
    made.clock.now += 1
    made.link.faults["patch runs"] = [BadRequest("never.")]
    made.record(epoch(0))
    assert made.exchange() == 10.0
    assert made.copy.is_in_vain is True
    assert made.said() == [(("refused", BadRequest), f"BadRequest: never. {made.kept} and tried again.")]
    made.copy.hurry()
    assert made.copy.is_in_vain is False
    assert made.exchange() is None
    assert made.link.run()["logs"] == {"loss": [0.0]}


@pytest.mark.parametrize("is_login_given", [True, False])
def test_a_stranger_is_told_how_to_sign_in_and_not_waited_for_long(made: Copied, is_login_given: bool) -> None:
    error = NotAuthenticated("Not authenticated")
    made.link.key = ("memory", Login(token="t") if is_login_given else Login())
    made.link.faults["create runs"] = [error] * 2
    made.record(document(1))
    assert made.exchange() == 1.0
    assert made.exchange() == 1.0
    assert made.copy.is_in_vain is False
    made.clock.now += 1
    assert made.exchange() == 10.0
    assert made.copy.is_in_vain is True
    hint = "" if is_login_given else f" {sign_in(made.link)}"
    assert set(made.said()) == {
        (("refused", NotAuthenticated), f"NotAuthenticated: Not authenticated.{hint} {made.kept} and tried again.")
    }
    assert ALERTS not in made.link.services  # nothing lies beside a run that is not there
    made.clock.now += 10
    made.level()
    assert numbers(made.link) == [1]

    made.link.faults["patch runs"] = [error] * 3  # whose login has ended is no stranger
    made.record(epoch(0))
    made.clock.now += 1
    for pause in (1.0, 2.0, 4.0):
        assert made.exchange() == pytest.approx(pause)
        made.clock.now += pause
    assert made.copy.is_in_vain is False
    assert made.said()[0] == (
        ("refused", NotAuthenticated),
        f"NotAuthenticated: Not authenticated. {made.kept} and tried again.",
    )


def test_an_epoch_waits_for_nothing_that_lies_beside_the_run(made: Copied) -> None:
    made.exchange()
    made.clock.now += 1
    made.link.faults[f"create {ALERTS}"] = [GeneralError("a fault")]
    made.record(document(1))
    assert made.exchange() == 1.0
    made.record(epoch(0))
    assert made.exchange() == 1.0
    assert made.link.run()["logs"] == {"loss": [0.0]}
    made.record(epoch(1))
    assert made.exchange() == pytest.approx(0.1)
    made.clock.now += 0.5
    assert made.exchange() == 0.5
    assert made.link.run()["logs"] == {"loss": [0.0, 1 / 7]}
    assert numbers(made.link) == []
    made.clock.now += 0.5
    assert made.exchange() is None
    assert numbers(made.link) == [1]


def test_batches_that_a_resumed_run_dropped_are_taken_from_the_backend(made: Copied) -> None:
    batches = [document(n, BATCHES) for n in range(2)]
    made.record(epoch(0), *batches)
    made.level()
    assert numbers(made.link, BATCHES) == [0, 1]

    made.record({"type": "resume", "time": 0, "keep": 1, "files": []})  # of an earlier version
    made.level()
    assert numbers(made.link, BATCHES) == [0, 1]
    made.record(events.resume(0, 1, [], [batches[1]["document"]["_id"]]))
    assert not made.copy.is_level
    made.level()

    assert numbers(made.link, BATCHES) == [0]


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
    to_replace = f"To put this one in its place: {command(one.journal, link)}"
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
