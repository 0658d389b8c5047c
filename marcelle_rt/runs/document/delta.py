"""What a copy of a run lacks, as the smallest patches that close the gap. Pure: no I/O, no clock, no thread.

A patch sets places: `{"logs.loss.7": 0.25}` overwrites the eighth value, or adds it when the list has seven.
Doing so twice changes nothing, so a patch whose answer was lost is simply sent again. Two things must never
happen: a place past a list's end (databases fill the gap with nulls, or put it *at* the end, and a second time
again), and a list together with a place in it (MongoDB refuses).

Should a database lose the ends of lists all the same, the answer to the next patch shows it, for an answer is the
whole document. A database that puts what is past the end at the end has too few values then, whatever the patch sets.
One that fills the gap has a null in place of the last value that the patch did not set itself; the last few places
that have values are kept in mind, so that the run need not be looked at. All values are compared where a patch sets
all of those places, and once an answer was lost, for a patch that is taken twice can hide what was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...values import dumps
from .events import FILES
from .run import Place, Run

EDITED = ("tags", "group", "notes")
"""What people change where the run is shown: a copy that has such a field keeps what it has."""

Shorten = Callable[[Mapping[str, Any]], dict[str, Any]]

_NUMBER = 26  # bytes: the longest JSON of a double has 24, and there is a comma
_ROOM = 200  # bytes for a patch's envelope: method, service, id, `rev` and the query
_LAST = 4  # places of each list that are kept in mind: an epoch saved again sets one of them, seldom two


@dataclass
class Acknowledged:
    """What a copy is known to hold.

    Attributes:
        lengths: How long each list is there; a list that is missing there is missing here.
        stale: Places within those lengths whose value there is older, with the version that changed them.
        fields: For each field the version that the copy is level with.
        last: The last places of each list that have values there other than null, in order; see `last_filled`. Where
            there are none it is not known which they are.
    """

    lengths: dict[str, int] = field(default_factory=dict)
    stale: dict[Place, int] = field(default_factory=dict)
    fields: dict[str, int] = field(default_factory=dict)
    last: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def touch(self, places: Iterable[Place], version: int) -> None:
        """Notes that places have new values since `version`."""
        for place in places:
            self.stale[place] = version

    def accept(self, patch: Patch) -> None:
        """Notes that the copy took a patch. What changed since the patch was made stays open."""
        self.lengths.update(patch.lengths)
        if self.stale:
            for place in patch.places:
                if self.stale.get(place, patch.version + 1) <= patch.version:
                    del self.stale[place]
        for name in patch.fields:
            self.fields[name] = max(patch.version, self.fields.get(name, 0))
        self.last.update(patch.last)

    def doubt(self) -> None:
        """Notes that the answer to a patch was lost: the copy may have it, and may have it twice."""
        self.last = dict.fromkeys(self.last, ())

    def took(self, patch: Patch, document: Mapping[str, Any], whole: Callable[[], Run]) -> bool:
        """Notes that the copy took a patch, and looks for losses.

        Args:
            patch: The patch.
            document: What came back for it.
            whole: Gives the run with all its values; called only where nothing less can tell.

        Returns:
            Whether the copy is as it should be.
        """
        kept = self._kept(document, patch)
        self.accept(patch)
        if kept is None:
            kept = self._equals(whole(), document, patch)
        return kept and self.fits(document)

    def _kept(self, document: Mapping[str, Any], patch: Patch) -> bool | None:
        """Whether the document that came back for a patch still has what it had before; `None` if that is open."""
        kept: bool | None = True
        again = set(patch.places)
        for path, places in self.last.items():
            if path in patch.data:
                continue
            place = places[-1] if places else None
            if (path, place) in again:
                place = next((place for place in reversed(places) if (path, place) not in again), None)
            if place is None:
                kept = None
            elif place >= 0:
                values = list_at(document, path)
                if values is None or len(values) <= place or values[place] is None:
                    return False
        return kept

    def _equals(self, run: Run, document: Mapping[str, Any], patch: Patch) -> bool:
        """Whether all values that the patch did not set are there. Those that it set are as the backend keeps them."""
        found = compare(run, document)
        self.last = found.last
        return all(
            (path, place) in self.stale or path in patch.data or f"{path}.{place}" in patch.data
            for path, place in found.stale
        )

    def contradicts(self, document: Mapping[str, Any]) -> bool:
        """Whether a document has values of metrics that the run has not, so that it is not an earlier state of it."""
        for path, place in self.stale:
            values = list_at(document, path) if path.startswith("logs.") else None
            if values is not None and values[place] is not None:
                return True
        return False

    def fits(self, document: Mapping[str, Any]) -> bool:
        """Whether a document that came back has the lists that it should have."""
        for path, length in self.lengths.items():
            values = list_at(document, path)
            if values is None or len(values) != length:
                return False
        return True


@dataclass(frozen=True)
class Patch:
    """A message for a copy, and what the copy holds once it took it."""

    data: dict[str, Any]
    version: int
    lengths: dict[str, int]
    places: tuple[Place, ...]
    fields: tuple[str, ...]
    last: dict[str, tuple[int, ...]]
    is_last: bool = False
    """Whether a copy that took it lacks nothing of the run as it was at `version`."""

    def starting(self) -> Patch:
        """The same as far as a run that starts has it: the status that came since goes with the next patch."""
        fields = tuple(name for name in self.fields if name != "status")
        return replace(self, data={**self.data, "status": "start"}, fields=fields, is_last=False)


def list_at(document: Mapping[str, Any], path: str) -> list[Any] | None:
    """The list at a dotted path of a document, or `None`. A metric's name may hold no dot."""
    value: Any = document
    for key in path.split(".", 1):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, list) else None


