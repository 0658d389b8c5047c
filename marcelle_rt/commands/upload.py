"""`marcelle-rt upload`: many folders, one progress bar, one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ..client.data_store import DataStore
from ..errors import BackendUnreachable, MarcelleError
from ..foreign import clean
from ..runs.document.events import Event
from ..runs.folder import copies
from ..runs.remote.remote import Remote
from ..runs.uploader import Uploader
from .output import cell, console, line, messages, print_json


def upload_many(
    store: DataStore, directories: Sequence[Path], save_format: str, overwrite: bool, as_json: bool
) -> bool:
    """Uploads runs one after the other, and prints what came of each.

    Args:
        store: The backend.
        directories: The runs' folders.
        save_format: `"tfjs"` or `"onnx"`.
        overwrite: Replace them on the backend.
        as_json: An array with an object a folder: `folder`, `run`, `epochs`, `files_sent`, and `wrong`, a mapping
            of what was not uploaded to the reason (`""` stands for the run itself).

    Returns:
        Whether all of them are there with all of their files.

    Raises:
        BackendUnreachable: When nobody answers there.
        UnsupportedFormat: For another format.
    """
    done: list[dict[str, Any]] = []
    uploader = Uploader(Remote(store, save_format))
    said = TextColumn("{task.description}", markup=False)
    with Progress(
        said, BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=messages(), transient=True
    ) as bar:
        task = bar.add_task("Uploading", total=len(directories))

        def progress(name: str, events: list[Event]) -> Iterable[Event]:
            return _advance(bar, task, name, events)

        uploader.progress = progress
        try:
            for number, directory in enumerate(directories):
                bar.update(task, completed=number, description=clean(directory.name))
                done.append(_upload(uploader, directory, overwrite))
                if (name := done[-1]["run"]) is not None:
                    copies.note(directory, store.location, name)
        except BackendUnreachable:
            if done:
                _print(done, as_json)
            raise
    _print(done, as_json)
    return not any(entry["wrong"] for entry in done)


def _upload(uploader: Uploader, directory: Path, overwrite: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"folder": str(directory), "run": None, "epochs": None, "files_sent": 0, "wrong": {}}
    try:
        came = uploader.upload(directory, overwrite)
    except BackendUnreachable:
        raise
    except MarcelleError as error:
        return {**entry, "wrong": {"": str(error)}}
    return {**entry, "run": came.name, "epochs": came.epochs, "files_sent": came.sent, "wrong": came.refused}


def _print(done: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    out = console()
    for entry in done:
        name = Path(entry["folder"]).name
        if entry["run"] is None:
            line(out, cell(name), "  not uploaded")
        else:
            files = f", {entry['files_sent']} files sent" if entry["files_sent"] else ""
            line(out, cell(name), "  is ", cell(entry["run"], "bold"), f", {entry['epochs']} epochs{files}")
        for path, reason in entry["wrong"].items():
            out.print(cell(f"  {path}: {reason}" if path else f"  {reason}", "red"), soft_wrap=not out.is_terminal)


def _advance(bar: Progress, task: TaskID, name: str, events: list[Event]) -> Iterator[Event]:
    for event in events:
        bar.update(task, description=clean(f"{name}: {event['path']}"))
        yield event
        bar.update(task, advance=1 / len(events))
