"""`marcelle-rt runs rm`: removes runs with all that belongs to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from ...client.data_store import DataStore
from ...foreign import clean
from ...monitor import facts
from ...runs.folder import copies
from ...runs.remote.remote import Remote
from .. import local
from ..output import cell, console, line, messages, print_json, sentence
from .filters import Selection
from .finding import find_runs

_NAMED = 10  # in the question


def remove_runs(
    store: DataStore,
    words: Sequence[str],
    selection: Selection | None,
    sure: Callable[[str], bool],
    with_folders: bool,
    as_json: bool,
) -> bool:
    """Removes runs, with their models, assets and what lies beside them.

    A run's folder on this machine stays, unless it is asked for, and notes that the run was removed.

    Args:
        store: The backend.
        words: The runs. All of them are looked for first: if one is unknown, none is removed.
        selection: More of them.
        sure: Asks whether to go on.
        with_folders: Remove the runs' folders too, as far as they are on this machine.
        as_json: An array of `_id`, `name`, `removed`, `folder` and `folder_removed`.

    Returns:
        Whether all of it is gone.

    Raises:
        NoSuchRun: A word stands for no run, or for several.
        MarcelleError: What the backend or the line raised.
    """
    runs = find_runs(store, words, selection)
    if not runs:
        messages().print("No run matches; nothing was removed.")
        return True
    folders = local.folders_of(runs)
    if not sure(_question(store, runs, folders, with_folders)):
        messages().print("Nothing was removed.")
        return False
    remote = Remote(store)
    done = [_remove(remote, store.location, run, folders.get(str(run["_id"])), with_folders) for run in runs]
    if as_json:
        print_json(done)
    else:
        _print(done, with_folders)
    return all(entry["removed"] and (entry["folder_removed"] or not with_folders) for entry in done)


def _question(
    store: DataStore, runs: Sequence[Mapping[str, Any]], folders: Mapping[str, Path], with_folders: bool
) -> str:
    names = [clean(facts.name(run)) for run in runs]
    if len(names) > _NAMED:
        names = [f"{len(runs)} runs ({', '.join(names[:_NAMED])} ...)"]
    going_on = [clean(facts.name(run)) for run in runs if run.get("status") in facts.ACTIVE]
    files = sum(len(facts.entries(run, "checkpoints")) + len(facts.entries(run, "assets")) for run in runs)
    question = f"Remove {', '.join(names)} from {store.location}, with {files} models and assets?"
    if with_folders and folders:
        size = sum(map(local.size_of, folders.values()))
        count = "the folder" if len(folders) == 1 else f"{len(folders)} folders"
        question = f"{question[:-1]}, and {count} here ({size / 1e6:,.1f} MB)?"
    return f"{', '.join(going_on)} has not ended. {question}" if going_on else question


def _remove(
    remote: Remote, location: str, run: dict[str, Any], directory: Path | None, with_folder: bool
) -> dict[str, Any]:
    gone = remote.remove_run(run)
    folder_gone = directory is None
    if directory is not None and gone:
        copies.note(directory, location, facts.name(run), removed=True)
        if with_folder:
            try:
                local.remove(directory)
                folder_gone = True
            except local.FolderStays as error:
                messages().print(Text(clean(error), "red"), soft_wrap=True)
    return {
        "_id": run["_id"],
        "name": run.get("name"),
        "removed": gone,
        "folder": directory and str(directory),
        "folder_removed": folder_gone,
    }


def _print(done: Sequence[Mapping[str, Any]], with_folders: bool) -> None:
    out = console()
    for entry in done:
        line(out, Text("removed " if entry["removed"] else "not completely removed: "), cell(facts.name(entry)))
        if entry["folder"] is not None and not entry["folder_removed"]:
            line(out, Text(f"its folder stays: {clean(entry['folder'])}", "dim"), indent=2)
    if not with_folders and any(not entry["folder_removed"] for entry in done):
        sentence(out, Text("With --local, folders on this machine are removed too.", "dim"))