def last_filled(values: Sequence[Any]) -> tuple[int, ...]:
    """The last few places of a list that are not null, in order; before the first one of all stands -1."""
    return (-1, *_filled(values, 0))[-_LAST:]


def _filled(values: Sequence[Any], first: int) -> tuple[int, ...]:
    """The last few places that are not null of values that begin at a place."""
    places: list[int] = []
    for index in range(len(values) - 1, -1, -1):
        if values[index] is not None:
            places.append(first + index)
            if len(places) == _LAST:
                break
    return tuple(reversed(places))


def compare(run: Run, document: Mapping[str, Any]) -> Acknowledged:
    """Finds out what a document that was read from a copy lacks."""
    known = Acknowledged()
    for path, values in run.lists.items():
        there = list_at(document, path)
        if there is None:
            continue
        known.lengths[path] = len(there)
        known.last[path] = last_filled(there)
        differ = (i for i, (a, b) in enumerate(zip(values, there, strict=False)) if a != b)
        known.touch(((path, i) for i in differ), run.version)
        # What is there beyond the run's end is not what the run will have there when it grows.
        known.touch(((path, i) for i in range(len(values), len(there))), run.version)
    for name, value in run.fields.items():
        if name in document and (document[name] == value or name in EDITED):
            known.fields[name] = run.version
    return known


def opening(run: Run, limit: int, fields: Mapping[str, Any] | None = None) -> Patch:
    """The document to create a copy with: whole, or with as much of its lists as the limit allows.

    Args:
        run: The run.
        limit: The most bytes that a message may have.
        fields: What stands for the run's own fields, where those are too large.
    """
    data = {"_id": run.id, **(run.fields if fields is None else fields)}
    room = limit - _ROOM - len(dumps(data))
    lists: dict[str, list[Any]] = {}
    for path, values in run.lists.items():
        room -= len(path.encode()) + 8
        if room > 0 or not values:  # else even its name comes with a later message
            lists[path], room = _prefix(values, room)
    lengths = {path: len(values) for path, values in lists.items()}
    level = set(run.fields)
    is_cut = any(lengths.get(path, 0) < len(values) for path, values in run.lists.items())
    if is_cut:
        data["status"] = "start"  # a copy says how a run ended only when all of it is there
        level.discard("status")
    data |= {"logs": {}, **{name: [] for name in FILES.values()}}  # pages take them for granted
    for path, values in lists.items():
        name, _, metric = path.partition(".")
        if metric:
            data[name][metric] = values
        else:
            data[name] = values
    last = {path: last_filled(values) for path, values in lists.items()}
    return Patch(data, run.version, lengths, (), tuple(level), last, is_last=not is_cut)


def next_patch(run: Run, known: Acknowledged, limit: int, shorten: Shorten | None = None) -> Patch | None:
    """The next message that brings a copy nearer, or `None` when it is level.

    Args:
        run: The run.
        known: What the copy holds.
        limit: The most bytes that a message may have.
        shorten: Makes fields smaller that are too large even for a message of their own.

    Returns:
        A patch for all that is missing, or for as much of it as fits. Fields go with the last one, so
        that a copy that says `success` has every epoch.
    """
    maker = _Maker(run, known, limit - _ROOM)
    if maker.stale() and maker.ends():
        there = known.fields
        maker.end({k: run.fields[k] for k, v in run.changed.items() if v > there.get(k, 0)}, shorten)
    return maker.patch()


