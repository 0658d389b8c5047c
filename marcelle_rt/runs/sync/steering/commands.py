"""What one run is asked while it goes on: from its first look for commands on, it listens, and its document says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ....notices import Notices
from ...document import events
from ...document.commands import STEERING, Command
from ...document.events import Written
from ...remote.destination import Destination
from ...training.steering import Setter
from .listener import Listener

_PATIENCE = 2.0  # seconds that the end of a run waits for its last answers to be sent


class Commands:
    """The commands to a run, for its training; all of it belongs to the training's thread.

    Args:
        destination: The backend; `None` where nothing is sent, and so nothing is heard.
        run_id: The run's `_id`.
        notices: What the user is told.
        record: Records an event of the run.
        resumed: Whether the run goes on: commands from before are late.
    """

    def __init__(
        self,
        destination: Destination | None,
        run_id: str,
        notices: Notices,
        record: Callable[[Written], None],
        *,
        resumed: bool,
    ) -> None:
        self._destination = destination
        self._run_id = run_id
        self._notices = notices
        self._record = record
        self._is_resumed = resumed
        self._listener: Listener | None = None

    def take(self, setters: Mapping[str, Setter], checkpoint: Callable[[], object] | None) -> list[Command]:
        """Does what the run is asked, and has it answered. Takes no time where nothing waits, and raises nothing.

        Args:
            setters: For each name that can be set what takes its value.
            checkpoint: Saves the model; `None` where that can't be asked.

        Returns:
            What was asked since the last time.
        """
        listener = self._listener or self._listen()
        if listener is None:
            return []
        if listener.steering.declare(setters, checkpoint):
            self._record(events.extra(time.time(), {STEERING: listener.steering.offers}))
        return listener.steering.take()

    @property
    def is_stopped(self) -> bool:
        """Whether the run was asked to stop, and its training has taken that."""
        return self._listener is not None and self._listener.steering.is_stopped

    def resumed(self, fields: Mapping[str, Any]) -> None:
        """The run goes on: what its last program let be asked, this one may not."""
        if fields.get(STEERING) is not None:
            self._record(events.extra(time.time(), {STEERING: None}))

    def end(self, status: str, epoch: int | None) -> None:
        """The run ends; waits for nothing.

        Args:
            status: As what.
            epoch: Its last epoch.
        """
        if self._listener is not None:
            self._record(events.extra(time.time(), {STEERING: None}))
            self._listener.end(status if epoch is None else f"{status} after epoch {epoch}")

    def wait(self) -> None:
        """Waits until who asked is answered; a moment at most."""
        if self._listener is not None:
            self._listener.wait(_PATIENCE)

    def _listen(self) -> Listener | None:
        if self._destination is None:
            return None
        owns_link = self._destination.owns_link
        link = self._destination.open()
        self._listener = Listener(link, self._run_id, self._notices, owns_link=owns_link, resumed=self._is_resumed)
        self._listener.start()
        return self._listener
