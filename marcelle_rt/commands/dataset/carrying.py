"""`marcelle-rt dataset export` and `load`: datasets to files and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...client.data_store import DataStore
from ...datasets.dataset import Dataset
from ...errors import MarcelleError
from ..output import cell, messages, print_json


class FileTrouble(MarcelleError):
    """A file that can't be read or written, or a library for it that is missing.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"{path}: {reason}")


def export_dataset(store: DataStore, name: str, path: Path, as_json: bool) -> None:
    """Writes a dataset to a file, and says how many instances are there.

    Raises:
        DatasetError: There is no instance, or one that such a file can't hold.
        FileTrouble: The file can't be written.
        MarcelleError: What the backend or the line raised.
    """
    with _file_errors(path):
        count = Dataset(store, name).export(path)
    if as_json:
        print_json({"name": name, "path": str(path), "instances": count})
    else:
        messages().print(cell(f"{count:,} instances are in {path}"))


def load_dataset(store: DataStore, name: str, path: Path, *, skip: bool, fast: bool, as_json: bool) -> None:
    """Adds the instances of a file to a dataset, and says how many.

    Raises:
        DatasetError: It is not such a file, or an instance can't be read.
        FileTrouble: The file can't be read.
        MarcelleError: What the backend or the line raised.
    """
    with _file_errors(path):
        ids = Dataset(store, name).load(path, "skip" if skip else "raise", gently=not fast)
    if as_json:
        print_json({"name": name, "ids": ids})
    else:
        messages().print(cell(f"{len(ids):,} instances were added to {name}"))


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileTrouble(path, error.strerror or str(error)) from error
    except ImportError as error:
        raise FileTrouble(path, str(error)) from error
