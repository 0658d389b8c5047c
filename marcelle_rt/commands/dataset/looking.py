"""`marcelle-rt dataset list` and `show`: what a backend has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ...client.data_store import DataStore
from ...datasets.dataset import Dataset
from ...datasets.listing import datasets, there_are
from ...errors import DatasetError
from ..output import cell, console, line, print_json, sentence, table

_LOOKED_AT = 100  # instances that tell what a dataset has in it
_LABELS = 50  # labels that are shown


def list_datasets(store: DataStore, as_json: bool) -> None:
    """Prints the datasets of a backend.

    Args:
        store: The backend.
        as_json: One array for scripts.

    Raises:
        MarcelleError: What the backend or the line raised.
    """
    found = datasets(store)
    if as_json:
        print_json([listed._asdict() for listed in found])
        return
    out = console()
    if not found:
        sentence(out, f"There are no datasets at {store.location} yet. A page records one, and so does Dataset.add.")
        return
    shown = table("dataset", "instances", right=("instances",))
    for listed in found:
        shown.add_row(cell(listed.name), f"{listed.instances:,}")
    out.print(shown)


def show_dataset(store: DataStore, name: str, as_json: bool) -> None:
    """Prints what a dataset has in it: how many of each label, and the kinds of its fields.

    Args:
        store: The backend.
        name: The dataset's name.
        as_json: One object for scripts.

    Raises:
        DatasetError: There is no instance.
        MarcelleError: What the backend or the line raised.
    """
    dataset = Dataset(store, name)
    counts = Counter(_label(document.get("y")) for document in dataset.documents("y")).most_common()
    if not counts:
        raise DatasetError(name, there_are(store, name))
    first: dict[str, Counter[str]] = {}
    broken = 0
    for document in islice(_read(dataset), _LOOKED_AT):
        broken += document is None
        for field, value in (document or {}).items():
            first.setdefault(field, Counter())[_kind(value)] += 1
    total = len(dataset)
    fields = {
        field: kinds.most_common(1)[0][0] for field, kinds in first.items() if field not in ("_id", "datasetName")
    }
    if as_json:
        labels = [{"label": label, "instances": count} for label, count in counts]
        print_json({"name": name, "instances": total, "labels": labels, "fields": fields, "unreadable": broken})
        return
    out = console()
    line(out, cell(name, "bold"), f"  {total:,} instances")
    shown = table("label", "instances", right=("instances",))
    for label, count in counts[:_LABELS]:
        shown.add_row(cell("(none)" if label is None else label), f"{count:,}")
    out.print(shown)
    if len(counts) > _LABELS:
        line(out, f"... and {len(counts) - _LABELS:,} more labels")
    for field, kind in fields.items():
        line(out, cell(field), f": {kind}", indent=2)
    if broken:
        sentence(out, f"{broken} of the first {min(total, _LOOKED_AT)} instances can't be read; to_numpy names them.")


def _read(dataset: Dataset) -> Iterator[dict[str, Any] | None]:
    """The instances, decoded; `None` for one that can't be."""
    for document in dataset.documents():
        try:
            yield dataset.decoded(document)
        except DatasetError:
            yield None


def _label(y: Any) -> Any:
    return f"({'list' if isinstance(y, list) else 'mapping'})" if isinstance(y, (list, dict)) else y


def _kind(value: Any) -> str:
    shape = getattr(value, "shape", None)
    if shape is not None and len(shape) == 3 and str(value.dtype) == "uint8":
        return f"image, {shape[1]} x {shape[0]}"
    if shape is not None:
        return f"numbers, {' x '.join(map(str, shape)) or 'one'}"
    if hasattr(value, "rate"):
        return f"sound, {len(value.samples) / value.rate:.1f} s"
    if isinstance(value, str):
        return "image (kept as text)" if value.startswith("data:image/") else "text"
    kinds: dict[type, str] = {bool: "truth value", int: "number", float: "number", type(None): "empty", list: "list"}
    return kinds.get(type(value), "mapping")
