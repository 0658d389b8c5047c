"""What `marcelle-rt upload` does: many folders, one progress bar, one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

from ..errors import BackendUnreachable, MarcelleError
from .remote import Remote
from .run import Event
from .uploader import Uploader


def upload_many(directories: Sequence[Path], backend: str | None, save_format: str, overwrite: bool) -> bool:
    """Uploads runs one after the other, and prints what came of each.

    Args:
        directories: The runs' folders.
        backend: The backend's URL, or `None` for the default.
        save_format: `"tfjs"` or `"onnx"`.
        overwrite: Replace what the backend has of them.

    Returns:
        Whether all of them are there with all of their files.

    Raises:
        BackendUnreachable: When nobody answers there.
        UnsupportedFormat: For another format.
    """
    table = Table("folder", "run", "epochs", "files sent", "what is wrong")
    complete = True
    console = Console(stderr=True)
    with Remote(backend, save_format) as remote, Progress(console=console, transient=True) as bar:
        uploader = Uploader(remote)
        task = bar.add_task("Uploading", total=len(directories))

        def progress(name: str, events: list[Event]) -> Iterable[Event]:
            return _advance(bar, task, name, events)

        uploader.progress = progress
        for number, directory in enumerate(directories):
            bar.update(task, completed=number, description=escape(directory.name))
            try:
                done = uploader.upload(directory, overwrite)
            except BackendUnreachable:
                if table.row_count:
                    Console().print(table)
                raise
            except MarcelleError as error:
                complete = False
                table.add_row(Text(directory.name), "", "", "", Text(str(error)))
                continue
            complete = complete and not done.refused
            wrong = "\n".join(f"{path}: {reason}" for path, reason in done.refused.items())
            table.add_row(Text(directory.name), Text(done.name), str(done.epochs), str(done.sent), Text(wrong))
    Console().print(table)
    return complete


def _advance(bar: Progress, task: TaskID, name: str, events: list[Event]) -> Iterator[Event]:
    for event in events:
        bar.update(task, description=escape(f"{name}: {event['path']}"))
        yield event
        bar.update(task, advance=1 / len(events))
