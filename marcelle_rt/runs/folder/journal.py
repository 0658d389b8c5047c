"""A run's folder: the journal, which only grows, and `run_data.json` beside it, which is written whole.

    <base_log_dir>/<start, with '-' for ':'>-<base name>/
      journal.jsonl      one event a line, each one write(2)
      run_data.json      the run's document, for people and for older tools
      backends.json      which backends have had it, and under which name; see `copies.py`
      ...                checkpoints and assets

The journal is the truth. It survives `kill -9` at any moment: a line is there whole, or it is torn and
skipped when it is read.
"""

from __future__ import annotations

import codecs
import contextlib
import datetime as dt
import errno
import fcntl
import os
import re
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from ...errors import RunFolderError
from ...values import dumps, iso, loads
from ..document.event_checks import read_event, version_of
from ..document.events import VERSION, Event
from .beginning import told_by
from .claim import HELD, Claim, is_held
from .mending import places_told
from .whole_files import write_whole

# Network file systems of clusters may offer no locks. A run that can't be locked is still worth keeping; see `claim`.
_NO_LOCKS_HERE = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)

JOURNAL = "journal.jsonl"
DOCUMENT = "run_data.json"
DELETED = "the journal was deleted while the run was written"
CUT = "the journal was cut short while the run was written"
MOVED = "its folder was moved or renamed while the run was written"
TAKEN_OVER = "another program has opened the run's folder since, and writes it now"

_BLOCK = 1 << 16  # bytes that are read at a time
_UNFIT = re.compile(r"[^\w.-]+")  # what would have to be quoted in a shell, or can't stand in a file's name
_NAME_LENGTH = 50  # letters of a run's name in its folder's; file systems take 255 bytes
_BLANK = b"\x00\xef\xbb\xbf \t\r\n"  # around an event: spaces, an editor's mark, what a power cut leaves


