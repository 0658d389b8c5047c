"""`Predictions`: what a model makes of instances, in the form that Marcelle's pages read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..client.data_store import DataStore
from ..errors import InvalidData
from ..values import to_wire
from . import naming
from .files import tables
from .kept import Kept
from .sending import FullSpeed, create_many

if TYPE_CHECKING:
    from numpy.typing import NDArray

Document = dict[str, Any]


class Predictions(Kept):
    """A model's predictions: what `batchPrediction(name, store)` is in a page.

    Stock `confusionMatrix` and `batchPrediction` read them when their page opens; a page that is open already shows
    them after a reload.

    Example:
        with Dataset(None, "sketches") as sketches, Predictions(None, "sketches") as predictions:
            data = sketches.to_numpy(size=(64, 64), labels=labels)
            predictions.clear()
            predictions.write(data.ids, labels, model.predict(data.x), data.y)

    Args:
        store: The backend: a `DataStore` of yours, its URL, or `None` for `$MARCELLE_BACKEND`, or else
            `http://localhost:3030`.
        name: The name that the page gives to the predictions.

    Attributes:
        name: As given.

    Raises:
        InvalidData: It can't be such a name, or the store is not a URL.
    """

    def __init__(self, store: DataStore | str | None, name: str) -> None:
        super().__init__(naming.PREDICTIONS, store, name)

    def __len__(self) -> int:
        return self._service.count()

    def __iter__(self) -> Iterator[Document]:
        """The predictions as they are stored: `label`, `confidences`, `instanceId`, `yTrue`."""
        return self._service.items()

    def write(
        self,
        instances: Iterable[str],
        labels: Sequence[str],
        confidences: NDArray[Any] | Sequence[Sequence[float]],
        y_true: Iterable[Any] | None = None,
        **fields: Any,
    ) -> list[str]:
        """Adds the predictions of a classifier. Those that are there stay: `clear` first to replace them.

        Args:
            instances: The instances' ids, as `to_numpy(...).ids` has them.
            labels: The classes in the order of the model's outputs.
            confidences: What the model gives: `[n, classes]`.
            y_true: The instances' labels, or their places in `labels`, as `to_numpy(labels=...)` gives them.
            **fields: What else to keep in each, for example `modelId` or `runId`.

        Returns:
            The predictions' ids.

        Raises:
            InvalidData: The numbers don't fit together, or are not all finite; a class has a name that no field can
                have.
            PartlyAdded: The backend or the line raised, and some are stored or may be.
            MarcelleError: The same, and none is stored.
        """
        import numpy as np

        ids, names = [str(identity) for identity in instances], list(labels)
        table = np.asarray(confidences, float)
        if table.shape != (len(ids), len(names)):
            raise InvalidData(
                "confidences", f"an array of the shape {list(table.shape)}",
                f"does not go with {len(ids):,} instances and {len(names)} labels; give [{len(ids)}, {len(names)}]",
            )  # fmt: skip
        if len(bad := np.flatnonzero(~np.isfinite(table).all(axis=1))):
            raise InvalidData("confidences", table[bad[0]].tolist(), f"of {ids[bad[0]]!r} are not all finite numbers")
        truths = [None] * len(ids) if y_true is None else [_label(y, names) for y in y_true]
        if len(truths) != len(ids):
            raise InvalidData("y_true", f"{len(truths):,} labels", f"don't go with {len(ids):,} instances")
        own = to_wire(fields, "fields")

        def documents() -> Iterator[Document]:
            for identity, row, truth in zip(ids, table.tolist(), truths, strict=True):
                best = names[int(np.argmax(row))]
                known = {} if y_true is None else {"yTrue": truth}
                prediction = {"label": best, "confidences": dict(zip(names, row, strict=True)), "instanceId": identity}
                yield to_wire({**prediction, **known, **own}, "prediction")

        return create_many(self._service, self.name, documents(), FullSpeed(), lambda count: None)

    def clear(self) -> int:
        """Removes all predictions, and returns how many there were."""
        return self._remove_all({"$select": ["_id"]})

    def to_pandas(self) -> Any:
        """All predictions as a `pandas.DataFrame`: a row each, by `_id`, with a column of each class' confidence.

        Raises:
            ImportError: pandas is not installed.
        """
        return tables.frame(_flat(document) for document in self)


def _flat(document: Mapping[str, Any]) -> Document:
    confidences = document.get("confidences")
    columns = {f"confidence {name}": p for name, p in confidences.items()} if isinstance(confidences, Mapping) else {}
    return {**{field: value for field, value in document.items() if field != "confidences"}, **columns}


def _label(y: Any, labels: Sequence[Any]) -> Any:
    """A true label as it is stored: where labels are texts, a number is the place of one."""
    plain = to_wire(y, "y_true")
    if not isinstance(plain, int) or isinstance(plain, bool) or plain in labels:
        return plain
    if not all(isinstance(label, str) for label in labels):
        raise InvalidData("y_true", plain, f"is not among the labels {labels!r}; where labels are numbers, give those")
    if not 0 <= plain < len(labels):
        raise InvalidData("y_true", plain, f"is not a place among {len(labels)} labels")
    return labels[plain]
