"""What a resumed run has from the epoch on that its training repeats, and so has to go. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from .events import BATCHES, Event
from .run import Run


class Resumed:
    """A run as its folder had it, until the first epoch says where it goes on.

    Args:
        events: Its journal's events.

    Attributes:
        run: The run.
        fractions: The numbers that are not whole, by their places.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self.run: Run = Run()
        self._epochs: dict[int, float] = {}  # when the epoch at each place was saved
        self.fractions: dict[int, float] = {}
        self._batches: dict[str, Mapping[str, Any]] = {}
        for event in events:
            self.run.apply(event)
            kind = event["type"]
            if kind == "epoch":
                at = event.get("time")
                self._epochs[event["place"]] = (
                    round(at, 3) if isinstance(at, (int, float)) else -math.inf
                )  # as chunks are
                if isinstance(event.get("at"), float):
                    self.fractions[event["place"]] = event["at"]
            elif kind == "document" and event["service"] == BATCHES and _is_chunk(event["document"]):
                self._batches[event["document"]["_id"]] = event["document"]
            elif kind == "resume":
                self.fractions = {place: at for place, at in self.fractions.items() if place < event["keep"]}
                for identity in event.get("batches", ()):
                    self._batches.pop(identity, None)

    def batches_from(self, keep: int) -> tuple[list[str], list[dict[str, Any]]]:
        """The `_id`s of chunks of batches that go, and the chunks that take the place of those that go in part.

        Args:
            keep: How many epochs stay.
        """
        since = self._epochs.get(keep - 1, -math.inf)
        gone, instead = [], []
        for identity, chunk in self._batches.items():
            stay = next((place for place, at in enumerate(chunk["times"]) if at > since), len(chunk["times"]))
            if stay == len(chunk["times"]):
                continue
            gone.append(identity)
            if stay:
                logs = {name: values[:stay] for name, values in chunk["logs"].items()}
                instead.append({"steps": chunk["steps"][:stay], "times": chunk["times"][:stay], "logs": logs})
        return gone, instead


def _is_chunk(document: Mapping[str, Any]) -> bool:
    """Whether a journal's document is what a Writer writes; a folder may be somebody else's."""
    steps, times, logs = document.get("steps"), document.get("times"), document.get("logs")
    return (
        isinstance(steps, list)
        and isinstance(times, list)
        and all(isinstance(at, (int, float)) for at in times)
        and isinstance(logs, dict)
        and all(isinstance(values, list) for values in logs.values())
    )
