"""Curves in plotly's `FigureWidget`, so that a page that comes late or comes again has them as they are."""

from __future__ import annotations

import html
import time
from typing import Any

from ...foreign import clean
from .drawing import Drawing
from .svg import GREY, Line

SLOTS = 40
"""The maximum number of curves that are drawn."""

_GRID = "rgba(128,128,128,.25)"
_UNHEARD, _HEARD = 1.0, 10.0  # seconds between two times that all curves are sent


class LiveFigure:
    """A figure that is brought level with drawings.

    Plotly's messages change what a page shows, and one that comes before the page has loaded plotly is lost: that
    takes seconds, and the kernel hears nothing of it as long as a cell runs. So all there ever is are a fixed
    number of traces, which are shown and hidden: any message can be repeated, and all of them are from time to time.

    Attributes:
        widget: Plotly's `FigureWidget`.
    """

    def __init__(self) -> None:
        from plotly.graph_objects import FigureWidget

        hidden = {"type": "scatter", "visible": False, "showlegend": True}
        self.widget: Any = FigureWidget([hidden] * SLOTS, _layout())
        # The state that a page begins with is the figure itself, and not a copy of how it began.
        self.widget._widget_data = self.widget._data
        self.widget._widget_layout = self.widget._layout
        self.widget.observe(self._hear, "_js2py_traceDeltas")
        self._slots: dict[tuple[Any, str], int] = {}
        self._lines: dict[tuple[Any, str], Line] = {}
        # What was set last: to ask plotly for it takes longer than all else.
        self._styles: dict[int, dict[str, Any]] = {}
        self._axes: dict[str, str] = {}
        self._heard = False
        self._pending = True
        self._all_at = time.monotonic()

    def draw(self, drawing: Drawing, log: bool) -> None:
        """Shows a drawing; only what differs is sent.

        Args:
            drawing: The curves; the first 40 are shown.
            log: Whether the axis at the side is logarithmic.
        """
        lines = dict(list(drawing.lines.items())[:SLOTS])
        gone = [key for key in self._slots if key not in lines]
        free = {self._slots.pop(key) for key in gone}
        unused = [slot for slot in range(SLOTS) if slot not in self._slots.values()]
        for key in lines:
            if key not in self._slots:
                self._slots[key] = unused.pop(0)
        changed = {self._slots[key]: line for key, line in lines.items() if self._lines.get(key) is not line}
        self._lines = lines
        axes = {
            "xaxis.title.text": drawing.x_title,
            "yaxis.title.text": _plain(drawing.y_title),
            "yaxis.type": "log" if log else "linear",
        }
        axes = {path: value for path, value in axes.items() if self._axes.get(path) != value}
        self._axes.update(axes)
        with self.widget.batch_update():
            for slot in free - set(self._slots.values()):
                self.widget.data[slot].visible = False
                self._styles.pop(slot, None)
            for slot, line in changed.items():
                self._fill(slot, line)
            for path, value in axes.items():
                self.widget.layout[path] = value
        self._pending = self._pending or bool(free or changed or axes)
        self._send_all()

    def _fill(self, slot: int, line: Line) -> None:
        trace, before = self.widget.data[slot], self._styles.get(slot, {})
        trace.x, trace.y = line.x, line.y
        # One point makes no line.
        mode = "markers" if line.x.size == 1 else "lines"
        style = {
            "visible": True,
            "name": _plain(line.name),
            "mode": mode,
            "line.color": line.color,
            "line.dash": line.dash,
        }
        for path, value in style.items():
            if before.get(path) != value:
                trace[path] = value
        self._styles[slot] = style

    def _hear(self, change: Any) -> None:
        """A page has drawn something."""
        self._heard = self._heard or change["new"] is not None

    def _send_all(self) -> None:
        """Repeats all that pages may have missed."""
        now = time.monotonic()
        if now - self._all_at < (_HEARD if self._heard else _UNHEARD) or not (self._pending or not self._heard):
            return
        self._all_at, self._pending = now, False
        if not self._heard:  # for a page that has not begun yet
            self.widget.send_state(["_widget_data", "_widget_layout"])
        props = ("x", "y", "visible", "name", "mode", "line")
        slots = sorted(self._slots.values())
        self.widget._send_restyle_msg(
            {prop: [self.widget._data[slot].get(prop) for slot in slots] for prop in props}, trace_indexes=slots
        )
        hidden = [slot for slot in range(SLOTS) if slot not in slots]
        self.widget._send_restyle_msg({"visible": False}, trace_indexes=hidden)


def _plain(text: str) -> str:
    """Text that plotly shows as it is: it would read tags, and formulas between dollar signs."""
    return html.escape(clean(text), quote=False).replace("$", "&#36;")


def _layout() -> dict[str, Any]:
    axis = {"gridcolor": _GRID, "zerolinecolor": _GRID, "linecolor": _GRID, "title": {"text": ""}}
    return {
        "autosize": True,
        "height": 380,
        "margin": {"l": 64, "r": 16, "t": 16, "b": 44},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": GREY},
        "legend": {"orientation": "h", "y": -0.2, "yanchor": "top"},
        "showlegend": True,
        "hovermode": "closest",
        "uirevision": "kept",  # a zoom stays when the curves grow
        "xaxis": axis,
        "yaxis": axis,
    }
