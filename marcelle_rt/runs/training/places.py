"""Which place each epoch has, in memory that does not grow while epochs follow one another evenly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Places:
    """The epochs' numbers in the order of their places, as stretches that are evenly apart."""

    def __init__(self, epochs: Iterable[int] = ()) -> None:
        self._stretches: list[range] = []
        self._count = 0
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
        else:
            stretches.append(range(epoch, epoch + 1))
            self._next = epoch + 1
        self._count += 1
        return self._count - 1

    def find(self, epoch: int) -> int | None:
        """The first place of a number, or `None` if it has none."""
        place = 0
        for stretch in self._stretches:
            if epoch in stretch:
                return place + stretch.index(epoch)
            place += len(stretch)
        return None
