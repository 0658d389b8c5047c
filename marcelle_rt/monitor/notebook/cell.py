"""Where a panel lives in a notebook: its cell, the kernel's loop that moves it, and the picture that is saved."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any, Protocol

from ..follow import Follower
from .panel import Panel

_BUSY = 0.3  # seconds after which the kernel's main loop is taken to be kept busy by a cell
_STILLS = 10.0  # seconds at least between two pictures, as long as runs train


class View(Protocol):
    """What a cell shows (`LiveRuns`): a later run of the cell closes it."""

    def close(self) -> None:
        """Ends it."""
        ...


_cells: dict[str, tuple[str, list[tuple[View, Shown]]]] = {}
"""What each cell shows, and the execution that showed it. It keeps what is shown alive."""


class Shown:
    """A panel in a notebook.

    The widgets are touched on loops of the kernel alone. That is its main one, and as long as a cell that runs
    holds it, the one that the kernel's output goes through: so curves move while a cell trains.

    Args:
        follower: Keeps the board.
        key: Tells this view from others in a page.
        kernel: The notebook's.
    """

    def __init__(self, follower: Follower, key: str, kernel: Any) -> None:
        if "google.colab" in sys.modules:
            from google.colab import output

            output.enable_custom_widget_manager()
        self.panel: Panel = Panel(follower, key)
        self._follower = follower
        self._kernel = kernel
        self._loop = asyncio.get_running_loop()
        output_thread = getattr(kernel, "iopub_thread", None)
        self._output_loop = output_thread.io_loop.asyncio_loop if output_thread is not None else None
        self._due = False
        self._still_at = 0.0
        self._still = ""
        self._displayed = False
        self._ran: set[Any] = set()

    def display(self, view: View) -> None:
        """Shows the panel in the cell that runs, and closes what an earlier run of that cell had shown.

        Args:
            view: Whose panel it is.
        """
        cell, execution = _cell(self._kernel)
        before = _cells.get(cell)
        if before is not None and before[0] != execution:
            for earlier, _ in before[1]:
                if earlier is not view:
                    earlier.close()
            before = None
        _cells[cell] = execution, [*(before[1] if before else []), (view, self)]
        self.panel.draw()
        # Beside the widget, what is shown where there is no kernel: text/plain by who can show neither.
        widget = {"model_id": self.panel.box.model_id, "version_major": 2, "version_minor": 0}
        self._publish({"application/vnd.jupyter.widget-view+json": widget})
        self._still, self._still_at = self.panel.still(), time.monotonic()
        self._publish({"text/html": self._still}, transient={"display_id": self.panel.key})
        self._displayed = True

    def news(self) -> None:
        """Has the panel drawn soon; from any thread."""
        self._due = True
        try:
            self._loop.call_soon_threadsafe(self._draw)
            if self._output_loop is not None:
                self._output_loop.call_soon_threadsafe(self._output_loop.call_later, _BUSY, self._draw)
        except RuntimeError:  # the kernel has closed its loops: it ends
            self._follower.close()

    def close(self) -> None:
        """Leaves the picture in the notebook, and closes the widgets."""
        if self._displayed:
            self._show_still()
        self.panel.close()
        for cell, (execution, shown) in list(_cells.items()):
            left = [(view, panel) for view, panel in shown if panel is not self]
            if left:
                _cells[cell] = execution, left
            else:
                del _cells[cell]

    def _draw(self) -> None:
        with self._follower.lock:
            if not self._due or self.panel.box.comm is None:
                return
            self._due = False
            self.panel.draw()
            running = self._follower.board.running()
            ended = self._ran - running
            self._ran = running
        # Not with the lock: publishing waits for the kernel's output, whose loop may be about to draw.
        if ended or self._follower.closed or time.monotonic() - self._still_at > _STILLS:
            self._show_still()

    def _show_still(self) -> None:
        before, self._still, self._still_at = self._still, self.panel.still(), time.monotonic()
        if self._still != before:
            self._publish({"text/html": self._still}, transient={"display_id": self.panel.key}, update=True)

    def _publish(self, data: dict[str, Any], **how: Any) -> None:
        self._kernel.shell.display_pub.publish({"text/plain": "Live runs", **data}, **how)


def _cell(kernel: Any) -> tuple[str, str]:
    """The cell that runs, and this run of it. JupyterLab and VS Code name cells; elsewhere its code stands for it."""
    message = kernel.get_parent()
    cell = message.get("metadata", {}).get("cellId")
    code = message.get("content", {}).get("code", "")
    return str(cell or code), str(message.get("header", {}).get("msg_id"))
