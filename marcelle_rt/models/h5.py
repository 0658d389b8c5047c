"""Weights of 16 bits in h5 files: bfloat16 is a type that h5 lacks, and what Keras writes then it can't read."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def widen(path: Path) -> None:
    """Writes a file's bfloat16 weights anew, as the same numbers in 32 bits, which Keras reads into either.

    Args:
        path: An h5 file that Keras has written.
    """
    import h5py
    import numpy as np

    with h5py.File(path, "r+") as file:
        for name in _sixteen_bits(file):
            # The upper half of a 32-bit float is a bfloat16.
            halves = np.frombuffer(file[name][...].tobytes(), "<u2").reshape(file[name].shape)
            del file[name]
            file[name] = (halves.astype("<u4") << 16).view("<f4")


def needs_widening(path: Path) -> bool:
    """Whether a file has weights that Keras can't read.

    Args:
        path: An h5 file.
    """
    import h5py

    with h5py.File(path, "r") as file:
        return bool(_sixteen_bits(file))


@contextlib.contextmanager
def readable(path: Path) -> Iterator[Path]:
    """A file with the same model that Keras can read: the file itself, or a copy that lives as long as this.

    Args:
        path: An h5 file.
    """
    try:
        is_strange = needs_widening(path)
    except OSError:  # it is not an h5 file; Keras says so
        is_strange = False
    if not is_strange:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)
        shutil.copyfile(path, os.fspath(copy))
        widen(copy)
        yield copy


def _sixteen_bits(file: Any) -> list[str]:
    import h5py

    names: list[str] = []

    def visit(name: str, item: Any) -> None:
        # Without a type of its own it is stored as two bytes of anything.
        if isinstance(item, h5py.Dataset) and item.dtype.str == "|V2":
            names.append(name)

    file.visititems(visit)
    return names
