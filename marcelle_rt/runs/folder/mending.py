"""What a journal has lost and `run_data.json` still has: a rotation of logs may empty it while a run writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..document import events
from ..document.event_checks import is_event
from ..document.events import Event
from .beginning import document_at


def places_told(path: Path) -> int:
    """How many epochs a run's `run_data.json` has; 0 where it can't be read."""
    return _Document(path).places


def mended(history: list[Event], path: Path) -> list[Event]:
    """A journal's events, and those of epochs that it has lost.

    It has lost some where it does not begin with the run's beginning, or an epoch's place leaves others out. What came
    after a resumption is left as it is: the document may be older than that.

    Args:
        history: The journal's events.
        path: The run's `run_data.json`.
    """
    if any(event["type"] == "resume" for event in history) or not _has_lost(history):
        return history
    document = _Document(path)
    if document.identity != history[0].get("_id"):
        return history
    whole: list[Event] = []
    places = 0
    for event in history:
        if event["type"] == "epoch":
            whole.extend(document.epochs(places, event["place"], event["place"], event["epoch"]))
            places = max(places, event["place"] + 1)
        elif event["type"] == "end":
            whole.extend(document.epochs(places, document.places))
            places = document.places
        whole.append(event)
    whole.extend(document.epochs(places, document.places))
    return whole


def _has_lost(history: list[Event]) -> bool:
    if history[0].get("time") == 0.0:  # it was told by the document
        return True
    places = 0
    for event in history:
        if event["type"] == "epoch":
            if event["place"] > places:
                return True
            places = max(places, event["place"] + 1)
    return False


class _Document:
    """What is read of a `run_data.json`; nothing in it is taken for granted."""

    def __init__(self, path: Path) -> None:
        self._data = document_at(path)
        logs = self._data.get("logs")
        lists = logs.items() if isinstance(logs, Mapping) else ()
        self._logs = {name: values for name, values in lists if isinstance(values, list)}
        self.identity = self._data.get("_id")
        self.places = max(map(len, self._logs.values()), default=0)

    def epochs(self, start: int, end: int, place: int | None = None, number: int = 0) -> Iterator[Event]:
        """The epochs of some places.

        Args:
            start: The first place.
            end: The place after the last.
            place: A place whose number is known; the last one if `None`.
            number: Its number.
        """
        if place is None:
            last = self._data.get("epoch")
            place, number = self.places - 1, last if isinstance(last, int) else self.places - 1
        for at in range(start, end):
            logs = {name: values[at] for name, values in self._logs.items() if at < len(values)}
            event = events.epoch(0.0, self._number(at, number - (place - at)), at, logs)
            if is_event(event, places=self.places):
                yield event

    def _number(self, place: int, otherwise: int) -> int:
        stretches = self._data.get("epoch_numbers")
        if isinstance(stretches, list):
            for stretch in reversed(stretches):
                whole = isinstance(stretch, list) and len(stretch) == 3 and all(type(part) is int for part in stretch)
                if whole and stretch[0] <= place:
                    first, number, step = stretch
                    return int(number + (place - first) * step)
        return otherwise