class _Maker:
    """Fills one patch until it is full."""

    def __init__(self, run: Run, known: Acknowledged, room: int) -> None:
        self.run, self.known, self.room = run, known, room
        self.data: dict[str, Any] = {}
        self.lengths: dict[str, int] = {}
        self.places: list[Place] = []
        self.fields: tuple[str, ...] = ()
        self.last: dict[str, tuple[int, ...]] = {}
        self.is_last = False

    def stale(self) -> bool:
        for path, index in self.known.stale:
            values = self.run.lists.get(path, [])
            length = self.known.lengths.get(path, 0)
            if length > len(values) or index >= length:
                self.places.append((path, index))  # sent with the list, or with its end
            elif not self._place(path, index, values[index]):
                return False
        return True

    def ends(self) -> bool:
        for path, values in self.run.lists.items():
            length = self.known.lengths.get(path)
            if length is None or length > len(values):
                if not self._whole(path, values):
                    return False
                continue
            if length < len(values) and not self._end(path, values, length):
                return False
        return True

    def _end(self, path: str, values: list[Any], length: int) -> bool:
        """Adds the values of one list from a place on; nearly all that is ever sent goes this way."""
        new = values[length:] if type(values) is list else [values[place] for place in range(length, len(values))]
        size = len(path.encode()) + 5  # and the place's digits, and the value
        most = len(new) * (size + len(str(len(values))) + _NUMBER)
        if most <= self.room and path.startswith("logs."):  # numbers, which all fit: no need to measure each
            self.data.update({f"{path}.{place}": value for place, value in enumerate(new, length)})
            self.room -= most
            self._ended(path, length, new)
            return True
        count = 0
        for value in new:
            needed = size + len(str(length + count)) + _size(value)
            if needed > self.room and self.data:
                break
            self.room -= needed
            self.data[f"{path}.{length + count}"] = value
            count += 1
        self._ended(path, length, new[:count])
        return count == len(new)

    def _ended(self, path: str, length: int, new: list[Any]) -> None:
        """Notes which values a list gets from a place on."""
        if new:
            self.lengths[path] = length + len(new)
            self.last[path] = (self._last(path) + _filled(new, length))[-_LAST:]

    def _last(self, path: str) -> tuple[int, ...]:
        """The last places of a list that have values once the copy took what is in the patch so far."""
        return self.last[path] if path in self.last else self.known.last.get(path, ())

    def end(self, fields: dict[str, Any], shorten: Shorten | None) -> None:
        if fields:
            if len(dumps(fields)) > self.room:
                if self.data:
                    return  # they go with the next one
                if shorten is not None:
                    fields = shorten(fields)
            self.data.update(fields)
            self.fields = tuple(fields)
        self.is_last = True

    def patch(self) -> Patch | None:
        if not self.data:
            return None
        version, places = self.run.version, tuple(self.places)
        return Patch(self.data, version, self.lengths, places, self.fields, self.last, self.is_last)

    def _place(self, path: str, index: int, value: Any) -> bool:
        key = f"{path}.{index}"
        size = len(key.encode()) + 4 + _size(value)
        if size > self.room and self.data:
            return False
        self.room -= size
        self.data[key] = value
        self.places.append((path, index))
        last = self._last(path)
        if value is None:
            self.last[path] = tuple(place for place in last if place != index)
        elif last and index > last[0] and index not in last:
            self.last[path] = tuple(sorted((*last, index)))[-_LAST:]
        return True

    def _whole(self, path: str, values: list[Any]) -> bool:
        room = self.room - len(path.encode()) - 8
        if room < 0 and self.data:
            return False
        part, self.room = _prefix(values, room)
        self.data[path] = part
        self.lengths[path] = len(part)
        self.last[path] = last_filled(part)
        return len(part) == len(values)


def _prefix(values: list[Any], room: int) -> tuple[list[Any], int]:
    """As many of the first values as have room, and the room that is left."""
    if len(values) * _NUMBER <= room and not (values and isinstance(values[0], dict)):
        return list(values), room - len(values) * _NUMBER
    part = []
    for value in values:
        size = _size(value)
        if size > room:
            break
        room -= size
        part.append(value)
    return part, room


def _size(value: Any) -> int:
    if value is None:
        return 5
    return _NUMBER if isinstance(value, (int, float)) else len(dumps(value)) + 1
