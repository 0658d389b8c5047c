"""The state of a view, without a network: whatever happens in whatever order, the reader ends up with what there is."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from marcelle_rt.client.view import Change, View

COUNT = 2
IDS = st.integers(0, COUNT - 1)


def doc(key: int, n: int, size: int = 0) -> dict[str, Any]:
    return {"_id": key, "n": n, "text": "x" * size}


def level(view: View, *documents: dict[str, Any]) -> View:
    view.begin()
    view.end({document["_id"]: document for document in documents})
    return view


def rest(view: View) -> list[tuple[str, int, int]]:
    taken = []
    while (change := view.take()) is not None:
        taken.append((change.kind, change.document["_id"], change.document["n"]))
    return taken


class Reader:
    """Applies changes, and complains about those that can't be."""

    def __init__(self) -> None:
        self.has: dict[int, dict[str, Any]] = {}
        self.kinds: list[str] = []

    def apply(self, change: Change) -> None:
        key = change.document["_id"]
        before = self.has.get(key)
        assert (change.kind in ("initial", "added")) == (before is None), change
        assert change.kind != "changed" or before != change.document, change
        assert change.kind != "initial" or set(self.kinds) <= {"initial"}
        self.kinds.append(change.kind)
        if change.kind == "removed":
            del self.has[key]
        else:
            self.has[key] = change.document


class Lines(RuleBasedStateMachine):
    """A server, a line that delays and loses events, a client that reads page by page, and a slow reader."""

    @initialize(backlog=st.sampled_from([0, 1000, 3000, 10**9]))
    def start(self, backlog: int) -> None:
        self.view = View(backlog)
        self.reader = Reader()
        self.documents: dict[int, int] = {}
        self.number = 0
        self.line: list[tuple[str, int, int]] = []
        self.queue: list[tuple[str, int, int]] = []
        self.up = True
        self.page: int | None = None
        self.found: dict[int, dict[str, Any]] = {}

    def _happens(self, kind: str, key: int, n: int) -> None:
        if self.up:
            self.line.append((kind, key, n))

    @rule(key=IDS)
    def write(self, key: int) -> None:
        """Even numbers match the view's query."""
        self.number += 1
        self.documents[key] = self.number
        self._happens("written", key, self.number)

    @rule(key=IDS)
    def remove(self, key: int) -> None:
        if key in self.documents:
            self._happens("removed", key, self.documents.pop(key))

    @precondition(lambda self: self.line)
    @rule()
    def arrive(self) -> None:
        self.queue.append(self.line.pop(0))

    @precondition(lambda self: self.queue)
    @rule()
    def dispatch(self) -> None:
        kind, key, n = self.queue.pop(0)
        if kind == "connected":
            self.view.stale = True
        else:
            self.view.event(key, doc(key, n), kind == "written" and n % 2 == 0)

    @precondition(lambda self: self.up)
    @rule()
    def cut(self) -> None:
        self.up = False
        self.line.clear()

    @precondition(lambda self: not self.up)
    @rule()
    def reconnect(self) -> None:
        """What happens from now on arrives; what has begun to be read goes on being read."""
        self.up = True
        self.queue.append(("connected", -1, -1))

    @precondition(lambda self: self.view.stale and self.page is None)
    @rule()
    def begin(self) -> None:
        self.view.begin()
        self.page, self.found = 0, {}

    @precondition(lambda self: self.page is not None and self.up)
    @rule(fails=st.sampled_from([False, False, False, False, True]))
    def read_page(self, fails: bool) -> None:
        """One document is a page."""
        assert self.page is not None
        n = self.documents.get(self.page)
        if n is not None and n % 2 == 0:
            self.found[self.page] = doc(self.page, n)
        self.page += 1
        if fails:
            self.view.abandon()
            self.page = None
        elif self.page == COUNT:
            self.view.end(self.found)
            self.page = None

    @rule()
    def take(self) -> None:
        change = self.view.take()
        if change is not None:
            self.reader.apply(change)

    @invariant()
    def waits_for_no_more_than_there_is(self) -> None:
        if self.view._backlog == 0:
            assert len(self.view._waiting) <= 2 * COUNT + 1

    def teardown(self) -> None:
        if not self.up:
            self.reconnect()
        while self.line or self.queue or self.view.stale or self.page is not None:
            if self.line:
                self.arrive()
            elif self.queue:
                self.dispatch()
            elif self.page is not None:
                self.read_page(False)
            else:
                self.begin()
        while (change := self.view.take()) is not None:
            self.reader.apply(change)
        assert {key: document["n"] for key, document in self.reader.has.items()} == {
            key: n for key, n in self.documents.items() if n % 2 == 0
        }
        if self.view._backlog == 10**9:
            assert self.view.merged == 0


