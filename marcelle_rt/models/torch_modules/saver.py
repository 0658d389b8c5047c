"""Saves a module of PyTorch: its weights on disk, and what a page can run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...formats import MODULE_FORMAT
from ..checkpoints.usage import Usage
from ..converted import Converted
from . import disk
from .exporter import ModuleExporter


class ModuleSaver:
    """Saves one module; see `checkpoints.saving.Saver`.

    Args:
        module: The module, wrapped for training or not.
        usage: What its user says of what pages feed and read.
    """

    converts_later = False

    def __init__(self, module: Any, usage: Usage) -> None:
        self._module = module
        self._exporter = ModuleExporter(module, usage)
        self.format = MODULE_FORMAT
        self.metadata: dict[str, Any] = usage.metadata

    @property
    def remarks(self) -> list[str]:
        """What is to be said of the module, found when it was first converted."""
        return self._exporter.remarks

    def save(self, directory: Path, name: str, *, with_optimizer: bool) -> Path:
        """Writes its weights."""
        return disk.save(self._module, directory, name)

    def convert(self, directory: Path, remote_format: str) -> Converted:
        """Writes what a page can run: no other process could make it of weights alone."""
        return self._exporter.write(self._module, directory, remote_format)

    def forget(self) -> None:
        """Takes its hook from the module, if that was never called."""
        self._exporter.forget()
