"""Instances as tables; the only file here that knows pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

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