class Journal:
    """A run's folder that is open for writing, or the memory of one that could not be written.

    The caller keeps two of its methods from running at once.

    Attributes:
        directory: The run's folder, or `None` where there is none: events are dropped then.
        failure: Why the folder has not all of the run, or `None`. What could not be written is kept and written
            before the next event, or by `retry`.
        is_taken_over: Another machine's writer has the folder now, where it can't be locked; nothing more is written.
    """

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        self.failure: OSError | None = None
        self.is_taken_over: bool = False
        self._backlog = b""
        self._fd = -1
        self._size = 0
        self._claim: Claim | None = None  # where the folder can't be locked
        if directory is not None:
            self._open(directory / JOURNAL)

    def _open(self, path: Path) -> None:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        try:
            if not _lock(fd, path.parent):
                self._claim = Claim(path.parent)
            self._size = os.fstat(fd).st_size
            if self._size:
                os.lseek(fd, self._size - 1, os.SEEK_SET)
                if os.read(fd, 1) != b"\n":  # a torn line: what comes next starts on a line of its own
                    self._backlog = b"\n"
        except BaseException:  # also Ctrl-C: the file holds the folder's lock
            os.close(fd)
            raise
        self._fd = fd

    def append(self, event: Event | None) -> None:
        """Writes one event, in one write(2).

        A disk that is full or gone raises nothing: `failure` says so, and the event waits for the next.
        Where a signal's handler raises meanwhile (Ctrl-C), the event is written or waits nevertheless.

        Args:
            event: The event; `None` writes what waits alone.
        """
        if self._fd < 0:
            return
        if self._is_lost():
            self.is_taken_over = True
            self.failure = OSError(errno.EBUSY, TAKEN_OVER)
            return
        line, before = b"", self._size
        try:
            line = dumps(event) + b"\n" if event is not None else b""
            if self._backlog:
                line = self._backlog + line
            written = os.write(self._fd, line)
            if written == len(line):
                self._size = before + written
                if self._backlog:
                    self._backlog = b""
                    self.failure = None
                return
            self._wrote_part(line, before, written)
            self.failure = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self.failure, self._backlog = error, line
        except BaseException:
            # A signal's handler runs when the system call returns; only the file tells whether it was carried out.
            written = os.fstat(self._fd).st_size - before
            if not written:  # it may have come before there was a line
                line = self._backlog + (dumps(event) + b"\n" if event is not None else b"")
            self._wrote_part(line, before, written)
            raise

    def _wrote_part(self, line: bytes, before: int, written: int) -> None:
        """Notes how much of some lines is in the file that had so many bytes before; a torn one is written again."""
        self._size = before + written
        rest = line[line.rfind(b"\n", 0, written) + 1 :]
        self._backlog = (b"\n" if written else b"") + rest if rest else b""

    def retry(self) -> None:
        """Writes what could not be written before; `failure` says whether that went well."""
        if self._backlog.strip():
            self.append(None)

    def _is_lost(self) -> bool:
        return self._claim is not None and not self._claim.is_ours()

    def check(self) -> None:
        """Looks whether the journal still lies in the folder, as long as it was written; `failure` says so if not.

        A folder that somebody deletes takes what is written, and keeps none of it; one whose journal somebody empties
        (a rotation of logs, say) keeps what is written after that alone. A folder that was moved gets what
        is written to the journal, and no file that comes.
        """
        if self.failure is not None and self.failure.strerror == MOVED:
            self.failure = None  # it may be back
        if self.failure is None and self.directory is not None and not (self.directory / JOURNAL).exists():
            self.failure = OSError(errno.ENOENT, MOVED)
        if self._fd < 0:
            return
        found = os.fstat(self._fd)
        if found.st_nlink == 0:
            self.failure = OSError(errno.ENOENT, DELETED)
        elif found.st_size < self._size:
            self.failure = OSError(errno.EIO, CUT)

    @property
    def is_whole(self) -> bool:
        """Whether every event is in the folder, so that a run can be made of it again."""
        return self.directory is not None and self.failure is None and not self._backlog.strip()

    def write_document(self, pieces: Iterable[bytes]) -> None:
        """Writes `run_data.json` whole: whoever reads it sees the old or the new one, never a part.

        Args:
            pieces: The document as JSON.

        Raises:
            OSError: When the disk does not take it; the old file stays.
        """
        if self.directory is None or self._is_lost():
            return
        write_whole(self.directory / DOCUMENT, pieces)

    def close(self) -> None:
        """Closes the journal and lets another writer have the folder."""
        if self._fd >= 0:
            self.retry()
            self.check()
            # Forked children (a DataLoader's workers) share the lock; closing alone would leave it with them.
            with contextlib.suppress(OSError):
                fcntl.flock(self._fd, fcntl.LOCK_UN)
            os.close(self._fd)
            self._fd = -1
            if self._claim is not None:
                self._claim.release()


def create(base: Path, basename: str = "", start: dt.datetime | None = None) -> tuple[Journal, str]:
    """Makes a new run's folder.

    Args:
        base: The folder of runs; made when it is missing.
        basename: The run's base name, which the folder's name ends with, as far as a file's name may have it.
        start: When the run starts; now if `None`. Where that millisecond has a run, the next free one is taken.

    Returns:
        The journal, and the run's `start`, which no other run in `base` has.

    Raises:
        OSError: When the folder can't be made.
    """
    base.mkdir(parents=True, exist_ok=True)
    start = start or dt.datetime.now(dt.timezone.utc)
    plain = _UNFIT.sub("-", basename).strip("-.")[:_NAME_LENGTH]
    while True:
        text = iso(start)
        moment = text.replace(":", "-")
        directory = base / (f"{moment}-{plain}" if plain else moment)
        try:
            if any(base.glob(f"{moment}*")):
                raise FileExistsError
            directory.mkdir()
        except FileExistsError:
            start += dt.timedelta(milliseconds=1)
            continue
        return Journal(directory), text


def reopen(directory: Path) -> Journal:
    """Opens the journal of a folder that has one, to write more.

    Raises:
        RunFolderError: When there is no journal, none of it can be read, or another writer has it open.
    """
    read(directory)  # a folder that is no run gets no journal
    return Journal(directory)


def read(directory: Path) -> tuple[list[Event], int]:
    """Reads a folder's journal.

    Returns:
        The events, each of which can be folded, and how many lines were torn, or no event, and had to be skipped.

    Raises:
        RunFolderError: When there is no journal, none of it can be read, or a later version wrote it.
    """
    history: list[Event] = []
    torn = 0
    for event in _lines(directory):
        if event is None:
            torn += 1
        else:
            history.append(event)
    if not any(event["type"] == "create" for event in history):
        raise RunFolderError(
            directory,
            f"does not say which run it is: the first line of {JOURNAL} is missing, and there is no {DOCUMENT}",
        )
    return history, torn


