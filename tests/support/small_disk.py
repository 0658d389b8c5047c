"""A disk that can be filled, and emptied again."""

from __future__ import annotations

import contextlib
import errno
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

_SIZE = 1 << 20


class Disk(Protocol):
    """A folder on a disk of its own."""

    folder: Path

    def fill(self) -> None:
        """Leaves no room on it."""

    def free(self) -> None:
        """Makes room again."""


class Mounted:
    """A file system in memory, of a megabyte: the kernel says ENOSPC as on any other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / ".ballast"

    def fill(self) -> None:
        size = _SIZE
        with self._ballast.open("ab", buffering=0) as file:
            while size:
                try:
                    file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size //= 2

    def free(self) -> None:
        self._ballast.unlink()


class Limited:
    """Where nothing can be mounted: the kernel's own limit on the size of this process' files. (EFBIG, for ENOSPC.)"""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        journals = [path.stat().st_size for path in self.folder.rglob("journal.jsonl")]
        resource.setrlimit(resource.RLIMIT_FSIZE, (max([*journals, 16]), self._limits[1]))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A small disk, mounted at a folder if this user may mount, as root in a container mostly may."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "none", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        limited = Limited(folder)
        try:
            yield limited
        finally:
            limited.free()
        return
    try:
        yield Mounted(folder)
    finally:
        with contextlib.suppress(FileNotFoundError):  # freed by the test
            (folder / ".ballast").unlink()
        subprocess.run(["umount", str(folder)], check=True)