TestLines = Lines.TestCase
TestLines.settings = settings(
    max_examples=150,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=set(Phase) - {Phase.shrink},  # it takes minutes here
)


def test_a_reader_that_keeps_up_gets_every_change() -> None:
    view = level(View(), doc(0, 0))
    for n in range(1, 4):
        view.event(0, doc(0, n), True)
    view.event(1, doc(1, 4), True)
    view.event(0, doc(0, 5), False)
    changes = [("changed", 0, 1), ("changed", 0, 2), ("changed", 0, 3), ("added", 1, 4), ("removed", 0, 5)]
    assert rest(view) == [("initial", 0, 0), *changes]
    assert view.merged == 0


def test_a_slow_reader_gets_the_newest_of_each_document_and_is_told() -> None:
    view = level(View(backlog=100_000), doc(0, 0), doc(1, 0), doc(2, 0))
    assert view.take() == ("initial", doc(0, 0))
    for n in range(1, 1001):
        view.event(0, doc(0, n, 5000), True)
        view.event(1, doc(1, n, 5000), True)
        assert view._weight < 130_000
    view.event(2, doc(2, 0), False)
    given = rest(view)
    assert view.merged > 1900
    assert len(given) + 1 + view.merged == 3 + 2001
    assert given[0][:2] == ("initial", 1)
    assert [change for change in given if change[2] == 1000] == [("changed", 0, 1000), ("changed", 1, 1000)]
    assert given[-1] == ("removed", 2, 0)


def test_documents_that_came_and_went_unseen_leave_nothing() -> None:
    view = level(View(backlog=50_000))
    for n in range(2000):
        view.event(n, doc(n, 0, 500), True)
        view.event(n, doc(n, 1, 500), False)
    assert len(view._waiting) < 100
    assert view.merged > 3800
    assert view._state == view._given == {}


def test_what_does_not_match_and_was_not_known_is_not_kept() -> None:
    view = level(View())
    view.event(1, doc(1, 1), False)
    assert not view
    view.begin()
    view.event(1, doc(1, 1), False)
    assert not view


def test_an_event_during_a_reading_beats_what_was_read_also_when_it_is_a_removal() -> None:
    view = level(View(), doc(1, 1), doc(2, 1))
    rest(view)
    view.begin()
    view.event(1, doc(1, 2), False)
    view.event(2, doc(2, 2), True)
    view.event(3, doc(3, 2), True)
    view.end({1: doc(1, 1), 2: doc(2, 1)})
    assert rest(view) == [("removed", 1, 2), ("changed", 2, 2), ("added", 3, 2)]


def test_what_is_equal_in_python_and_not_in_json_is_a_change() -> None:
    view = level(View(), {"_id": 0, "n": 1})
    view.event(0, {"n": 1, "_id": 0}, True)
    view.event(0, {"_id": 0, "n": True}, True)
    assert [view.take(), view.take(), view.take()] == [
        ("initial", {"_id": 0, "n": 1}),
        ("changed", {"_id": 0, "n": True}),
        None,
    ]
