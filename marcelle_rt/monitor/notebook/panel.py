"""The widget: curves that move, a table, and what can be chosen. For a notebook's kernel."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from ..follow import Follower
from ..text import AWAY
from . import html
from .drawing import Choices, Colors, Painter
from .figure import LiveFigure
from .stopping import StopButtons
from .svg import svg

_RUNS = 100  # that can be chosen from
_MISSING = "LiveRuns in a notebook needs plotly and anywidget: pip install 'marcelle-rt[notebook]'"


class Panel:
    """The widgets of one view, and how the board gets into them.

    Args:
        follower: Keeps the board; its lock guards the widgets too.
        key: Tells this view's elements in a page from those of others.

    Attributes:
        box: The widget that holds all.

    Raises:
        ImportError: The `notebook` extra is not installed.
    """

    def __init__(self, follower: Follower, key: str) -> None:
        try:
            import ipywidgets as widgets

            self._figure = LiveFigure()
        except ImportError as error:
            raise ImportError(_MISSING) from error
        self.key = key
        self._follower = follower
        self._choices = Choices()
        self._colors = Colors()
        self._painter = Painter()
        self._setting = False

        small = {"layout": widgets.Layout(width="240px"), "style": {"description_width": "initial"}}
        self._metrics = widgets.SelectMultiple(rows=4, layout=widgets.Layout(width="180px"))
        self._runs = widgets.SelectMultiple(rows=4, layout=widgets.Layout(width="220px"))
        self._axis = widgets.ToggleButtons(options=["epoch", "time"], style={"button_width": "64px"})
        self._log = widgets.Checkbox(description="log scale", indent=False, **small)
        self._smoothing = widgets.FloatSlider(
            description="smoothing", min=0, max=0.99, step=0.01, readout_format=".2f", continuous_update=False, **small
        )
        self._table = widgets.HTML()
        self._notes = widgets.HTML()
        self._stops = StopButtons(follower)
        for control in (self._metrics, self._runs, self._axis, self._log, self._smoothing):
            control.observe(self._chosen, "value")
        switches = widgets.VBox([self._axis, self._log, self._smoothing])
        controls = [_labelled("metrics", self._metrics), _labelled("compare runs", self._runs), switches]
        head = widgets.HBox(controls, layout=widgets.Layout(flex_flow="row wrap", grid_gap="16px"))
        self.box: widgets.VBox = widgets.VBox([head, self.figure, self._table, self._stops.box, self._notes])
        self.box.add_class(f"marcelle-live-{key}")

    @property
    def figure(self) -> Any:
        """The curves, plotly's `FigureWidget`."""
        return self._figure.widget

    def draw(self) -> None:
        """Brings the widgets level with the board; only what differs goes to the page."""
        with self._follower.lock:
            board = self._follower.board
            rows, metrics = board.rows(time.time()), board.metrics()
            self._options(metrics)
            drawn = self._choices.drawn(metrics)
            self._colors.assign(board.shown)
            drawing = self._painter.draw(rows, drawn, self._choices, self._colors)
            self._figure.draw(drawing, self._choices.log)
            self._table.value = html.table(rows, metrics, self._colors.of)
            self._stops.draw(rows)
            self._notes.value = html.notes(board, rows, drawn, self._state())

    def still(self) -> str:
        """The state as HTML that needs no kernel."""
        with self._follower.lock:
            board = self._follower.board
            rows, metrics = board.rows(time.time()), board.metrics()
            drawn = self._choices.drawn(metrics)
            self._colors.assign(board.shown)
            drawing = Painter().draw(rows, drawn, self._choices, self._colors)
            image = svg(list(drawing.lines.values()), drawing.x_title, drawing.y_title, self._choices.log)
            below = html.table(rows, metrics, self._colors.of) + html.notes(board, rows, drawn)
            return html.still(self.key, image, below)

    def close(self) -> None:
        """Takes the widgets out of the page."""
        with self._follower.lock:
            from ipywidgets import Widget

            def end(widget: Any) -> None:
                for child in getattr(widget, "children", ()):
                    end(child)
                for part in (widget.layout, getattr(widget, "style", None)) if hasattr(widget, "layout") else ():
                    if isinstance(part, Widget):
                        part.close()
                widget.close()

            end(self.box)

    def _state(self) -> str:
        if self._follower.error is not None:
            return str(self._follower.error)
        if self._follower.closed:
            return "closed; run the cell again to resume"
        if self._follower.away:
            return AWAY
        return "; ".join(self._stops.said.values())

    # What a person chooses

    def _options(self, metrics: list[str]) -> None:
        """Offers what there is to choose from, and leaves chosen what was."""
        board = self._follower.board
        runs = [(entry.name, entry.id) for entry in board.newest(_RUNS)]
        with self._while_setting():
            for control, options in ((self._metrics, [(name, name) for name in metrics]), (self._runs, runs)):
                if list(control.options) != options:
                    kept = tuple(value for value in control.value if value in [value for _, value in options])
                    control.options = options
                    control.value = kept

    @contextlib.contextmanager
    def _while_setting(self) -> Iterator[None]:
        self._setting = True
        try:
            yield
        finally:
            self._setting = False

    def _chosen(self, change: Any) -> None:
        with self._follower.lock:
            if self._setting:
                return
            self._choices = Choices(
                metrics=tuple(self._metrics.value) or None,
                log=self._log.value,
                smoothing=self._smoothing.value,
                by_time=self._axis.value == "time",
            )
            if change["owner"] is self._runs:
                self._follower.board.choose(self._runs.value or None)
            self.draw()


def _labelled(label: str, control: Any) -> Any:
    import ipywidgets as widgets

    return widgets.VBox([widgets.Label(label), control])
