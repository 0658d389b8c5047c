"""The state of a view, without a network: whatever happens in whatever order, the reader ends up with what there is."""

from __future__ import annotations

import random
from typing import Any

import pytest

from marcelle_rt.client.view import Change, View

COUNT = 3
PLENTY = 10**9


def matches(n: int) -> bool:
    """Whether a document of that number matches the view's query."""
    return n % 4 != 0


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


class World:
    """A server, a line that delays and loses events, a client that reads page by page, and a slow reader."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.view = View(self.random.choice([0, 1000, 3000, PLENTY]))
        self.reader = Reader()
        self.documents: dict[int, int] = {}
        self.number = 0
        self.line: list[tuple[str, int, int]] = []
        self.queue: list[tuple[str, int, int]] = []
        self.up = True

    def live(self, steps: int) -> None:
        """So many things happen, then the line holds and everything arrives."""
        for _ in range(steps):
            self.step()
        self.ask(happenings=6)
        self.up or self.toggle()
        self.deliver(len(self.line))
        while self.view.stale:
            self.read(happenings=0)
        while self.view.doubt:
            self.ask(happenings=0)
        while self.take():
            pass

    def step(self) -> None:
        """One thing happens."""
        pick = self.random.random()
        if pick < 0.3:
            self.write()
        elif pick < 0.4:
            self.remove()
        elif pick < 0.6:
            self.deliver(self.random.randint(0, 3))
        elif pick < 0.65:
            self.toggle()
        elif pick < 0.75:
            self.take()
        elif not self.up:
            pass
        elif self.view.stale:
            self.read(happenings=self.random.randint(0, 4), fails=self.random.random() < 0.1)
        else:
            self.ask(happenings=self.random.randint(0, 4))
        assert self.view._backlog == PLENTY or self.view._weight <= self.view._limit

    def write(self) -> None:
        self.number += 1
        key = self.random.randrange(COUNT)
        self.documents[key] = self.number
        self.happens("written", key, self.number)

    def remove(self) -> None:
        if self.documents:
            key = self.random.choice(list(self.documents))
            self.happens("removed", key, self.documents.pop(key))

    def happens(self, kind: str, key: int, n: int) -> None:
        if self.up:
            self.line.append((kind, key, n))

    def toggle(self) -> None:
        """The line breaks, with what is on it, or is there again; what the client has it keeps."""
        self.up = not self.up
        if self.up:
            self.line.append(("connected", -1, -1))
        else:
            # The client always hears of a line that it had.
            self.line = [event for event in self.line if event[0] == "connected"]

    def deliver(self, count: int) -> None:
        arrived, self.line = self.line[:count], self.line[count:]
        for kind, key, n in arrived:
            if kind == "connected":
                self.view.stale = True
            else:
                doubtful = kind == "written" and self.random.random() < 0.3
                self.view.event(key, doc(key, n), None if doubtful else kind == "written" and matches(n))

    def go_on(self, happenings: int) -> None:
        """Some happens while the server is asked."""
        things = [self.write, self.remove, self.toggle, lambda: self.deliver(3)]
        for thing in self.random.choices(things, weights=[3, 2, 1, 4], k=happenings):
            thing()

    def ask(self, happenings: int) -> None:
        """The server is asked about a document in doubt, and some happens before its answer is there."""
        doubt = self.view.doubt
        if doubt is not None and not self.view.stale:
            key, document = doubt
            n = self.documents.get(key)
            self.go_on(happenings)
            self.view.settle(key, document, doc(key, n) if n is not None and matches(n) else None)

    def read(self, happenings: int, fails: bool = False) -> None:
        """One document is a page; after each some more happens."""
        self.view.begin()
        found = {}
        for page in range(COUNT):
            n = self.documents.get(page)
            if n is not None and matches(n):
                found[page] = doc(page, n)
            self.go_on(happenings)
        if fails:
            self.view.abandon()
        else:
            self.view.end(found)

    def take(self) -> bool:
        change = self.view.take()
        if change is not None:
            self.reader.apply(change)
        return change is not None


def test_whatever_happens_the_reader_has_in_the_end_what_the_server_has_and_nothing_twice() -> None:
    merged = 0
    for seed in range(3000):
        world = World(seed)
        world.live(40)
        given = {key: document["n"] for key, document in world.reader.has.items()}
        assert given == {key: n for key, n in world.documents.items() if matches(n)}, seed
        assert world.view._backlog != PLENTY or world.view.merged == 0
        merged += world.view.merged
    assert merged


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


def test_an_event_after_one_in_doubt_beats_the_servers_answer_about_that() -> None:
    view = level(View(), doc(1, 1))
    view.event(1, doc(1, 2), None)
    view.event(2, doc(2, 2), None)
    assert view.doubt == (1, doc(1, 2))
    asked = view.doubt[1]
    view.event(1, doc(1, 3), None)
    view.settle(1, asked, doc(1, 2))
    view.event(1, doc(1, 3), False)
    assert rest(view) == [("initial", 1, 1), ("removed", 1, 3)]
    assert view.doubt == (2, doc(2, 2))
    view.settle(*view.doubt, doc(2, 2))
    assert (view.doubt, rest(view)) == (None, [("added", 2, 2)])


def test_what_is_equal_in_python_and_not_in_json_is_a_change() -> None:
    view = level(View(), {"_id": 0, "n": 1})
    view.event(0, {"n": 1, "_id": 0}, True)
    view.event(0, {"_id": 0, "n": True}, True)
    assert [view.take(), view.take(), view.take()] == [
        ("initial", {"_id": 0, "n": 1}),
        ("changed", {"_id": 0, "n": True}),
        None,
    ]


def test_a_new_view_is_stale_and_empty_and_knows_when_it_has_something() -> None:
    view = View()
    assert (view.stale, view.begun, view.merged) == (True, False, 0)
    assert (view.stale is True, view.begun is False, bool(view)) == (True, True, False)
    view.begin()
    assert view.stale is False
    view.end({1: doc(1, 1)})
    assert view.begun is True
    assert bool(view)
    assert rest(view) == [("initial", 1, 1)]
    assert not view


def test_what_stays_the_same_is_no_change() -> None:
    view = level(View(), doc(1, 1), doc(2, 2))
    rest(view)
    view.event(1, doc(1, 1), True)
    assert not view
    level(view, doc(1, 1), doc(2, 2))
    assert not view
    view.event(3, doc(3, 3), False)
    assert not view
    view.event(1, {**doc(1, 1), "n": True}, True)  # equal in Python, and another value in JSON
    assert view.take() == Change("changed", {"_id": 1, "n": True, "text": ""})


WEIGHTS = [
    ({"_id": 1, "n": 1, "text": ""}, 240 + 24 + 24 + 56),
    ({"_id": 1, "n": None, "text": "four"}, 240 + 24 + 24 + 60),
    ({"_id": 1, "list": []}, 240 + 24 + 64),
    ({"_id": 1, "list": [1]}, 240 + 24 + 64 + 8 + 24),
    ({"_id": 1, "list": ["ab", "longer"]}, 240 + 24 + 64 + 2 * (8 + 58)),
    ({"_id": 1, "map": {"a": 0.5, "b": {}}}, 240 + 24 + (240 + 24 + 240)),
]


@pytest.mark.parametrize(("document", "weight"), WEIGHTS)
def test_changes_wait_unmerged_until_they_weigh_more_than_the_backlog(document: dict[str, Any], weight: int) -> None:
    for backlog, merged in ((2 * weight, 0), (2 * weight - 1, 1)):
        view = level(View(backlog))
        view.event(1, document, True)
        view.event(1, {**document, "_id": 1.5}, True)
        assert view.merged == merged


def test_after_a_merge_the_next_comes_when_there_is_as_much_again() -> None:
    view = level(View(1))
    for n, merged in ((1, 0), (2, 0), (3, 2), (4, 2), (5, 4)):
        view.event(1, doc(1, n), True)
        assert view.merged == merged
    assert rest(view) == [("added", 1, 5)]
    for n, merged in ((6, 4), (7, 4), (8, 6)):  # nothing waited, so the backlog counts again
        view.event(1, doc(1, n), True)
        assert view.merged == merged
