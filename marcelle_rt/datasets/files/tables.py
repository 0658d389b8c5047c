"""Instances as tables; the only file here that knows pandas."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...values import to_wire
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
            target.write(written.map(_escaped).to_csv(index=False).encode())
    return len(written)


def read(path: Path) -> Iterator[tuple[str, Callable[[], Document]]]:
    """Gives the rows of a table.

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
            table = pandas.read_csv(path).map(_unescaped)
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
                raise Unreadable(f"can't hold instance {document['_id']!r}, whose x is an image; export to a folder")
        yield document


def _escaped(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip("'")[:1] in _FORMULA else cell


def _unescaped(cell: Any) -> Any:
    return cell[1:] if isinstance(cell, str) and cell[:1] == "'" and cell.lstrip("'")[:1] in _FORMULA else cell


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _better(name: str) -> str:
    return name.replace(".", "_").lstrip("$") if "." in name or name.startswith("$") else f"my_{name}"


def _need_pyarrow() -> None:
    try:
        importlib.import_module("pyarrow")
    except ImportError as error:  # pandas' own message is long, and speaks of fastparquet
        raise ImportError("parquet needs pyarrow: pip install 'marcelle-rt[parquet]'") from error
