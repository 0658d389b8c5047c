"""The files of a run that is open: checkpoints of its model and assets, kept in its folder and recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from time import time
from typing import Any

from ...foreign import shown
from ...notices import Notices
from ...values import to_run
from ..document import events
from ..document.events import Written
from ..sync.feed import Feed
from ..training.checkpoints import Checkpoints
from ..training.epochs import Epochs
from ..training.own_checkpoints import keep_checkpoint
from ..training.pictures import asset_event


class RunFiles:
    """Keeps what a training saves beside its numbers. All of it belongs to the training's thread.

    Args:
        feed: The run's way to its copies, which tells the folder and what the backend wants.
        epochs: The run's epochs.
        offline_format: What `Checkpoints` makes for pages where nothing is sent yet.
        record: Writes an event.
        resume_at: Told of each epoch that a file belongs to: the first one decides where a resumed run goes on.
        notices: What the user is told; nothing is raised into the training.

    Attributes:
        checkpoints: What saves the run's model.
    """

    def __init__(
        self,
        feed: Feed,
        epochs: Epochs,
        offline_format: str,
        record: Callable[[Written], None],
        resume_at: Callable[[float], None],
        notices: Notices,
    ) -> None:
        self.checkpoints: Checkpoints = Checkpoints(offline_format, notices)
        self._feed = feed
        self._directory = feed.journal.directory
        self._epochs = epochs
        self._record = record
        self._resume_at = resume_at
        self._notices = notices

    def save_checkpoint(
        self,
        model: Any,
        epoch: int | str,
        disk_format: str,
        metadata: Mapping[str, Any] | None,
        *,
        with_optimizer: bool,
    ) -> str | None:
        """Saves a model into the folder, for the backend to get it later.

        Args:
            model: The model.
            epoch: The epoch's number, or another word for the state of the model.
            disk_format: The format of Keras' models on disk.
            metadata: What to keep with it.
            with_optimizer: Save the optimizer's state too.

        Returns:
            The checkpoint's key; `None` when it was not saved.
        """
        number, plain = self._state(epoch, metadata)
        if (directory := self._folder()) is None:
            return None
        copy = self._feed.copy
        to = copy.link.save_format if copy is not None else None
        saved = self.checkpoints.save(model, directory, number, disk_format, to, with_optimizer=with_optimizer)
        if saved is None:
            return None
        event, convertible = saved
        if copy is not None and not convertible:
            copy.files.refuse(event["key"])
        self._record({**event, "metadata": {**event["metadata"], **plain}})
        return event["key"]

    def keep_checkpoint(self, file: Any, epoch: int | str, metadata: Mapping[str, Any] | None) -> str | None:
        """Keeps a model's file of the user's, for the backend to get it later.

        Args:
            file: An `.onnx` file; or TF.js' `model.json`, or its folder.
            epoch: The epoch's number, or another word for the state of the model.
            metadata: What to keep with it.

        Returns:
            The checkpoint's key; `None` when it was not kept.
        """
        number, plain = self._state(epoch, metadata)
        if (directory := self._folder()) is None:
            return None
        event = keep_checkpoint(file, directory, number, plain, self._notices)
        if event is None:
            return None
        self._record(event)
        return event["key"]

    def keep_asset(self, asset: Any, epoch: int, name: str | None) -> None:
        """Keeps a file, a figure or an image of the user's with an epoch.

        Args:
            asset: The path of a file, a figure, an image or an array of one.
            epoch: The epoch's number.
            name: What it shall be called; as the file, or as what it is, if `None`.
        """
        event = asset_event(asset, self._directory, epoch, self._notices, name)
        if event is not None:
            self._record(event)

    def drop(self, keys: Iterable[str]) -> None:
        """Writes that checkpoints or assets are not kept any more, in the folder and on the backend."""
        self._record(events.drop(time(), keys))

    def _folder(self) -> Path | None:
        """Where a checkpoint goes; says so where it can't be saved."""
        if self._directory is None:
            self._notices.warn("no folder", "No checkpoint is saved: the run has no folder.")
        return self._directory

    def _state(self, epoch: int | str, metadata: Any) -> tuple[int | str, dict[str, Any]]:
        """Which state of the model is saved, and what is kept with it, as a document holds it."""
        number = epoch if isinstance(epoch, str) else self._epochs.number(epoch)
        if isinstance(number, int):
            self._resume_at(self._epochs.point(epoch))
        if metadata is not None and not isinstance(metadata, Mapping):
            self._notices.warn(
                "no mapping",
                f"metadata is not a mapping, like {{'labels': ['cat', 'dog']}}, but {shown(metadata)}. "
                "The checkpoint is saved, and has it as 'metadata'.",
            )
            metadata = {"metadata": metadata}
        plain, remarks = to_run({} if metadata is None else metadata, "metadata")
        for remark in remarks:
            self._notices.warn("metadata", remark)
        return number, plain if isinstance(plain, dict) else {"metadata": plain}
