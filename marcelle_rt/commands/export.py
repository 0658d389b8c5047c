"""`marcelle-rt export`: the history of runs, a row an epoch, as a file that other programs read."""

from __future__ import annotations

import csv
import importlib
import io
import json
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import InvalidData, MarcelleError
from ..foreign import as_cell, clean
from ..monitor import facts
from ..runs.folder import reading
from ..runs.folder.whole_files import write_whole
from .choices import Format
from .opening import backend
from .output import messages
from .runs.finding import find_run

Row = dict[str, Any]

_OTHERS = ("run", "epoch")  # columns that are not metrics


class CannotWrite(MarcelleError):
    """A file that could not be written, or not be written so.

    Attributes:
        what: What was to be written.
    """

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        super().__init__(f"{what}: {reason}")


def export(words: Sequence[str], location: str | None, kind: Format, target: Path | None) -> None:
    """Writes the history of runs.

    Args:
        words: Run folders on this disk, or runs on the backend by name, `_id` or the beginning of it.
        location: The backend's URL; it is asked only for what is not a folder.
        kind: The format.
        target: The file; `None` for stdout.

    Raises:
        NoSuchRun: A word stands for no run, or for several.
        RunFolderError: A folder holds no run.
        CannotWrite: The file can't be written, or a library for it is missing.
        InvalidData: Parquet, which is not text, was to go to a terminal.
        MarcelleError: What the backend or the line raised.
    """
    if kind is Format.parquet and target is None and sys.stdout.isatty():
        raise InvalidData("--format", kind.value, "is not text; write it to a file with -o FILE")
    folders = {word for word in words if Path(word).is_dir()}
    histories = {word: _of_folder(Path(word)) for word in folders}
    if remote := [word for word in words if word not in folders]:
        with backend(location) as store:
            histories.update({word: _of_document(find_run(store, word)) for word in remote})
    several = len(set(words)) > 1
    rows: list[Row] = []
    for word in dict.fromkeys(words):
        name, history = histories[word]
        rows += [{"run": name, **row} for row in history] if several else history
    columns = list(dict.fromkeys([*(["run"] if several else []), "epoch", *(key for row in rows for key in row)]))
    content = _WRITERS[kind](rows, columns)
    if target is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        _write(target, content)
    except OSError as error:
        raise CannotWrite(str(target), f"can't be written ({error.strerror})") from error
    messages().print(f"{len(rows):,} rows written to {clean(target)}", markup=False)


def _write(target: Path, content: bytes) -> None:
    """Writes a file as a whole, or into what is not a file, such as a pipe or `/dev/stdout`."""
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    file = target.resolve()  # what a link leads to is written, and the link stays
    mode = file.stat().st_mode if file.exists() else None
    write_whole(file, [content])
    if mode is not None:
        file.chmod(stat.S_IMODE(mode))


def _of_folder(directory: Path) -> tuple[str, list[Row]]:
    run, torn = reading.read(directory)
    if torn:
        messages().print(f"Skipped {torn} lines of the journal in {clean(directory)} that were cut off.", markup=False)
    curves = run.logs()
    length = max((len(values) for values in curves.values()), default=0)
    epochs = run.epochs or list(range(1, length + 1))  # 2021's folders do not tell
    return directory.resolve().name, _rows(epochs, curves)


def _of_document(run: dict[str, Any]) -> tuple[str, list[Row]]:
    curves = facts.curves(run)
    length = max((len(values) for values in curves.values()), default=0)
    return facts.name(run), _rows(facts.epoch_numbers(run, length), curves)


def _rows(epochs: Sequence[int], curves: Any) -> list[Row]:
    # As in `runs_frame`: a metric with the name of another column is told from it.
    columns = {name: f"logs.{name}" if name in _OTHERS else name for name in curves}
    return [
        {"epoch": epoch, **{columns[name]: values[n] if n < len(values) else None for name, values in curves.items()}}
        for n, epoch in enumerate(epochs)
    ]


def _csv(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(as_cell, columns))
    writer.writerows([as_cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue().encode()


def _json(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    return json.dumps([{name: row.get(name) for name in columns} for row in rows]).encode() + b"\n"


def _parquet(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    try:
        import pandas as pd

        importlib.import_module("pyarrow")  # pandas' own message for it is long and speaks of fastparquet
    except ImportError as error:
        reason = f"needs {error.name}, which is not installed: pip install 'marcelle-rt[parquet]'"
        raise CannotWrite("parquet", reason) from error
    content: bytes = pd.DataFrame(rows, columns=list(columns)).to_parquet(None, engine="pyarrow", index=False)
    return content


_WRITERS = {Format.csv: _csv, Format.json: _json, Format.parquet: _parquet}
