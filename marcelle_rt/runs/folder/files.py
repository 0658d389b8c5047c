"""A run's files: written into its folder at an epoch's end, and found there again when they are uploaded."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import Any

from ...errors import RunFolderError
from ...foreign import pass_interrupt
from ...notices import Notices, sentence
from ..document import events
from ..document.entries import mime_of
from ..document.events import Event
from ..document.run import Run

COPY_LIMIT = 64 * 1024 * 1024
"""Bytes up to which an asset is copied into the run's folder; a larger one is referred to where it lies."""


_CHECKPOINT = "model_checkpoint_"


def checkpoint_name(epoch: int | str) -> str:
    """The name of a checkpoint's file, without its ending, as the client of 2021 gave it.

    What no file can be called, or is a path (`"fold-1/best"`), becomes `_` in it.
    """
    if isinstance(epoch, int):
        return f"{_CHECKPOINT}epoch={epoch}"
    return _CHECKPOINT + "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in epoch)


def free_checkpoint_name(directory: Path, epoch: int | str) -> str:
    """A checkpoint's name that no file of the folder has: with `-2` at its end where that epoch has one already."""
    taken = {entry.name for entry in directory.iterdir()}
    name, number = checkpoint_name(epoch), 2
    while any(entry == name or entry.startswith(f"{name}.") for entry in taken):
        name, number = f"{checkpoint_name(epoch)}-{number}", number + 1
    return name


def located(directory: Path | None, path: str, *, referred: bool = False) -> Path:
    """Where a file of the journal lies now: folders get moved, and the client of 2021 wrote other paths.

    A folder may come from somebody else, and whatever its journal names is sent to a backend. So a file must lie
    in the folder. The one thing that a Writer keeps elsewhere is an asset that was too large to be copied, and
    nothing smaller (a key, a list of passwords) is taken from elsewhere.

    Args:
        directory: The run's folder, or `None` where the run is in memory alone, as its own Writer made it.
        path: What the journal says.
        referred: It may be a large asset that lies elsewhere.

    Raises:
        RunFolderError: There is no such file, or it lies outside of the folder.
    """
    if directory is None:
        return _present(Path(path))
    for name in (path, name_of(path)):
        if (found := inside(directory, name)) is not None and found.exists():
            return found
    if not referred or not Path(path).is_absolute():
        if inside(directory, path) is None:
            raise RunFolderError(directory, f"{path!r} is not in this folder, so it can't be uploaded")
        raise RunFolderError(directory / path, "is missing, so it can't be uploaded")
    elsewhere = _present(Path(path))
    if elsewhere.stat().st_size <= COPY_LIMIT:
        raise RunFolderError(
            elsewhere,
            f"is not in {directory}, and too small to be an asset that was left where it lies; "
            "if it belongs to the run, copy it into the run's folder",
        )
    return elsewhere


def name_of(path: str) -> str:
    """The name of the file that a path of any system leads to; a folder may come from another machine."""
    return PureWindowsPath(path).name  # which divides at both kinds of slashes


def _present(path: Path) -> Path:
    if not path.exists():
        raise RunFolderError(path, "is missing, so it can't be uploaded")
    return path


def inside(directory: Path, path: str) -> Path | None:
    """The file at a path relative to a folder, links followed; `None` if that leads out of the folder."""
    root = directory.resolve()
    try:
        found = (root / path).resolve()
    except (OSError, ValueError, RuntimeError):  # names that no file can have, links in a circle
        return None
    return found if root in found.parents else None


def size_of(directory: Path | None, path: str) -> int:
    """How many bytes a file of the journal has, all of a folder's together; 0 for one that is not there."""
    found = Path(path) if directory is None else directory / path
    try:
        if found.is_dir():
            return sum(file.stat().st_size for file in found.rglob("*") if file.is_file())
        return found.stat().st_size
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return 0


