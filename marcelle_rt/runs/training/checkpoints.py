"""Saves a model at an epoch's end, on the training thread: live weights read from another thread are torn."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConversionError, InvalidData
from ...foreign import pass_interrupt, shown
from ...formats import REMOTE_FORMATS
from ...notices import Notices, logger, sentence
from ..document import events
from ..folder.files import free_checkpoint_name

if TYPE_CHECKING:
    from ...models.checkpoints.saving import Saver
    from ...models.checkpoints.usage import Usage


def checked_usage(given: Mapping[str, Any], notices: Notices) -> Usage:
    """What a user says of what pages feed and read; what can't be is said, and nothing is raised into the training.

    Args:
        given: The fields of `models.checkpoints.usage.Usage`.
        notices: What the user is told.
    """
    from ...models.checkpoints.usage import Usage

    try:
        return Usage(**given)
    except InvalidData as error:
        notices.warn("usage", f"{sentence(error)} The training goes on without it.")
        return _without_faults(given)


def _without_faults(given: Mapping[str, Any]) -> Usage:
    """What a user says, without the fields that can't be."""
    from ...models.checkpoints.usage import Usage

    kept: dict[str, Any] = {}
    for name, value in given.items():
        with contextlib.suppress(InvalidData):
            Usage(**{name: value})
            kept[name] = value
    return Usage(**kept)


class Checkpoints:
    """The checkpoints of one run, which are mostly of one model.

    Args:
        offline_format: What pages will be given of a model that can be converted only while it is there, where nothing
            is sent yet.
        notices: What the user is told; nothing is raised into the training.
    """

    def __init__(self, offline_format: str, notices: Notices) -> None:
        self._offline_format = offline_format
        self._notices = notices
        self._saved: tuple[Any, Saver] | None = None

    def prepare(self, model: Any, usage: Usage, disk_format: str) -> None:
        """Gets ready to save a model, which may learn from its first batch what it is fed.

        Args:
            model: The model.
            usage: What its user says of what pages feed and read.
            disk_format: The format of Keras' models on disk.
        """
        from ...models.checkpoints.saving import saver_of

        self.forget()
        try:
            self._saved = model, saver_of(model, usage, disk_format)
        except BaseException as error:
            pass_interrupt(error)
            # A model of other people's is looked at here; what can't be saved is said when it is to be.
            logger.info("%s can't be prepared for checkpoints: %s", type(model).__name__, error)

    def forget(self) -> None:
        """Leaves the model alone, as no more checkpoints are made."""
        saved, self._saved = self._saved, None
        if saved is not None:
            saved[1].forget()

    def save(
        self,
        model: Any,
        directory: Path,
        epoch: int | str,
        disk_format: str,
        remote_format: str | None,
        *,
        with_optimizer: bool = True,
    ) -> tuple[events.Checkpoint, bool] | None:
        """Writes a checkpoint into the run's folder, and what a browser can run beside it.

        Models that take long to convert are left to the uploads' thread, which does it in a process of its own.

        Args:
            model: The model.
            directory: The run's folder.
            epoch: The epoch, or a word for the state.
            disk_format: The format of Keras' models on disk.
            remote_format: What to convert to now, or `None`.
            with_optimizer: Save the optimizer's state too, where the format has a place for it.

        Returns:
            The `checkpoint` event, and whether a browser may yet get the model; `None` when nothing was saved.
        """
        try:
            saver = self._saver(model, disk_format)
            name = free_checkpoint_name(directory, epoch)
            path = saver.save(directory, name, with_optimizer=with_optimizer)
        except ConversionError as error:
            text = f"The checkpoint of epoch {epoch} was not saved: {sentence(error)} The training goes on."
            self._notices.warn(("checkpoint", str(error)), text)
            return None
        except BaseException as error:
            pass_interrupt(error)
            # Keras raises whatever a layer's own code raises; a full disk is an OSError or h5py's RuntimeError.
            logger.exception("a checkpoint could not be saved")
            self._notices.warn(
                ("checkpoint", shown(error)),
                f"The checkpoint of epoch {epoch} was not saved: {shown(error)}. The training goes on; others that "
                "fail for the same reason are not told.",
            )
            return None
        event = events.checkpoint(time.time(), epoch, path.name, saver.format, metadata=saver.metadata)
        target = remote_format or (None if saver.converts_later else self._offline_format)
        convertible = True
        if target is not None and saver.format not in REMOTE_FORMATS:
            convertible = self._convert(saver, event, directory, f"{name}.{target}", target)
        for remark in saver.remarks:
            self._notices.warn(("model", remark), remark)
        return event, convertible

    def _saver(self, model: Any, disk_format: str) -> Saver:
        from ...models.checkpoints.saving import saver_of
        from ...models.checkpoints.usage import Usage

        if self._saved is None or self._saved[0] is not model:
            self.forget()
            self._saved = model, saver_of(model, Usage(), disk_format)
        return self._saved[1]

    def _convert(self, saver: Saver, event: events.Checkpoint, directory: Path, name: str, target: str) -> bool:
        """Converts a model that was saved; returns whether a browser may yet get it."""
        folder = directory / name
        try:
            converted = saver.convert(folder, target)
            if converted is not None:
                event["converted"] = {"format": target, "path": folder.name}
                event["metadata"] = {**event["metadata"], **converted.metadata}
            return True
        except ConversionError as error:
            shutil.rmtree(folder, ignore_errors=True)
            kept = f"The checkpoints are kept in {directory} alone, and the training goes on."
            self._notices.warn("conversion", f"{sentence(error)} {kept}")
        except BaseException as error:
            pass_interrupt(error)
            # The same as above: a converter walks through layers of other people's.
            logger.exception("a checkpoint could not be converted")
            shutil.rmtree(folder, ignore_errors=True)
            self._notices.warn(
                "conversion",
                f"The model can't be converted to {target}: {shown(error)}. The checkpoints are kept in {directory} "
                "alone, and the training goes on.",
            )
        return False
