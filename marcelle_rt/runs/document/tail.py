"""Runs that let go of the values that their copies have, so that memory does not grow with a run's length.

Pure: no I/O, no clock, no thread. A run whose beginning was dropped still takes events, and still tells what its
copy lacks; what needs it whole (`compare`, `opening`, `Run.document`, a `resume` event) needs `recall` before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from .run import Place, Run


class Tail(list[Any]):
    """A list without the values at its beginning. It counts them still, and places keep their numbers.

    Attributes:
        dropped: How many values at the beginning are not here.
    """

    def __init__(self, values: Sequence[Any]) -> None:
        super().__init__(values)
        self.dropped: int = 0
        self._again: dict[int, Any] = {}  # values that came anew for places that were dropped

    def __len__(self) -> int:
        return self.dropped + super().__len__()

    def __getitem__(self, place: Any) -> Any:
        return self._again[place] if 0 <= place < self.dropped else super().__getitem__(place - self.dropped)

    def __setitem__(self, place: Any, value: Any) -> None:
        if place < self.dropped:
            self._again[place] = value
        else:
            super().__setitem__(place - self.dropped, value)

    def __iter__(self) -> Iterator[Any]:
        self._incomplete()

    def __delitem__(self, places: Any) -> None:
        self._incomplete()

    def _incomplete(self) -> NoReturn:
        raise LookupError("the beginning of this list was dropped; recall the run first")

    @property
    def held(self) -> int:
        """How many values are here."""
        return super().__len__() + len(self._again)

    def forget(self, end: int, needed: Collection[int]) -> None:
        """Drops the values before a place.

        Args:
            end: The place; those before it go.
            needed: Places before it whose values stay.
        """
        end = max(end, self.dropped)
        self._again = {place: self[place] for place in needed if place < end}
        super().__delitem__(slice(0, end - self.dropped))
        self.dropped = end

    def whole(self, beginning: Sequence[Any]) -> list[Any]:
        """The whole list.

        Args:
            beginning: The values that were dropped, as they were, and perhaps more.

        Raises:
            LookupError: There are fewer.
        """
        if len(beginning) < self.dropped:
            raise LookupError(f"{self.dropped} values were dropped, and {len(beginning)} are there")
        values = [*beginning[: self.dropped], *super().__iter__()]
        for place, value in self._again.items():
            values[place] = value
        return values


def held(run: Run) -> int:
    """How many values of metrics a run holds."""
    return sum(values.held if isinstance(values, Tail) else len(values) for values in run.logs().values())


def forget(run: Run, lengths: Mapping[str, int], stale: Iterable[Place]) -> None:
    """Drops what a copy has.

    Args:
        run: The run.
        lengths: How many values of each list the copy has; see `Acknowledged`.
        stale: The places whose values there are older.
    """
    needed: dict[str, set[int]] = {}
    for path, place in stale:
        needed.setdefault(path, set()).add(place)
    for path, values in run.lists.items():
        length = lengths.get(path, 0)
        if path.startswith("logs.") and 0 < length <= len(values):
            tail = run.lists[path] = values if isinstance(values, Tail) else Tail(values)
            tail.forget(length, needed.get(path, ()))
    epochs = run.epochs = run.epochs if isinstance(run.epochs, Tail) else Tail(run.epochs)
    epochs.forget(len(epochs) - 1, ())
    run.is_whole = False


def forget_all(run: Run) -> None:
    """Drops all values of a run, for one that no copy lacks anything of."""
    forget(run, {path: len(values) for path, values in run.lists.items()}, ())


def recall(run: Run, past: Run) -> None:
    """Makes a run whole again.

    Args:
        run: The run.
        past: The same run, made of its journal; it may be ahead.

    Raises:
        LookupError: The journal has less than was dropped.
    """
    whole = {
        path: values.whole(past.lists.get(path, [])) for path, values in run.lists.items() if isinstance(values, Tail)
    }
    if isinstance(run.epochs, Tail):
        run.epochs = run.epochs.whole(past.epochs)
    run.lists.update(whole)
    run.is_whole = True
