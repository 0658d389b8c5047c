"""A watch has no gaps; the long form is `benchmarks/watch_gaps.py`."""

from __future__ import annotations

from collections.abc import Callable

from marcelle_rt.backend import Backend
from tests.support.watch_through_cuts import watch_through


def test_a_watcher_misses_nothing_and_is_told_nothing_twice_over_cuts_and_restarts(
    own_backend: Callable[..., Backend],
) -> None:
    outcome = watch_through(own_backend(), cuts=20, restarts=2, seed=6)
    assert outcome.wrong == []
    assert outcome.changes > outcome.documents
