"""Files that are written whole: whoever reads one sees the old or the new one, never a part."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Writes a file by a rename, so that nobody ever sees a part of it.

    Args:
        path: The file.
        pieces: What is to be in it.

    Raises:
        OSError: When the disk does not take it; the old file stays.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)  # of a killed process; or a link that somebody laid, which is not to be followed
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.writelines(pieces)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
