"""What `marcelle-rt doctor` finds: one check, and those of this machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from .. import config
from ..backend.errors import BackendError
from ..backend.node import find_node
from ..backend.packages import folder_of
from ..client.data_store import DataStore
from ..errors import InvalidData, MarcelleError, NotFound, RunFolderError
from ..runs.document.run import Run
from ..runs.folder import copies, journal, reading
from ..values import time_of

PACKAGES = ("python-socketio", "python-engineio", "websocket-client", "requests", "orjson", "numpy", "rich", "typer")

_VARIABLES = ("MARCELLE_BACKEND", "MARCELLE_MODE", "MARCELLE_LOG_DIR", "MARCELLE_SILENT", "MARCELLE_CA_BUNDLE")
_SECRETS = ("MARCELLE_EMAIL", "MARCELLE_PASSWORD", "MARCELLE_TOKEN", "MARCELLE_WEBHOOK")
_LITTLE_DISK = 1e9  # bytes
_NO_DISK = 1e8
_FOLDERS = 200  # of the newest runs are looked into
_NAMED = 5


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes:
        name: What.
        verdict: `"wrong"` keeps something from working, `"note"` is worth knowing, `"ok"`.
        found: What was found.
        mend: What to do about it; empty where there is nothing.
    """

    name: str
    verdict: Literal["ok", "note", "wrong"]
    found: str
    mend: str = ""


def versions() -> Check:
    """Python, this package, and those that it stands on."""
    found = [f"Python {platform.python_version()} on {platform.system()}"]
    for name in ("marcelle-rt", *PACKAGES):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:  # run from its source, say
            found.append(f"{name} was not installed with pip")
    return Check("versions", "ok", ", ".join(found))


def node() -> Check:
    """What `marcelle-rt backend` needs."""
    try:
        found = find_node()
    except BackendError as error:
        return Check("Node.js", "note", "none that `marcelle-rt backend` can run on", str(error))
    try:
        there = folder_of().exists()
    except InvalidData as error:
        return Check("Node.js", "note", f"{found.version}, and no folder for the backend's packages", str(error))
    packages = "the backend's packages are installed" if there else "the backend's packages come with its first start"
    return Check("Node.js", "ok", f"{found.version}, {packages}")


def disk(logs: Path) -> Check:
    """Whether run folders have room."""
    place = next(path for path in (logs.absolute(), *logs.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:,.1f} GB are free for {logs}"
    if free < _NO_DISK:
        return Check("disk", "wrong", found, "Free some space: without a journal, runs are in memory only.")
    if free < _LITTLE_DISK:
        return Check("disk", "note", found, "There may soon be no space for checkpoints.")
    if not os.access(place, os.W_OK):
        return Check("disk", "wrong", f"{place} can't be written", "Set MARCELLE_LOG_DIR to a folder you can write to.")
    return Check("disk", "ok", found)


def run_folders(logs: Path, store: DataStore | None) -> Iterator[Check]:
    """What lies in the folder of runs, and what of it a backend does not have.

    Args:
        logs: The folder of run folders.
        store: The backend, or `None` if it can't be asked.
    """
    folders = sorted((path for path in logs.iterdir() if path.is_dir()), reverse=True) if logs.is_dir() else []
    if not folders:
        yield Check("run folders", "ok", f"none in {logs}")
        return
    written: list[Path] = []
    torn: list[Path] = []
    broken: list[Path] = []
    missing: list[Path] = []
    removed: list[Path] = []
    for directory in folders[:_FOLDERS]:
        if journal.is_being_written(directory):
            written.append(directory)
        try:
            run, lines = reading.read(directory)
        except RunFolderError:
            broken.append(directory)
            continue
        if lines:
            torn.append(directory)
        try:
            if store is not None and directory not in written and not _is_there(store, run):
                (removed if _was_removed(store, directory) else missing).append(directory)
        except MarcelleError as error:
            yield failure("run folders", error)
            store = None
    count = f"{len(folders)} in {logs}"
    if len(folders) > _FOLDERS:
        count += f", of which the newest {_FOLDERS} were checked"
    found = f"{count}; {len(written)} are being written" if written else count
    if removed:
        found += f"; {len(removed)} of runs that were removed from the backend: {_names(removed)}"
    yield Check(
        "run folders", "ok", found if store is not None else f"{found}; the backend could not be asked about them"
    )
    if torn:
        found = f"torn lines in {_names(torn)}"
        yield Check("torn journals", "note", found, "A crash can cut off a line; only that line is skipped.")
    if broken:
        yield Check(
            "broken folders", "note", f"no run can be read in {_names(broken)}", "Inspect them, or move them elsewhere."
        )
    if missing:
        mend = f"marcelle-rt upload {missing[0]}" + (" ..." if len(missing) > 1 else "")
        yield Check("not uploaded", "note", f"{len(missing)} not (completely) on the backend: {_names(missing)}", mend)


def _is_there(store: DataStore, run: Run) -> bool:
    """Whether a backend has a run, to its last epoch; under its own `_id` or as an overwriting upload's copy."""
    runs = store.service("runs")
    select = {"$select": ["_id", "epoch", "status"]}
    try:
        found = [runs.get(run.id, {"query": select})]
    except NotFound:
        found = list(runs.items({"origin": run.id, **select}))
    fields = run.fields
    return any((copy.get("epoch"), copy.get("status")) == (fields["epoch"], fields["status"]) for copy in found)


def _was_removed(store: DataStore, directory: Path) -> bool:
    """Whether somebody removed a run from a backend, so that nobody is told to bring it back.

    The folder knows that the run was there. If something of the backend is older, its database has not been lost since.
    """
    known = copies.copies(directory).get(store.location)
    if known is None or known.removed:
        return known is not None
    oldest = store.service("runs").first({"$sort": {"createdAt": 1}, "$select": ["_id", "createdAt"]}, 1)
    created = time_of(oldest[0].get("createdAt")) if oldest else None
    since = time_of(known.since)
    return created is not None and since is not None and created < since


def _names(directories: list[Path]) -> str:
    names = ", ".join(path.name for path in directories[:_NAMED])
    return f"{names}, and {len(directories) - _NAMED} more" if len(directories) > _NAMED else names


def environment() -> Check:
    """What of the environment says how runs are recorded; the values of those that are not secrets."""
    named = [name for name in _VARIABLES if os.environ.get(name)]
    hidden = [name for name in _SECRETS if os.environ.get(name)]
    said = [f"{name}={os.environ[name]}" for name in named] + [f"{name} is set" for name in hidden]
    try:
        mode = config.mode()
    except InvalidData as error:
        return failure("environment", error)
    if mode != "online":
        mend = "Unset MARCELLE_MODE to see trainings live; `marcelle-rt upload` sends what is on disk."
        return Check("environment", "note", f"a Writer is {mode} here ({', '.join(said)})", mend)
    return Check("environment", "ok", ", ".join(said) or "none of its variables is set")


def failure(name: str, error: MarcelleError, mend: str = "") -> Check:
    """A check that an error ended."""
    return Check(name, "wrong", str(error), mend)
