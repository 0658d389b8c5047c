"""A worker: jobs one after the other on a thread of its own, which is there only while there are any."""

from __future__ import annotations

import threading

from marcelle_rt.notices import THREADS
from marcelle_rt.runs.sync.worker import Worker
from tests.helpers import eventually


def threads(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == f"{THREADS}{name}"]


def test_jobs_are_done_in_order_and_each_is_told_of() -> None:
    did: list[str] = []
    worker = Worker("order", lambda: did.append("done"))
    for n in range(3):
        worker.put(lambda n=n: did.append(str(n)))  # type: ignore[misc]
    eventually(lambda: len(did) == 6)
    assert did == ["0", "done", "1", "done", "2", "done"]
    worker.stop()
    eventually(lambda: threads("order") == [])


def test_a_thread_comes_with_the_first_job_and_again_after_an_end() -> None:
    went = threading.Event()
    worker = Worker("again", lambda: None)
    worker.stop()
    assert threads("again") == []
    for _ in range(2):
        worker.put(went.set)
        eventually(went.is_set)
        (thread,) = threads("again")
        assert thread.daemon
        went.clear()
        worker.stop()
        eventually(lambda: threads("again") == [])


def test_what_was_handed_over_before_the_end_is_done() -> None:
    did: list[int] = []
    worker = Worker("rest", lambda: None)
    for n in range(20):
        worker.put(lambda n=n: did.append(n))  # type: ignore[misc]
    worker.stop()
    eventually(lambda: did == list(range(20)))
