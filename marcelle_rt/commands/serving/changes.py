"""Sees that Python files have changed, for `marcelle-rt serve --reload`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PAUSE = 0.5  # seconds between two looks


class Changes:
    """Looks at the files of a module, and at those that were imported from the folder that it is in.

    Args:
        folder: The folder.
        module: The module's name.

    Attributes:
        seen: Whether `wait` or `then` has seen one change.
    """

    def __init__(self, folder: Path, module: str) -> None:
        self.seen: bool = False
        self._folder = folder.resolve()
        self._top = module.partition(".")[0]
        self._times = self._look()

    def wait(self) -> None:
        """Returns when one has changed since the last look, or has gone."""
        while not self.seen:
            time.sleep(_PAUSE)
            now = self._look()
            self.seen = any(now.get(path) != time for path, time in self._times.items())
            self._times = now

    def then(self, act: Callable[[], object]) -> None:
        """Waits, and does something."""
        self.wait()
        act()

    def _look(self) -> dict[Path, int]:
        """When each file was written last."""
        loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        files = {Path(file) for file in loaded if isinstance(file, str) and file.endswith(".py")}
        own = {self._folder / f"{self._top}.py", *(self._folder / self._top).rglob("*.py")}
        mine = {file for file in files if file.is_relative_to(self._folder) and "site-packages" not in file.parts}
        return {file: _written(file) for file in own | mine}


def _written(file: Path) -> int:
    try:
        return os.stat(file).st_mtime_ns
    except OSError:  # it is being replaced, or was never there
        return 0
