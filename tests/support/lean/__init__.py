"""Programs in an environment without the packages that Keras takes along where they happen to be installed."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path

UNASKED = frozenset({"IPython", "jax", "matplotlib", "narwhals", "pandas", "pyarrow", "scipy", "sklearn"})
"""What `import keras` imports if it finds it: half of its time, for nothing that a training needs."""

UNASKED_BY_JAX = UNASKED - {"jax", "scipy"} | {"tensorflow"}
"""The same for Keras' JAX backend, and for its NumPy backend, which is made of that."""


def environment_without(*packages: str) -> dict[str, str]:
    """This process's environment variables, for a Python program that does not find these packages."""
    site = os.fspath(Path(__file__).parent / "site")
    path = os.pathsep.join(filter(None, [site, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "HIDDEN_PACKAGES": " ".join(packages)}


def lean_environment(*wanted: str) -> dict[str, str]:
    """This process's environment variables, for a Python program that finds none of these, as with the extra `keras`.

    Args:
        wanted: Those that the program needs, for example `"sklearn"`; a package that they import is to be named too.
    """
    return environment_without(*UNASKED.difference(wanted))


def import_keras() -> None:
    """Imports Keras into this process, if it is installed, without what it would take along."""
    if importlib.util.find_spec("keras") is None:
        return
    hidden = UNASKED.difference(sys.modules)
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # Python takes them for not installed
    importlib.import_module("keras")
    for name in hidden:
        del sys.modules[name]
