"""A training in the test's own process, and what it has saved."""

from __future__ import annotations

import time
import uuid
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from marcelle_rt import Writer
from marcelle_rt.backend import Backend
from marcelle_rt.notices import MarcelleWarning
from tests.support.pictures import PNG
from tests.support.trainings.audit import Counts, audit
from tests.support.trainings.program import logs_of


class Live:
    """A `Writer` with a run open.

    Args:
        url: The backend, or a line to it.
        base: A folder for the run's folder.
        model: The model that is saved.
        clock: What the pauses between two messages and two attempts are told by.
        **options: For the `Writer`.
    """

    def __init__(
        self, url: str | None, base: Path, model: Any, clock: Callable[[], float] = time.monotonic, **options: Any
    ) -> None:
        self._picture = base / "fig.png"
        self._caught = warnings.catch_warnings(record=True)
        self._said = self._caught.__enter__()
        warnings.simplefilter("always", MarcelleWarning)
        self.saved: list[int] = []
        self.files_saved = 0
        options = {"disk_save_format": "keras", "base_log_dir": base / "logs", **options}
        self.writer = Writer(uuid.uuid4().hex, url, **options)
        self.writer.settings = replace(self.writer.settings, clock=clock)
        self.writer.create_run(model)
        self.writer.train_begin(1000)

    @property
    def directory(self) -> Path:
        """The run's folder."""
        assert self.writer.run_directory is not None
        return self.writer.run_directory

    @property
    def said(self) -> list[str]:
        """What the user was told."""
        return [str(warning.message) for warning in self._said if "marcelle" in str(warning.category).lower()]

    def save(self, *epochs: int, files: bool = False, assets: bool = False) -> None:
        """Saves epochs, each with a checkpoint and an asset if told so, or with an asset alone."""
        for epoch in epochs:
            self._picture.write_bytes(PNG + str(epoch).encode())
            kept = [self._picture] if files or assets else []
            self.writer.save_epoch(epoch, logs_of(epoch), save_checkpoint=files, assets=kept)
            self.saved.append(epoch)
            self.files_saved += len(kept) + files

    def audit(self, backend: Backend) -> Counts:
        """What became of the run."""
        return audit(backend, self.directory, self.saved, self.files_saved)

    def is_complete(self, backend: Backend) -> bool:
        """Whether all that was saved is in the journal and on the backend, once."""
        count = len(self.saved) + self.files_saved
        counts = self.audit(backend)
        assert counts == Counts(count, count, count, 0, 0)
        return True

    def __enter__(self) -> Live:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.writer.finish_timeout = 1.0
        self.writer.end("success")
        self._caught.__exit__(kind, error, traceback)
