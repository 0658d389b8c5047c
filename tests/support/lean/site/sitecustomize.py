"""Python imports this when it starts: it hides the packages that `environment_without` was given.

It also has garbage looked for rarely, and not at the end: among the million objects of Keras that takes two seconds.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_HIDDEN = frozenset(os.environ["HIDDEN_PACKAGES"].split())


class _WithoutThem(PathFinder):
    """Finds what is installed, but for these; asked for them, it answers as if they were not."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return None if fullname in _HIDDEN else super().find_spec(fullname, path, target)


gc.set_threshold(50_000)
atexit.register(gc.freeze)
sys.meta_path[sys.meta_path.index(PathFinder)] = _WithoutThem
