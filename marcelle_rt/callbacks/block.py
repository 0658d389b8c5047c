"""Block: an adapter as a `with` block, for frameworks that tell nobody how a training ended, and in several threads."""

from __future__ import annotations

import copy
import threading
from types import TracebackType
from typing import Any, TypeVar

from .adapter_runs import AdapterRuns

_B = TypeVar("_B", bound="Block")


class Block:
    """What an adapter's `with` does: its end ends the runs that are still open, as a success or by its exception.

    Where several threads train by one adapter at a time, as searches do, each has a run of its own.

    Attributes:
        _runs: The adapter's runs, which it sets itself.
    """

    _runs: AdapterRuns

    def __init__(self) -> None:
        self._others: dict[int, AdapterRuns] = {}
        super().__init__()  # the framework's own class, where there is one

    def __enter__(self: _B) -> _B:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for runs in (self._runs, *self._others.values()):
            if error is None:
                runs.end()
            else:
                runs.fail(error)

    def __getstate__(self) -> dict[str, Any]:
        """A copy is of one thread."""
        return {**self.__dict__, "_others": {}}

    def _at_begin(self) -> AdapterRuns:
        """The runs of a training that begins: where another thread is training by this adapter, runs of its own."""
        here = threading.get_ident()
        if here not in self._others and self._runs.is_training and self._runs.thread != here:
            self._others[here] = copy.deepcopy(self._runs)
        return self._here()

    def _here(self) -> AdapterRuns:
        """The runs of the thread that calls."""
        return self._others.get(threading.get_ident(), self._runs)