def asset_event(
    path: Any, directory: Path | None, epoch: int, notices: Notices, name: str | None = None
) -> events.Asset | None:
    """Copies an asset into the run's folder, because people overwrite `fig.png`; a large one is referred to.

    Args:
        path: The file.
        directory: The run's folder, or `None` where there is none.
        epoch: The epoch that it belongs to.
        notices: What the user is told; nothing is raised into the training.
        name: What it shall be called, with or without its ending; as the file if `None`.

    Returns:
        The `asset` event; `None` when the file can't be read.
    """
    try:
        path = Path(path)
        called = _called(name, path)
        size = path.stat().st_size
        if not path.is_file() or size == 0:
            raise OSError(errno.EINVAL, "it is empty" if size == 0 else "it is not a file")
        if directory is None or size > COPY_LIMIT:
            kept = str(path.resolve())
            notices.warn(
                "large asset", f"{path} was not copied into the run's folder; keep it as it is until it is uploaded."
            )
        else:
            kept = _written(called, directory, partial(shutil.copyfile, path))
    except (OSError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        notices.warn(("asset", str(path)), f"The asset {path!s} is not kept: {sentence(reason)} The training goes on.")
        return None
    return events.asset(time.time(), epoch, kept, called, mime_of(Path(called)))


def made_asset_event(
    name: str, write: Callable[[Path], object], directory: Path | None, epoch: int, notices: Notices
) -> events.Asset | None:
    """Writes an asset that is not a file yet into the run's folder; the rest is as for `asset_event`.

    Args:
        name: What it shall be called.
        write: Writes it to a path.
        directory: The run's folder, or `None` where there is none.
        epoch: The epoch that it belongs to.
        notices: What the user is told; nothing is raised into the training.
    """
    if directory is None:
        notices.warn("no folder for assets", f"The asset {name} is not kept: the run has no folder.")
        return None
    try:
        kept = _written(name, directory, write)
    except BaseException as error:  # a figure is drawn by its library, which raises what it likes
        pass_interrupt(error)
        notices.warn(("asset", name), f"The asset {name} is not kept: {sentence(error)} The training goes on.")
        return None
    return events.asset(time.time(), epoch, kept, name, mime_of(Path(name)))


def _called(name: str | None, path: Path) -> str:
    if name is None:
        return path.name
    plain = name.replace("/", "-").replace("\0", "")
    return plain if Path(plain).suffix == path.suffix else f"{plain}{path.suffix}"


def _written(name: str, directory: Path, write: Callable[[Path], object]) -> str:
    """Writes a file among a run's assets, under the next name that is free."""
    assets = directory / "assets"
    assets.mkdir(exist_ok=True)
    free = _free(assets, name)
    part = assets / f".{free}.part"
    try:
        write(part)
        os.replace(part, assets / free)
    except BaseException:  # a disk that is full, Ctrl-C; a part of a file is worth nothing
        part.unlink(missing_ok=True)
        raise
    return f"assets/{free}"


def _free(assets: Path, name: str) -> str:
    """The name, or the next one with a number that is free; found in few steps, as it may be the same at each epoch."""
    wanted = Path(name)

    def numbered(number: int) -> str:
        return name if number == 1 else f"{wanted.stem}-{number}{wanted.suffix}"

    taken, free = 0, 1
    while (assets / numbered(free)).exists():
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        if (assets / numbered(middle)).exists():
            taken = middle
        else:
            free = middle
    return numbered(free)


def remove_dropped(run: Run, directory: Path | None, spare: Collection[str], notices: Notices) -> None:
    """Removes the files that a resumed run has no longer from its folder, and what a killed process left unfinished.

    Args:
        run: The run.
        directory: Its folder, or `None` where there is none. What lies outside of it is never touched.
        spare: Paths that have a new file by now.
        notices: What the user is told; nothing is raised into the training.
    """
    if directory is None:
        return
    kept = {*spare, *(event["path"] for event in run.files.values())}
    paths = {event["path"] for event in run.dropped.values()}
    paths |= {event["converted"]["path"] for event in run.dropped.values() if event.get("converted")}
    ours = [found for path in paths - kept if (found := inside(directory, path)) is not None]
    unfinished = [*directory.glob(f".{_CHECKPOINT}*.part*"), *directory.glob("assets/.*.part")]
    _remove([*ours, *unfinished], notices)


def remove_files(dropped: Iterable[Event], directory: Path | None, notices: Notices) -> None:
    """Removes files that a run does not keep any more from its folder; what lies outside of it is never touched.

    Args:
        dropped: The events that stand for them.
        directory: The run's folder, or `None` where there is none.
        notices: What the user is told.
    """
    if directory is None:
        return
    for event in dropped:
        paths = [event["path"], *([event["converted"]["path"]] if event.get("converted") else [])]
        _remove([found for path in paths if (found := inside(directory, path)) is not None], notices)


def _remove(paths: Iterable[Path], notices: Notices) -> None:
    for path in paths:
        try:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            notices.warn(("dropped", path), f"{path} is not needed any more, and can't be removed: {error.strerror}.")
