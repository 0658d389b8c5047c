"""What a run's metrics were, read from its journal into as little memory as the numbers take, and out as JSON.

Pure: no I/O, no clock, no thread. A list of Python's takes 32 bytes for a double and `Run` has such lists; this is the
same fold with 8 bytes, for a reader that only writes the values out again.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from ...values import dumps
from .events import FILES, Event
from .run import Run

_PART = 2048  # places in a part of a column


class Columns:
    """The lists that `Run.logs` would have after the same events.

    Args:
        events: The events, which are not kept.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._parts: dict[str, list[array[Any] | list[Any]]] = {}  # whole parts of each column
        self._ends: dict[str, list[Any]] = {}  # and what comes after them
        self._length = 0
        for event in events:
            self.apply(event)

    def __len__(self) -> int:
        return self._length

    def apply(self, event: Event) -> None:
        """Folds one event in."""
        if event["type"] == "epoch":
            place = event["place"]
            if place < self._length:
                self._set(place, event["logs"])
                return
            while self._length < place:  # lines of the journal were lost
                self._add({})
            self._add(event["logs"])
        elif event["type"] == "resume":
            self._cut(event["keep"])

    def pieces(self) -> Iterator[bytes]:
        """The lists as JSON, one object, in pieces of some ten kilobytes."""
        yield b"{"
        for number, (metric, end) in enumerate(self._ends.items()):
            yield b"," * (number > 0) + dumps(metric) + b":["
            comma = b""
            for part in (*self._parts[metric], end):
                if len(part):
                    yield comma + dumps(_values(part))[1:-1]
                    comma = b","
            yield b"]"
        yield b"}"

    def _add(self, logs: Mapping[str, Any]) -> None:
        ends = self._ends
        for metric, value in logs.items():
            if metric not in ends:
                self._begin(metric, self._length)
            ends[metric].append(value)
        if len(logs) < len(ends):
            for metric in ends.keys() - logs.keys():
                ends[metric].append(None)
        self._length += 1
        if self._length % _PART == 0:
            for metric, values in ends.items():
                self._parts[metric].append(_packed(values))
                ends[metric] = []

    def _begin(self, metric: str, length: int) -> None:
        whole, rest = divmod(length, _PART)
        self._parts[metric] = [_packed([None] * _PART) for _ in range(whole)]
        self._ends[metric] = [None] * rest

    def _set(self, place: int, logs: Mapping[str, Any]) -> None:
        number, index = divmod(place, _PART)
        for metric, value in logs.items():
            if metric not in self._ends:
                self._begin(metric, self._length)
            parts = self._parts[metric]
            if number == len(parts):
                self._ends[metric][index] = value
                continue
            part = parts[number]
            if isinstance(part, array) and type(value) is not (float if part.typecode == "d" else int):
                part = parts[number] = _values(part)
            part[index] = value

    def _cut(self, keep: int) -> None:
        if keep >= self._length:
            return
        whole, rest = divmod(keep, _PART)
        for metric, parts in self._parts.items():
            part = parts[whole] if whole < len(parts) else self._ends[metric]
            self._ends[metric] = _values(part)[:rest]
            del parts[whole:]
        self._length = keep


def document(run: Run, columns: Columns) -> Iterable[bytes]:
    """A run's document as JSON, in pieces, though the run has dropped values.

    Args:
        run: The run.
        columns: Its metrics, of its journal.

    Raises:
        LookupError: The journal has less than the run had.
    """
    if len(columns) < len(run.epochs):
        raise LookupError(f"its journal has {len(columns)} of {len(run.epochs)} epochs")
    head = run.document()
    del head["logs"]
    files = {name: head.pop(name) for name in FILES.values()}
    return chain([dumps(head)[:-1], b',"logs":'], columns.pieces(), [b",", dumps(files)[1:]])


def _packed(values: list[Any]) -> array[Any] | list[Any]:
    """Values in 8 bytes each, if they are all integers, or all doubles and `None`."""
    kinds = set(map(type, values))
    if kinds == {int}:
        try:
            return array("q", values)
        except OverflowError:
            return values
    if kinds <= {float, type(None)}:  # no value is NaN
        return array("d", [math.nan if value is None else value for value in values])
    return values


def _values(part: array[Any] | list[Any]) -> list[Any]:
    """The values of a part as they came; JSON has no NaN, so that one stands for `None`."""
    if isinstance(part, list):
        return part
    if part.typecode == "q":
        return part.tolist()
    return [None if math.isnan(value) else value for value in part]
