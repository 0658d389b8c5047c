"""The verbs of a Writer that save the model."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...notices import Notices
from ..training.checkpoints import checked_usage
from .current import Current
from .recording import Recording


class Checkpointing:
    """A Writer that saves checkpoints of a model, or keeps files that were made of one."""

    model: Any
    disk_save_format: str
    source: str
    notices: Notices
    _current: Current
    _weights_only: bool
    _open: Callable[[str], Recording | None]

    def use_model(self, model: Any, **usage: Any) -> None:
        """Says of which model the checkpoints are; `create_run` does so for a new run, and this for one that goes on.

        Args:
            model: The model.
            usage: `example`, `preprocess`, `activation` and `labels`, as `create_run` takes them.
        """
        self.model, self._usage = model, checked_usage(usage, self.notices)
        self._prepare_checkpoints()

    def _prepare_checkpoints(self) -> None:
        if (run := self._current.open) is not None and self.model is not None:
            run.files.checkpoints.prepare(self.model, self._usage, self.disk_save_format)

    def save_checkpoint(
        self,
        epoch: int | str,
        metadata: Mapping[str, Any] | None = None,
        *,
        file: str | os.PathLike[str] | None = None,
    ) -> str | None:
        """Saves the model now, or a file that you have made of it.

        A file is checked first, and made fit for pages where that can be done without changing what it predicts; a
        warning says what was changed, or why it is not kept.

        Args:
            epoch: The epoch's number, or another word for the state of the model, like `"final"`.
            metadata: What to keep with the checkpoint. `labels`, a list of class names, gives a dashboard's
                classification its names.
            file: An `.onnx` file, or TF.js' `model.json` with its weights beside it; the model of `create_run` if
                `None`.

        Returns:
            The checkpoint's key, for `drop_checkpoints`; `None` when it was not saved.
        """
        if (run := self._open("save_checkpoint")) is None:
            return None
        if file is not None:
            return run.files.keep_checkpoint(file, epoch, metadata)
        return self._save_checkpoint(run, epoch, metadata)

    def _save_checkpoint(
        self, run: Recording, epoch: int | str, metadata: Mapping[str, Any] | None = None
    ) -> str | None:
        """Saves the model now, for a run that was open a moment ago."""
        if self.model is None:
            self.notices.warn(
                "no model",
                "No checkpoint can be saved: give the model to create_run(), or a file to save_checkpoint().",
            )
            return None
        own = not self._weights_only
        return run.files.save_checkpoint(self.model, epoch, self.disk_save_format, metadata, with_optimizer=own)

    def drop_checkpoints(self, keys: Iterable[str]) -> None:
        """Removes checkpoints of the open run, by what `save_checkpoint` returned, from the folder and the backend."""
        if (run := self._current.open) is not None and (gone := list(keys)):
            run.files.drop(gone)

    def describe_model(self) -> None:
        """Tells about the model again: a Sequential without an input is not built before its first batch."""
        if (run := self._current.open) is not None and self.model is not None:
            run.describe(self.model, self.source)
