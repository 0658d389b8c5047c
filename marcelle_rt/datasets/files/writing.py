"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes another's place when it is whole; on an error that one stays.

    Raises:
        OSError: It can't be written.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as target:
            yield target
        os.chmod(name, 0o666 & ~_umask())  # a temporary file is for its owner alone
        os.replace(name, path)
    except BaseException:  # also Ctrl-C: what is half written goes
        os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
