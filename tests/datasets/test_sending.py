"""How many documents go out: in messages that fit, once each, no faster than a page can draw them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from marcelle_rt.datasets.sending import FullSpeed, Pace, batches, create_many
from marcelle_rt.errors import (
    BackendUnreachable,
    BadGateway,
    BadRequest,
    ConnectionLost,
    Forbidden,
    GeneralError,
    NotFound,
    PartlyAdded,
    Unavailable,
)


class Database:
    """A service in memory, whose `create` fails as it is told to; when it is gone, nothing answers."""

    def __init__(self, *failures: str | None) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.gone = False
        self.unreadable = False
        self._failures = iter(failures)

    def create(self, data: Any) -> None:
        failure = next(self._failures, None)
        if failure in ("gone before", "gone after"):
            self.gone = True
            failure = failure.replace("gone", "lost")
        if failure == "refused":
            raise BadRequest("no")
        if failure == "given up":  # by a proxy; the backend may carry it out yet
            raise BadGateway("no")
        listed = data if isinstance(data, list) else [data]
        if failure == "lists" and isinstance(data, list):
            raise Forbidden("no lists")
        if failure != "lost before":
            kept = listed[:1] if failure == "lost halfway" else listed
            for document in kept:
                assert document["_id"] not in self.documents
                self.documents[document["_id"]] = document
        if failure == "unreadable":
            self.unreadable = True
            raise GeneralError("after the write")
        if failure is not None and failure.startswith("lost"):
            raise ConnectionLost("http://localhost", "instances.create")

    def get(self, identity: str) -> dict[str, Any]:
        if self.gone:
            raise BackendUnreachable("http://localhost", "it refuses the connection")
        if self.unreadable:
            raise Unavailable("it restarts")
        if identity not in self.documents:
            raise NotFound("none")
        return self.documents[identity]


@pytest.mark.parametrize("failure", [None, "lists", "lost before", "lost halfway", "lost after"])
def test_each_document_arrives_once_though_the_line_breaks_or_lists_are_forbidden(failure: str | None) -> None:
    database = Database(failure)
    told: list[int] = []

    ids = create_many(database, "d", ({"n": n} for n in range(250)), FullSpeed(), told.append)  # type: ignore[arg-type]

    assert [database.documents[identity]["n"] for identity in ids] == list(range(250))
    assert len(database.documents) == sum(told) == 250


def test_a_message_holds_what_fits_and_what_is_too_large_goes_alone() -> None:
    documents = [{"x": "a" * size} for size in (100, 100, 100, 1000, 100)]

    sizes = [[len(document["x"]) for document in batch] for batch in batches(documents, lambda: 99, most=400)]

    assert sizes == [[100, 100], [100], [1000], [100]]


def test_what_comes_before_a_document_that_fails_is_given_first() -> None:
    def documents() -> Iterator[dict[str, Any]]:
        yield from ({"n": n} for n in range(5))
        raise ValueError("the sixth")

    given: list[list[Any]] = []

    def give() -> None:
        for batch in batches(documents(), lambda: 3):
            given.append([document["n"] for document in batch])

    with pytest.raises(ValueError, match="the sixth"):
        give()
    assert given == [[0, 1, 2], [3, 4]]


def test_a_page_gets_more_time_for_each_instance_the_more_it_has_drawn() -> None:
    time = 0.0
    waits = []

    def sleep(seconds: float) -> None:
        nonlocal time
        waits.append(seconds)
        time += seconds

    pace = Pace(lambda: time, sleep)
    sizes = []
    while sum(sizes) < 2000:
        pace.wait()
        sizes.append(pace.at_once)
        pace.sent(sizes[-1])

    each = [wait / size for wait, size in zip(waits, sizes, strict=False)]
    assert (sizes[0], sizes[-1]) == (10, 1)
    assert each[0] == pytest.approx(0.01)
    assert each[-1] == pytest.approx(0.06)
    assert all(later > before - 1e-6 for before, later in pairwise(each))
    assert max(waits) < 0.101
    assert 60 < time < 120


def test_what_the_backend_refuses_raises_what_it_said() -> None:
    database = Database("refused")
    with pytest.raises(BadRequest, match="no"):
        create_many(database, "d", [{"x": 1}, {"x": 2}], FullSpeed(), lambda count: None)  # type: ignore[arg-type]
    assert database.documents == {}


@pytest.mark.parametrize("failure", ["gone before", "gone after"])
def test_when_the_backend_stays_away_it_is_said_what_is_stored_and_what_may_be(failure: str) -> None:
    database = Database(None, failure)

    with pytest.raises(PartlyAdded, match="100 were added before it, and of the next 100 it is not known") as caught:
        create_many(database, "d", ({"n": n} for n in range(250)), FullSpeed(), lambda count: None)  # type: ignore[arg-type]

    assert [database.documents[identity]["n"] for identity in caught.value.added] == list(range(100))
    there = [identity in database.documents for identity in caught.value.unsure]
    assert there == [failure == "gone after"] * 100
    assert isinstance(caught.value.__cause__, BackendUnreachable)


def test_what_is_refused_halfway_is_an_error_with_what_came_before_it() -> None:
    database = Database(None, "refused")

    with pytest.raises(PartlyAdded, match=r"no; 100 were added before it$") as caught:
        create_many(database, "d", ({"n": n} for n in range(250)), FullSpeed(), lambda count: None)  # type: ignore[arg-type]

    assert set(caught.value.added) == set(database.documents)
    assert caught.value.unsure == []


@pytest.mark.parametrize("failure", ["given up", "unreadable"])
def test_what_a_server_or_a_proxy_says_no_to_may_be_stored_where_nobody_can_look(failure: str) -> None:
    database = Database(None, failure)

    with pytest.raises(PartlyAdded, match="100 were added before it, and of the next 100 it is not known") as caught:
        create_many(database, "d", ({"n": n} for n in range(250)), FullSpeed(), lambda count: None)  # type: ignore[arg-type]

    there = [identity in database.documents for identity in caught.value.unsure]
    assert there == [failure == "unreadable"] * 100
