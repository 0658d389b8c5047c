"""Who writes a run's folder, where the file system has no locks: a file there names whoever opened it last.

Network file systems of clusters may offer no locks. There a writer is refused while the one that the file names is
alive on this machine; of other machines nobody can tell, so who opens a folder takes it over, and the one before it
notices that before it writes its next event.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path

from ...errors import RunFolderError
from .whole_files import write_whole

NAME = ".writer"
HELD = "is being written by another Writer, perhaps of another process; close that one first"


class Claim:
    """A writer's own mark in a folder.

    Args:
        directory: The folder.

    Raises:
        RunFolderError: A process of this machine writes it.
        OSError: The mark can't be made.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME
        if is_held(directory):
            raise RunFolderError(directory, HELD)
        write_whole(self._path, [f"{_process(os.getpid())} {uuid.uuid4().hex}".encode()])
        self._mark = self._look()

    def is_ours(self) -> bool:
        """Whether nobody has taken the folder over since."""
        return self._look() in (self._mark, None)

    def release(self) -> None:
        """Takes the mark away, if it is ours."""
        if self.is_ours():
            self._path.unlink(missing_ok=True)

    def _look(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)
        except OSError:  # somebody removed it, and so claims nothing
            return None
        return found.st_ino, found.st_mtime_ns


def is_held(directory: Path) -> bool:
    """Whether the folder has the mark of a process that is alive on this machine."""
    try:
        words = (directory / NAME).read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False
    if len(words) != 4 or not words[1].isascii() or not words[1].isdecimal() or len(words[1]) > 9:
        return False
    with contextlib.suppress(OSError):
        return words[:3] == _process(int(words[1])).split()
    return False


def _process(pid: int) -> str:
    """A process among all that there ever were: its machine, its number, and when it began.

    Raises:
        OSError: There is no such process.
    """
    with contextlib.suppress(PermissionError):  # somebody else's, and so alive
        os.kill(pid, 0)
    began = "0"
    with contextlib.suppress(FileNotFoundError):  # where the system shows no processes as files
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        began = text.rpartition(")")[2].split()[19]
    return f"{os.uname().nodename or 'here'} {pid} {began}"
