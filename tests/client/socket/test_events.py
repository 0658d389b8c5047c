"""Handlers and the thread that calls them, without a server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from marcelle_rt.client.socket import events
from marcelle_rt.client.socket.events import Events
from tests.helpers import eventually


@pytest.fixture
def running() -> Iterator[Events]:
    made = Events()
    made.start("test")
    yield made
    made.close()


def test_what_waits_for_a_slow_handler_is_bounded_and_who_needs_each_change_is_told(
    running: Events, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(events, "_MOST_HELD", 1000)
    seen: list[object] = []
    told: list[str] = []
    go_on = threading.Event()

    def slow(document: dict) -> None:
        go_on.wait(30)
        seen.append(document["n"])

    running.on("things created", slow, self_ := object())
    for event in ("disconnected", "connected"):
        running.on(event, lambda event=event: told.append(event), self_)
    with caplog.at_level(logging.WARNING, "marcelle_rt.client"):
        for n in range(1000):
            running.put("things created", f'["things created",{{"_id":"1","n":{n}}}]')
        go_on.set()
        eventually(lambda: told == ["disconnected", "connected"])

    assert seen == list(range(len(seen)))
    assert 10 < len(seen) < 50
    assert f"so {1000 - len(seen)} events were left out" in caplog.text
    running.put("things created", '["things created",{"_id":"1","n":"next"}]')
    eventually(lambda: seen[-1] == "next")
