"""The numbers of a run's epochs, as stretches that are evenly apart: neither memory nor documents grow with a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_MOST = 200  # stretches that a run's document tells of


class Numbering:
    """The epochs' numbers in the order of their places.

    Attributes:
        turns: Grows whenever `stretches` may tell something else.
    """

    def __init__(self, epochs: Iterable[int] = ()) -> None:
        self._stretches: list[range] = []
        self._count = 0
        self.turns: int = 0
        self._next: int | None = None  # the number that would go on with the last stretch
        for epoch in epochs:
            self.add(epoch)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        for stretch in self._stretches:
            yield from stretch

    @property
    def last(self) -> int | None:
        """The number that has the last place, or `None` where there is none."""
        return self._stretches[-1][-1] if self._stretches else None

    def add(self, epoch: int) -> int:
        """Gives a number the next place, and returns that."""
        stretches = self._stretches
        if epoch == self._next:
            last = stretches[-1]
            stretches[-1] = range(last.start, epoch + last.step, last.step)
            self._next = epoch + last.step
        elif stretches and len(stretches[-1]) == 1 and epoch != stretches[-1].start:
            first = stretches[-1].start
            step = epoch - first
            stretches[-1] = range(first, epoch + step, step)
            self._next = epoch + step
            self.turns += 1
        else:
            stretches.append(range(epoch, epoch + 1))
            self._next = epoch + 1
            self.turns += 1
        self._count += 1
        return self._count - 1

    def places(self, epoch: int) -> Iterator[int]:
        """The places of a number, in order."""
        place = 0
        for stretch in self._stretches:
            if epoch in stretch:
                yield place + stretch.index(epoch)
            place += len(stretch)

    def cut(self, keep: int) -> None:
        """Keeps the first so many places."""
        while self._count > keep:
            last = self._stretches.pop()
            self._count -= len(last)
            if self._count < keep:
                kept = last[: keep - self._count]
                # A number alone is apart from no other.
                self._stretches.append(kept if len(kept) > 1 else range(kept.start, kept.start + 1))
                self._count = keep
        last = self._stretches[-1] if self._stretches else range(0)
        self._next = last[-1] + last.step if last else None

    def stretches(self) -> list[list[int]] | None:
        """What a document has to tell of the numbers: for each stretch its first place, its first number, its step.

        Returns:
            The stretches; `None` where the numbers are consecutive, so that the last one tells them all, and where
            there are too many stretches.
        """
        stretches = self._stretches
        if len(stretches) > _MOST or not stretches or (len(stretches) == 1 and stretches[0].step == 1):
            return None
        told, place = [], 0
        for stretch in stretches:
            told.append([place, stretch.start, stretch.step])
            place += len(stretch)
        return told
