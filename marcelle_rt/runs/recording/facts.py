"""RunFacts: what a Writer tells of its run."""

from __future__ import annotations

from pathlib import Path

from ...cards import card
from ..sync.status import Status
from .current import Current
from .settings import RunSettings


class RunFacts:
    """What a Writer tells of its run."""

    name: str
    settings: RunSettings
    _current: Current

    def __repr__(self) -> str:
        return f"Writer({self.name!r}{self._current})"

    def _repr_html_(self) -> str:
        facts = {**self._current.facts(), "backend": self.url, "folder": self.run_directory}
        return card(f"Writer {self.name}", facts)

    @property
    def run_directory(self) -> Path | None:
        """The folder of the run, or `None` before `create_run` and where none could be made."""
        return self._current.run.directory if self._current.run is not None else None

    @property
    def run_id(self) -> str | None:
        """The `_id` of the run, or `None` before `create_run`."""
        return self._current.run.run_id if self._current.run is not None else None

    @property
    def next_run_id(self) -> str:
        """The `_id` that the run of the next `create_run` gets."""
        return self._current.next_id

    @property
    def run_name(self) -> str | None:
        """The run's name on the backend, such as `digits-4`; `None` until the backend has given it one."""
        return self._current.run.name if self._current.run is not None else None

    @property
    def url(self) -> str | None:
        """The URL of the backend that runs are sent to, or `None` where they stay in the folder."""
        return self.settings.destination.url if self.settings.destination is not None else None

    @property
    def status(self) -> Status:
        """How the run is doing, as far as its thread has come."""
        return self._current.status

    @property
    def planned_epochs(self) -> int:
        """How many epochs `train_begin` has said that the run will have; 0 if that is not known."""
        return self._current.run.epochs.planned if self._current.run is not None else 0

    @property
    def is_open(self) -> bool:
        """Whether a run was created, and has not ended."""
        return self._current.open is not None and not self._current.gate.is_ending
