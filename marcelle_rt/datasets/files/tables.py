"""Instances as tables; the only file here that knows pandas."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...foreign import utf8
from ...values import to_wire
from ..stored import images
from ..stored.unreadable import Unreadable
from .writing import replacing

Document = dict[str, Any]

OWN = ("datasetName", "thumbnail", "createdAt", "updatedAt", "userId", "public")
"""What Marcelle keeps in each instance for itself."""


def frame(documents: Iterable[Mapping[str, Any]]) -> Any:
    """A `pandas.DataFrame` of instances, by `_id`."""
    pandas = library("to_pandas")
    rows, ids = [], []
    for document in documents:
        ids.append(document["_id"])
        rows.append({field: value for field, value in document.items() if field not in OWN and field != "_id"})
    return pandas.DataFrame(rows, index=pandas.Index(ids, name="_id"))


def library(what: str) -> Any:
    """pandas.

    Raises:
        ImportError: It is not installed; the message says what needs it.
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError(f"{what} needs pandas: pip install 'marcelle-rt[pandas]'") from error
    return pandas


def write(path: Path, documents: Iterable[Document]) -> int:
    """Writes a table, by the file's name as CSV or as parquet.

    Raises:
        Unreadable: An instance has an `x` or a field that a table's cell can't hold.
        ImportError: pandas, or pyarrow for parquet, is not installed.
        OSError: It can't be written.
    """
    written = frame(_checked(documents))
    with replacing(path) as target:
        if path.suffix.lower() == ".parquet":
            _need_pyarrow()
            written.to_parquet(target, engine="pyarrow", index=False)
        else:
            target.write(written.map(_escaped).to_csv(index=False, lineterminator="\r\n").encode())
    return len(written)


def read(path: Path) -> Iterator[tuple[str, Callable[[], Document]]]:
    """Gives the rows of a table.

    A column of a CSV file is numbers if all its cells are, but for those that are empty or have a word for nothing,
    such as `NA`; codes with zeros before them, `007`, are not. Else it is text, in which `NA` is a word like any other.

    Raises:
        Unreadable: It is not such a table.
        ImportError: pandas, or pyarrow for parquet, is not installed.
        OSError: It can't be read.
    """
    pandas = library("a table")
    try:
        if path.suffix.lower() == ".parquet":
            _need_pyarrow()
            table = pandas.read_parquet(path, engine="pyarrow")
        else:
            table = pandas.read_csv(path, dtype=str, keep_default_na=False).apply(_typed)
    except (ValueError, pandas.errors.EmptyDataError) as error:  # pyarrow's errors are ValueErrors too
        raise Unreadable(f"can't be read as a table: {error}") from error
    names = [str(name) for name in table.columns]
    if bad := [name for name in names if "." in name or name.startswith("$") or name in ("_id", *OWN)]:
        raise Unreadable(
            f"has a column {bad[0]!r}, which a backend can't keep: names with '.' or a leading '$' are refused, and "
            f"{', '.join(OWN)} are Marcelle's own; rename it, for example to {_better(bad[0])!r}"
        )
    for place, row in enumerate(table.itertuples(index=False, name=None)):
        yield f"row {place + 1}", partial(_row, names, row)


def _row(names: list[str], row: tuple[Any, ...]) -> Document:
    pandas = library("a table")
    cells = (None if pandas.api.types.is_scalar(cell) and pandas.isna(cell) else cell for cell in row)
    made: Document = to_wire(dict(zip(names, cells, strict=True)), "row")
    return made


def _checked(documents: Iterable[Document]) -> Iterator[Document]:
    for document in documents:
        for field, value in document.items():
            if field not in OWN and isinstance(value, (list, dict)):
                raise Unreadable(
                    f"can't hold instance {document['_id']!r}, whose {field} is not one value; export to a .json file"
                )
            if isinstance(value, str) and field == "x" and value.startswith("data:"):
                other = "an image; export to a folder" if value.startswith(images.URL) else "a sound; export to a .json"
                raise Unreadable(f"can't hold instance {document['_id']!r}, whose x is {other}")
        yield {utf8(field): utf8(value) if isinstance(value, str) else value for field, value in document.items()}


def _escaped(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip("'")[:1] in _FORMULA else cell


def _unescaped(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell.lstrip("'")[:1] in _FORMULA else cell


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _typed(column: Any) -> Any:
    """The values of a CSV file's column, which are texts in the file."""
    pandas = library("a table")
    given = [cell for cell in column if cell not in _NOTHING]
    for pattern, convert in _TYPES:
        if given and all(pattern.fullmatch(cell) for cell in given):
            values = [None if cell in _NOTHING else convert(cell) for cell in column]
            break
    else:
        values = [_unescaped(cell) if cell else None for cell in column]
    return pandas.Series(values, column.index, dtype=object)


_NOTHING = frozenset(["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None"])
_WHOLE = r"-?(0|[1-9]\d*)"
_TYPES: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(_WHOLE), int),
    (re.compile(rf"({_WHOLE}(\.\d*)?|-?\.\d+)([eE][+-]?\d+)?"), float),
    (re.compile("True|False"), "True".__eq__),
)


def _better(name: str) -> str:
    return name.replace(".", "_").lstrip("$") if "." in name or name.startswith("$") else f"my_{name}"


def _need_pyarrow() -> None:
    try:
        importlib.import_module("pyarrow")
    except ImportError as error:  # pandas' own message is long, and speaks of fastparquet
        raise ImportError("parquet needs pyarrow: pip install 'marcelle-rt[parquet]'") from error
