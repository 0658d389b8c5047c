"""Hearing of runs that somebody removes: from the first exchange on, until the run is let go of."""

from __future__ import annotations

from typing import Any

from marcelle_rt.runs.sync.removals import Removals
from tests.runs.sync.memory_link import MemoryLink


class Shared(MemoryLink):
    """A session with other handlers than the run's own."""

    def off(self, event: str, function: Any) -> None:
        assert self.listening.pop(event) == function


def test_who_listened_hears_no_more_after_the_end_and_may_begin_again() -> None:
    link, heard = Shared(), []
    removals = Removals(link, lambda identity: identity == "r", lambda: heard.append("r"))
    removals.end()  # nothing to do yet
    for _ in range(2):
        removals.listen()
        assert removals.is_listening
        for identity in ("r", "other"):
            link.listening["runs removed"]({"_id": identity})
        removals.end()
        assert (link.listening, removals.is_listening) == ({}, False)
    assert heard == ["r", "r"]
