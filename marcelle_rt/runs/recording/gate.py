"""A verb is not broken by an end: what a signal's handler ends in the middle of one, ends after it."""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident


class Gate:
    """Entered for each verb on an open run, by the thread that calls it.

    A handler of the user's (of a cluster's SIGUSR1, say) may end the run on the very thread that records an epoch: at
    once, that epoch would be lost, and the handler would wait for what the interrupted verb holds. Another thread's end
    waits for no verb; a run's own lock keeps it out of what must be whole.

    `_inside` has each thread as often as it is in a verb; `_late` is written and taken by one thread.
    """

    def __init__(self) -> None:
        self._inside: list[int] = []
        self._late: tuple[int, Callable[[], None]] | None = None

    def __enter__(self) -> None:
        self._inside.append(get_ident())

    def __exit__(self, *_: object) -> None:
        self._inside.remove(get_ident())
        if self._late is not None:
            self._end_late()

    @property
    def is_ending(self) -> bool:
        """Whether an end waits for a verb."""
        return self._late is not None

    def end(self, act: Callable[[], None]) -> None:
        """Ends the run, or has it end as soon as this thread's verb has ended.

        Args:
            act: Ends it.
        """
        if get_ident() not in self._inside:
            act()
        elif self._late is None:
            self._late = get_ident(), act

    def _end_late(self) -> None:
        assert self._late is not None
        thread, act = self._late
        if thread == get_ident() and thread not in self._inside:
            self._late = None
            act()
