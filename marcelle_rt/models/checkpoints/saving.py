"""How a run's model is saved at an epoch's end, by what kind of model it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from ...errors import InvalidData, UnsupportedFormat
from ...formats import DISK_FORMATS
from .. import disk
from ..conversion import convert, is_quick
from ..converted import Converted
from .kinds import ESTIMATOR, KERAS, TORCH, kind_of
from .usage import Usage


class Saver(Protocol):
    """Saves one model, as often as it is asked.

    Attributes:
        format: The format of the file that it writes: one of `formats.DISK_FORMATS`, `"pt"`, or `"onnx"`, which pages
            load as it is.
        metadata: What every checkpoint of this model says.
        converts_later: Whether the file is enough for another process to convert it.
    """

    converts_later: bool
    format: str
    metadata: dict[str, Any]

    @property
    def remarks(self) -> list[str]:
        """What is to be said of the model, a sentence each."""

    def save(self, directory: Path, name: str, *, with_optimizer: bool) -> Path:
        """Writes the model as it is now into a folder, whole or not at all, under a name without an ending.

        Args:
            directory: The folder.
            name: The name.
            with_optimizer: Write the optimizer's state too, where the format has a place for it.
        """

    def convert(self, directory: Path, remote_format: str) -> Converted | None:
        """Writes what a page can run; `None` where another process is to make it of the file."""

    def forget(self) -> None:
        """Leaves the model alone."""


def saver_of(model: Any, usage: Usage, disk_format: str) -> Saver:
    """What saves a model.

    Args:
        model: A Keras model, a module of PyTorch, or an estimator.
        usage: What its user says of what pages feed and read.
        disk_format: One of `formats.DISK_FORMATS`, for Keras' models; others have a format of their own.

    Raises:
        InvalidData: For anything else that can't save itself.
        UnsupportedFormat: For a Keras model in the format of others.
    """
    kind = kind_of(model)
    if kind == TORCH:
        from ..torch_modules.saver import ModuleSaver

        return ModuleSaver(model, usage)
    if kind == ESTIMATOR:
        from ..estimators.saver import EstimatorSaver

        return EstimatorSaver(model, usage)
    if kind == KERAS and disk_format not in DISK_FORMATS:
        raise UnsupportedFormat("disk_save_format of a Keras model", disk_format, DISK_FORMATS)
    if kind is None and (isinstance(model, type) or not hasattr(model, "save")):
        wanted = "a Keras model, a module of PyTorch and an estimator can be saved"
        told = model.__name__ if isinstance(model, type) else type(model).__name__
        raise InvalidData("model", told, f"has no checkpoints: {wanted}, others by save_checkpoint(epoch, file=...)")
    return _KerasSaver(model, usage, disk_format)


class _KerasSaver:
    converts_later = True

    def __init__(self, model: Any, usage: Usage, disk_format: str) -> None:
        self._model = model
        self.format = disk_format
        self.metadata = usage.metadata

    @property
    def remarks(self) -> list[str]:
        return []

    def save(self, directory: Path, name: str, *, with_optimizer: bool) -> Path:
        return disk.save(self._model, directory, name, self.format, with_optimizer=with_optimizer)

    def convert(self, directory: Path, remote_format: str) -> Converted | None:
        if not is_quick(self._model, remote_format):
            return None
        return convert(self._model, directory, remote_format)

    def forget(self) -> None:
        """There is nothing to leave."""
