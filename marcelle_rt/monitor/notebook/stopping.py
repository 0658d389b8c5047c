"""Buttons that stop runs, for a notebook: one for each run that trains and can be asked to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

from ...errors import MarcelleError
from ...foreign import clean
from ...notices import THREADS
from ..board import Entry, Row
from ..follow import Follower


class StopButtons:
    """The buttons below the curves. A click asks on a thread of its own: the kernel's loop waits for no network.

    | attribute | written by | read by |
    |---|---|---|
    | `_asked`, `_buttons` | the kernel's loop | the kernel's loop |
    | `said` | the threads that ask | the kernel's loop |

    Args:
        follower: Keeps the board, and asks.

    Attributes:
        box: The widget that holds them.
        said: What came of each click, by the run's id.
    """

    def __init__(self, follower: Follower) -> None:
        import ipywidgets as widgets

        self.box: widgets.HBox = widgets.HBox([], layout=widgets.Layout(flex_flow="row wrap"))
        self.said: dict[Any, str] = {}
        self._follower = follower
        self._asked: set[Any] = set()
        self._buttons: dict[Any, Any] = {}

    def draw(self, rows: Sequence[Row]) -> None:
        """Shows a button for each of the shown runs that trains and can be stopped.

        Args:
            rows: The board's.
        """
        entries = {row.entry.id: row.entry for row in rows if row.entry.running and row.entry.can_stop}
        if list(entries) != list(self._buttons):
            gone = [button for key, button in self._buttons.items() if key not in entries]
            self._buttons = {key: self._buttons.get(key) or self._button(entry) for key, entry in entries.items()}
            self.box.children = tuple(self._buttons.values())
            for button in gone:
                button.layout.close()
                button.style.close()
                button.close()
        for key, button in self._buttons.items():
            button.disabled = key in self._asked and key not in self.said

    def _button(self, entry: Entry) -> Any:
        import ipywidgets as widgets

        layout = widgets.Layout(width="auto")
        button = widgets.Button(description=f"stop {clean(entry.name, 40)}", icon="stop", layout=layout)
        button.on_click(partial(self._clicked, entry))
        return button

    def _clicked(self, entry: Entry, button: Any) -> None:
        button.disabled = True
        self._asked.add(entry.id)
        self.said.pop(entry.id, None)
        threading.Thread(target=self._ask, args=[entry], name=f"{THREADS}stop", daemon=True).start()

    def _ask(self, entry: Entry) -> None:
        try:
            told = self._follower.stop(entry.id).sentence
        except MarcelleError as error:
            told = f"was not stopped: {error}"
        self.said[entry.id] = f"{clean(entry.name, 40)} {told}"
