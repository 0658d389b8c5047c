"""Datasets as files that people have: which kind a path stands for, and what is read from and written to it.

| path | what it is |
|---|---|
| `name.json` | Marcelle's own JSON, as pages download and upload it |
| `name.csv`, `name.parquet` | a table: a row an instance, a column a field |
| a folder | an image a file, in a folder a label; those in none have no label |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import UnsupportedFormat
from . import folders, marcelle_json, tables

Document = dict[str, Any]


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        read: Gives the instances in one: how errors name each, and what makes its fields as they are stored, which
            raises `Unreadable` where no page could read it.
        write: Writes instances to one, and gives back how many.
    """

    read: Callable[[Path], Iterator[tuple[str, Callable[[], Document]]]]
    write: Callable[[Path, Iterable[Document]], int]


_TABLE = Kind(tables.read, tables.write)
_KINDS = {
    ".json": Kind(marcelle_json.read, marcelle_json.write),
    ".csv": _TABLE,
    ".parquet": _TABLE,
    "": Kind(folders.read, folders.write),
}


def kind_of(path: Path) -> Kind:
    """The kind of a file, by its name; a folder is one of images.

    Raises:
        UnsupportedFormat: It is another format.
    """
    suffix = "" if path.is_dir() else path.suffix.lower()
    if suffix not in _KINDS:
        raise UnsupportedFormat(f"the file {path.name!r}", suffix, [*filter(None, _KINDS), "a folder of images"])
    return _KINDS[suffix]
