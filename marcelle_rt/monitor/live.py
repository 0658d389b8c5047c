"""`LiveRuns`: runs that move, in a notebook and in a terminal."""

from __future__ import annotations

import io
import sys
import time
import uuid
import weakref
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..client.service import NOTHING
from ..errors import BackendUnreachable
from .board import Board
from .follow import Follower

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..client.data_store import DataStore
    from .notebook.cell import Shown


class LiveRuns:
    """Live curves and a table of runs: those that train, then the newest, or those that are chosen.

    As a cell's last expression, or by `display(live)`, it is a widget; it moves while cells run, and a notebook
    that was saved shows its last state. Running the cell again closes the one that it showed before. In a terminal
    `live.show()` is a table that moves, and `print(live)` the table as it is now.

    Args:
        store: The backend.
        query: Which runs; filters as for `Service.watch`.
        metrics: Which metrics, in this order; `None` for all, one by its name alone.

    Raises:
        BackendUnreachable: Nobody answers.
        FeathersError: The server refuses the query.
        InvalidData: The query can't be followed.

    Example:
        LiveRuns(DataStore(), {"basename": "digits"}, metrics=["loss", "val_loss"])
    """

    def __init__(
        self, store: DataStore, query: Mapping[str, Any] = NOTHING, metrics: Sequence[str] | None = None
    ) -> None:
        self._store = store
        self._query = dict(query)
        self._shown: Shown | None = None
        self._follower = Follower(store, query, Board(metrics=metrics), _news(weakref.ref(self)))
        try:
            self._follower.start()
        except BackendUnreachable as error:  # a notebook would show how each part of the way there failed
            raise error.with_traceback(None) from None
        # One that is dropped and not shown anywhere must stop listening.
        self._dropped = weakref.finalize(self, self._follower.close)

    def show(self) -> None:
        """Shows it: in a notebook as a widget, else as a table that moves until the runs have ended."""
        if _kernel() is not None:
            self._ipython_display_()
            return
        from .terminal.watch import watch_runs

        watch_runs(self._store, self._query)

    def close(self) -> None:
        """Ends it. A notebook keeps the last state as a still picture."""
        self._follower.close()
        if self._shown is not None:
            self._shown.close()
            self._shown = None

    @property
    def figure(self) -> Any:
        """Plotly's `FigureWidget` with the curves, once it is shown in a notebook; else `None`."""
        return None if self._shown is None else self._shown.panel.figure

    def __enter__(self) -> LiveRuns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __rich__(self) -> RenderableType:
        from .terminal.table import table

        with self._follower.lock:
            return table(self._follower.board, time.time(), 100, away=self._follower.away)

    def __repr__(self) -> str:
        from rich.console import Console

        output = io.StringIO()
        Console(file=output, width=100).print(self)
        return output.getvalue().rstrip()

    def _ipython_display_(self) -> None:
        if (kernel := _kernel()) is None:
            print(self)
            return
        from .notebook.cell import Shown

        if self._shown is None:
            self._shown = Shown(self._follower, uuid.uuid4().hex[:12], kernel)
        self._shown.display(self)


def _news(live: weakref.ref[LiveRuns]) -> Any:
    def news() -> None:
        it = live()
        if it is not None and it._shown is not None:
            it._shown.news()

    return news


def _kernel() -> Any:
    """The notebook's kernel that this runs in; `None` in a terminal and in scripts."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None)
