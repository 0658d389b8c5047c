"""Hearing of runs that somebody removes: from the first exchange on, until the run is let go of."""

from __future__ import annotations

from typing import Any

import pytest

from marcelle_rt.errors import NoWebSocket
from marcelle_rt.runs.sync.removals import Removals
from tests.runs.sync.memory_link import MemoryLink


def removals_of(link: MemoryLink, heard: list[str]) -> Removals:
    return Removals(link, lambda identity: identity == "r", lambda: heard.append("r"))


def test_who_listened_hears_no_more_after_the_end_and_may_begin_again() -> None:
    link, heard = MemoryLink(), []
    removals = removals_of(link, heard)
    removals.end()  # nothing to do yet
    for _ in range(2):
        removals.listen()
        assert removals.is_listening
        for identity in ("r", "other"):
            link.listening["runs removed"]({"_id": identity})
        removals.end()
        assert (link.listening, removals.is_listening) == ({}, False)
    assert heard == ["r", "r"]


class ByRest(MemoryLink):
    """A link whose calls go by REST; its store may have a socket."""

    way: Any = None


@pytest.mark.parametrize("lacks_socket", [False, True])
@pytest.mark.parametrize("kind", [MemoryLink, ByRest])
def test_only_over_a_socket_is_there_anything_to_hear(kind: type[MemoryLink], lacks_socket: bool) -> None:
    link = kind()
    link.lacks_socket = lacks_socket
    removals = removals_of(link, [])
    removals.listen()
    assert removals.is_listening is (kind is MemoryLink and not lacks_socket)
    assert link.calls == [("connect", "")] * removals.is_listening


def test_a_socket_that_can_not_be_opened_is_tried_again_with_the_next_exchange() -> None:
    link = MemoryLink()
    link.faults["connect"] = [NoWebSocket("memory", "a proxy")]
    removals = removals_of(link, [])
    removals.listen()
    assert (link.listening, removals.is_listening) == ({}, False)
    removals.listen()
    assert removals.is_listening
