"""The way to a backend: when a process gives its socket up for REST, and when it takes it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from marcelle_rt.runs.sync.route import Route
from tests.support.clock import Clock


@dataclass
class Traffic:
    unasked: int = 0
    sent: int = 0


@dataclass
class Events:
    is_needed: bool = False

    def needed(self) -> bool:
        return self.is_needed


@dataclass
class Connection:
    traffic: Traffic | None = field(default_factory=Traffic)
    events: Events = field(default_factory=Events)
    users: int = 1
    hangs_up: bool = True
    hung_up: int = 0

    def hang_up(self) -> bool:
        self.hung_up += self.hangs_up
        return self.hangs_up


class RestStore:
    is_closed = False

    def close(self) -> None:
        self.is_closed = True


class Store:
    location = "http://there"

    def __init__(self) -> None:
        self.status = "connected"
        self.connection = Connection()
        self.rest: list[RestStore] = []

    def by_rest(self) -> RestStore:
        self.rest.append(RestStore())
        return self.rest[-1]


class Link:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.way: Any = "socket"

    def go_by(self, store: Any) -> None:
        self.way = "socket" if store is None else store


class Copy:
    def __init__(self, store: Store) -> None:
        self.link = Link(store)
        self.is_sure_of_removal = True
        self.hurried = 0

    def hurry(self) -> None:
        self.hurried += 1


class Feed:
    def __init__(self, store: Store | None) -> None:
        self.copy = None if store is None else Copy(store)


class Made:
    """A route, and runs that go to one store."""

    def __init__(self, count: int = 1) -> None:
        self.clock, self.store = Clock(), Store()
        self.feeds: Any = [*(Feed(self.store) for _ in range(count)), Feed(None)]
        self.route = Route(clock=self.clock)

    def look(self, seconds: float = 2.0, unasked: int = 0, sent: int = 0) -> None:
        """Looks again after so many seconds, in which so much came and went."""
        self.clock.now += seconds
        traffic = self.store.connection.traffic
        if traffic is not None:
            traffic.unasked += unasked
            traffic.sent += sent
        self.route.choose(self.feeds)

    def ways(self) -> list[Any]:
        return [feed.copy.link.way for feed in self.feeds if feed.copy is not None]

    def flood(self) -> None:
        self.look()
        self.look(unasked=1000)


@pytest.mark.parametrize(
    ("seconds", "unasked", "sent", "is_flood"),
    [
        (2.0, 10, 0, False),
        (2.0, 11, 0, True),
        (2.0, 20, 2, False),
        (2.0, 21, 2, True),
        (4.0, 20, 0, False),
        (4.0, 21, 0, True),
        (2.0, 0, 0, False),
    ],
)
def test_a_flood_is_ten_events_a_call_and_five_a_second(
    seconds: float, unasked: int, sent: int, is_flood: bool
) -> None:
    made = Made()
    made.look(unasked=500)  # the first look only begins to count
    assert made.ways() == ["socket"]
    made.look(seconds, unasked, sent)
    assert made.ways() == (made.store.rest if is_flood else ["socket"])
    assert made.store.connection.hung_up == is_flood


def test_only_what_came_since_the_last_look_counts() -> None:
    made = Made()
    for _ in range(4):
        made.look(unasked=10, sent=7)
    made.look(unasked=11, sent=1)
    assert made.ways() == made.store.rest


def test_a_new_line_counts_from_its_beginning() -> None:
    made = Made()
    made.look()
    made.store.connection.traffic = None
    made.look()
    made.store.connection.traffic = Traffic(unasked=1000)
    made.look()
    assert made.ways() == ["socket"]
    made.store.connection.traffic = Traffic(unasked=3000)  # the line dropped and came back between two looks
    made.look()
    assert made.ways() == ["socket"]
    made.look(unasked=1000)
    assert made.ways() == made.store.rest


def test_it_looks_every_two_seconds_and_before_each_message_while_runs_go_by_rest() -> None:
    made = Made()
    assert made.route.due == 0.0
    made.look()
    assert made.route.due == made.clock.now + 2.0
    made.look(unasked=1000)
    assert made.route.due == 0.0
    made.store.status = "disconnected"
    made.look()
    assert made.route.due == 0.0


def test_all_runs_change_their_way_and_hurry_to_it(caplog: pytest.LogCaptureFixture) -> None:
    made = Made(2)
    with caplog.at_level("INFO", "marcelle_rt"):
        made.flood()
    (told,) = caplog.records
    assert told.getMessage() == "http://there sends much that nobody here asked for; runs go there by REST."
    (rest,) = made.store.rest
    assert made.ways() == [rest, rest]
    assert [feed.copy.hurried for feed in made.feeds[:2]] == [1, 1]


@pytest.mark.parametrize("why", ["somebody listens", "another user", "it is in use", "a removal would not be known"])
def test_the_socket_stays_where_somebody_needs_it(why: str) -> None:
    made = Made()
    connection = made.store.connection
    connection.events.is_needed = why == "somebody listens"
    connection.users = 2 if why == "another user" else 1
    connection.hangs_up = why != "it is in use"
    made.feeds[0].copy.is_sure_of_removal = why != "a removal would not be known"
    made.flood()
    assert (made.ways(), made.store.rest, connection.hung_up) == (["socket"], [], 0)


def test_a_user_for_each_store_of_its_runs_is_no_other() -> None:
    made = Made()
    other = Store()
    other.connection = made.store.connection
    made.feeds.append(Feed(other))
    made.store.connection.users = 2
    made.flood()
    assert made.ways() == made.store.rest * 2


def test_without_runs_that_go_there_nothing_changes() -> None:
    made = Made()
    made.look()
    made.store.status = "closed"
    made.look(unasked=1000)
    assert (made.ways(), made.store.rest) == (["socket"], [])
    assert made.route.due == made.clock.now + 2.0


def test_the_socket_is_back_when_somebody_needs_it_and_is_given_up_less_soon_each_time() -> None:
    made = Made()
    for times, window in enumerate((4.0, 8.0, 16.0), 1):
        made.store.connection.traffic = Traffic()
        made.flood()
        assert len(made.store.rest) == times
        made.store.status = "disconnected"
        made.look()
        assert made.ways() == [made.store.rest[-1]]
        made.store.status = "connected"
        made.look()
        assert made.ways() == ["socket"]
        assert made.store.rest[-1].is_closed
        made.look()
        assert made.route.due == made.clock.now + window
    made.route._window = 200.0
    made.flood()
    made.look()
    made.look()
    assert made.route.due == made.clock.now + 300.0


def test_runs_that_come_go_by_rest_too_and_those_that_ended_let_go_of_it() -> None:
    made = Made(2)
    made.flood()
    made.store.status = "disconnected"
    ended = made.feeds.pop(0)
    made.feeds.append(Feed(made.store))
    made.look()
    assert ended.copy.link.way == "socket"
    assert made.ways() == made.store.rest * 2
    made.route.close()
    assert made.ways() == ["socket"] * 2
    assert made.store.rest[0].is_closed
    made.feeds[0].copy.link.way = "its owner's"
    made.route.close()  # once
    assert made.ways() == ["its owner's", "socket"]