def replay(directory: Path, kinds: Collection[str] | None = None) -> Iterator[Event]:
    """Reads a folder's journal event by event, so that it is never in memory whole.

    Args:
        directory: The run's folder.
        kinds: The kinds of events that are wanted; all if `None`. Few kinds are found faster.

    Yields:
        Events that can be folded; lines that are torn, or no event, are skipped.

    Raises:
        RunFolderError: When there is no journal, or it can't be read.
    """
    return (event for event in _lines(directory, kinds) if event is not None)


def _lines(directory: Path, kinds: Collection[str] | None = None) -> Iterator[Event | None]:
    """The events of a journal, and `None` for a line that is torn, or no event.

    Where the line that says which run it is is torn, the folder's `run_data.json` says it.
    """
    try:
        with open(directory / JOURNAL, "rb") as file:
            count = sum(1 for _ in file)
            file.seek(0)
            if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:  # which editors put in front
                file.seek(0)
            begun, most = kinds is not None, count
            while lines := file.readlines(_BLOCK):
                for value in _parsed([line for line in lines if line.strip() and _may_be(line, kinds)]):
                    event = read_event(value, places=most)
                    if event is None and most == count and isinstance(value, dict) and value.get("type") == "epoch":
                        most += 1 + places_told(directory / DOCUMENT)  # lines may have been lost before this one
                        event = read_event(value, places=most)
                    if event is not None:
                        if event["type"] == "create":
                            _check_version(directory, event)
                        elif not begun and (beginning := told_by(directory / DOCUMENT)) is not None:
                            yield beginning
                        begun = True
                        if kinds is not None and event["type"] not in kinds:
                            continue
                    yield event
    except FileNotFoundError:
        raise RunFolderError(directory, f"holds no {JOURNAL}; give the folder of one run") from None
    except OSError as error:
        raise RunFolderError(directory, f"{JOURNAL} can't be read ({error.strerror})") from error


def _may_be(line: bytes, kinds: Collection[str] | None) -> bool:
    """Whether a line may hold one of some kinds of events; to parse those that can't would take much longer."""
    # An escape may stand for any letter of the kind's name.
    return kinds is None or b"\\" in line or any(f'"{kind}"'.encode() in line for kind in kinds)


def _check_version(directory: Path, beginning: Event) -> None:
    if (version := version_of(beginning)) > VERSION:
        raise RunFolderError(
            directory,
            f"was written by a later version of marcelle-rt (its format is {version}, and this version knows formats "
            f"up to {VERSION}); upgrade with `pip install -U marcelle-rt`",
        )


def _parsed(lines: list[bytes]) -> list[Any]:
    """What is in lines, and `None` for each that is torn."""
    try:  # at once, which is twice as fast
        values: list[Any] = loads(b"[" + b",".join(lines) + b"]")
        if len(values) == len(lines):
            return values
    except ValueError:
        pass
    values = []
    for line in lines:
        try:
            values.append(loads(line.strip(_BLANK)))
        except ValueError:
            values.append(None)
    return values


def place_of(directory: Path | None) -> str:
    """Which folder it is, among copies of it: 8 hexadecimal digits, on every machine that sees that file system.

    A folder that is moved within its file system keeps them, and one that is copied gets others.

    Args:
        directory: A run's folder, or `None` for a run in memory, which has the same as another of that kind.
    """
    if directory is None:
        return "0" * 8
    numbers = [path.stat().st_ino if path.exists() else 0 for path in (directory, directory / JOURNAL)]
    return f"{zlib.crc32(repr(numbers).encode()):08x}"


def is_being_written(directory: Path) -> bool:
    """Whether another process (or this one) has the folder's journal open for writing."""
    try:
        fd = os.open(directory / JOURNAL, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _lock(fd, directory) and is_held(directory)
    except RunFolderError:
        return True
    finally:
        os.close(fd)


def _lock(fd: int, directory: Path) -> bool:
    """Locks a journal; `False` where the file system has no locks."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RunFolderError(directory, HELD) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS_HERE:
            raise
        return False
    return True
