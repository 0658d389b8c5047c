"""What a server knows of open jobs, as changes come in and time passes."""

from __future__ import annotations

from typing import Any

from marcelle_rt.client.view import Change
from marcelle_rt.serving.definition import Reference
from marcelle_rt.serving.executors.seam import Order
from marcelle_rt.serving.open_jobs import OpenJobs


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def job(key: str, state: str = "queued", **fields: Any) -> dict[str, Any]:
    return {"_id": key, "state": state, **fields}


def test_the_oldest_comes_first_and_what_has_begun_elsewhere_not_at_all() -> None:
    jobs = OpenJobs(30, Clock())
    for key, created in (("b", "2"), ("a", "1"), ("c", "3")):
        jobs.take_in(Change("initial", job(key, createdAt=created)))
    jobs.take_in(Change("changed", job("a", "claimed", worker="w", beat=0)))

    assert [jobs.take(), jobs.take(), jobs.take()] == [job("b", createdAt="2"), job("c", createdAt="3"), None]
    assert set(jobs.held) == {"a"}


def test_a_job_that_was_given_away_does_not_wait_a_second_time() -> None:
    jobs = OpenJobs(30, Clock())
    jobs.given["a"] = Order(Reference("m", "s"), "http://localhost", "a", 1, "t")
    jobs.take_in(Change("changed", job("a")))

    assert jobs.take() is None


def test_who_gives_no_sign_of_life_for_a_lease_is_overdue_until_it_is_taken_over() -> None:
    clock = Clock()
    jobs = OpenJobs(30, clock)
    jobs.take_in(Change("initial", job("quiet", "running", worker="w", beat=1)))
    jobs.take_in(Change("initial", job("alive", "running", worker="w", beat=1)))
    clock.now = 29
    jobs.take_in(Change("changed", job("alive", "running", worker="w", beat=2)))
    jobs.take_in(Change("changed", job("quiet", "running", worker="w", beat=1)))
    assert jobs.overdue() == []

    clock.now = 31
    assert [each["_id"] for each in jobs.overdue()] == ["quiet"]
    assert [each["_id"] for each in jobs.overdue()] == ["quiet"]
    jobs.taken_over("quiet")
    assert jobs.overdue() == []


def test_while_the_backend_is_away_no_lease_runs_out() -> None:
    clock = Clock()
    jobs = OpenJobs(30, clock)
    jobs.take_in(Change("initial", job("a", "running", worker="w", beat=1)))
    clock.now = 100
    jobs.everybody_lives()

    assert jobs.overdue() == []
    clock.now = 131
    assert [each["_id"] for each in jobs.overdue()] == ["a"]
