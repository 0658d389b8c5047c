"""Resuming: where a run goes on that its folder has already, and what goes for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import time

from ...notices import Notices
from ..document import events
from ..document.events import BATCHES, Event, Written
from ..document.resumed import Resumed
from ..folder import files
from ..training.epochs import Epochs


class Resuming:
    """A run that goes on; the first epoch that is saved decides where.

    Args:
        past: What the run's folder has.
        epochs: The run's epochs, which take over those of the past.
        directory: The run's folder.
        notices: What the user is told.

    Attributes:
        ended: How the run ended, and why, as long as nothing was trained since; `None` where it was cut off.
    """

    def __init__(self, past: Resumed, epochs: Epochs, directory: Path | None, notices: Notices) -> None:
        fields = past.run.fields
        epochs.go_on_from(past.run.epochs, fields.get("epochs"), past.fractions)
        is_early = fields.get("outcome") in events.OUTCOMES
        how, why = (fields.get(name) for name in (("outcome", "reason") if is_early else ("status", "error")))
        self.ended: tuple[str, str | None] | None = None
        if past.run.ended:
            self.ended = str(how), why if isinstance(why, str) else None
        self._past = past
        self._epochs = epochs
        self._directory = directory
        self._notices = notices
        self._new_paths: set[str] = set()

    def note(self, event: Event) -> None:
        """Notes an event that was recorded since: a file of it is new, and stays."""
        if event["type"] == "begin":
            self.ended = None
        if "path" in event:
            self._new_paths.add(event["path"])

    def tell_what_goes(self, epoch: float) -> None:
        """Says what will be dropped of the run when the training goes on with an epoch."""
        at = self._past.fractions
        numbers = [at.get(place, number) for place, number in enumerate(self._past.run.epochs)]
        gone = [number for number in numbers if number >= epoch]
        if not gone:
            return
        first, last, whole = min(gone), max(gone), int(max(gone))
        which = f"epoch {first}" if first == last else f"epochs {first} to {last}"
        self._notices.warn(
            "goes",
            f"The training goes on with epoch {epoch}, so {which} of {self._directory} will be dropped, with the "
            f"checkpoints and assets since. To keep them, go on with epoch {whole + 1} (Keras: initial_epoch={whole}).",
        )

    def cut_before(self, epoch: float, record: Callable[[Written], None]) -> None:
        """Drops what the run has from an epoch on, because the training repeats it.

        Args:
            epoch: The first epoch's number.
            record: Writes an event.
        """
        self.tell_what_goes(epoch)
        keep = self._epochs.cut_before(epoch)
        run = self._past.run
        batches, instead = self._past.batches_from(keep)
        event = events.resume(time(), keep, run.files_from(epoch, keep), batches)
        record(event)
        for chunk in instead:
            record(events.document(time(), BATCHES, run.id, chunk))
        run.apply(event)
        files.remove_dropped(run, self._directory, self._new_paths, self._notices)
