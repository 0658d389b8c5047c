"""What of a dataset can be read; `dataset.Dataset` adds the way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from ..client.data_store import DataStore
from ..client.service import NOTHING
from ..errors import DatasetError, InvalidData, NotFound
from ..notices import bar
from . import labels, listing, naming
from .arrays import Arrays, Samples, Size, fill
from .files import tables
from .kept import Kept
from .meanwhile import Meanwhile
from .skips import Skips
from .stored import assets, decoding
from .stored import resizing as ways
from .stored.unreadable import Unreadable

if TYPE_CHECKING:
    from .frameworks import MapDataset
    from .instances import Instances

Document = dict[str, Any]
OnError = Literal["raise", "skip"]
Resizing = Literal["page", "smooth"]

_SHOW_AFTER = 1.0  # seconds until there is a progress bar


class Reading(Kept):
    """The instances of a dataset; `Dataset` says what the arguments are."""

    def __init__(self, store: DataStore | str | None, name: str) -> None:
        super().__init__(naming.INSTANCES, store, name)

    def __len__(self) -> int:
        return self.count()

    def count(self, label: Any = None) -> int:
        """How many instances there are, of one label if one is given."""
        return self._service.count(self._query({} if label is None else {"y": label}))

    def labels(self) -> list[Any]:
        """The labels in the dataset, sorted.

        A classifier's labels are in the order of its outputs: give this list to `to_numpy`, and keep it with the
        model.

        Raises:
            DatasetError: An instance has a list or a mapping as `y`.
        """
        found = self.documents("_id", "y")
        try:
            return labels.distinct((document["_id"], document.get("y")) for document in found)
        except labels.NotALabel as error:
            self._fail({"_id": error.identity}, error)

    def __iter__(self) -> Iterator[Document]:
        """All instances, each a mapping with its fields as they are stored, but `x` decoded.

        An image is `uint8 [h, w, 3]`, numbers are `float32`, a sound has `samples` and a `rate`, a text is a text; a
        table's columns are fields.

        Raises:
            DatasetError: One can't be decoded; it has the instance's `_id`.
        """
        for document in self.documents():
            yield self.decoded(document)

    def documents(self, *fields: str) -> Iterator[Document]:
        """All instances as they are stored.

        Args:
            *fields: Those that are read; all if none is named.
        """
        return self._service.items(self._query({"$select": list(fields)} if fields else NOTHING))

    def decoded(self, document: Document) -> Document:
        """An instance with its `x` decoded.

        Raises:
            DatasetError: It can't be; it has the instance's `_id`.
        """
        try:
            return self._decode(document)
        except Unreadable as error:
            self._fail(document, error)

    def watch(self, timeout: float | None = None) -> Instances:
        """The instances that are there, then each that is recorded, changed or removed, without gaps.

        Args:
            timeout: Seconds after which the iteration ends if nothing came; `None` waits forever.

        Returns:
            An iterator of `Change(kind, document)`, as from `Service.watch`, with `x` decoded. It can be closed, and
            be used in a `with`.
        """
        from .instances import Instances

        return Instances(self._service.watch(self._query(), timeout), self.decoded)

    def to_numpy(
        self,
        size: Size | None = None,
        labels: Sequence[Any] | None = None,
        on_error: OnError = "raise",
        resizing: Resizing = "page",
    ) -> Arrays:
        """All instances as two arrays.

        Args:
            size: Height and width that images get; needed where they differ.
            labels: The classes in the order of a model's outputs; `y` becomes the place in it.
            on_error: What an instance does that can't be used (no label, a broken image, another shape): `"raise"`,
                or `"skip"`, with a warning that counts them.
            resizing: `"page"` resizes exactly as a page does before its model predicts; `"smooth"` gives each pixel
                its part, as most libraries do.

        Returns:
            `x, y`; its `ids` tell which instances they are and `skipped` which were left out. Images are
            `uint8 [n, h, w, 3]`, and with a size `float32 [n, *size, 3]` from 0 to 255. Numbers are `float32`, texts
            an array of text. `y` is as it is stored, or with labels `int64`.

        Raises:
            DatasetError: There is no instance, or one can't be used; it has the instance's `_id`.
            InvalidData: A size that can't be one.
            UnsupportedFormat: There is no such way of resizing, or `on_error`.
        """
        samples = self._samples(size, labels, resizing)
        skips = Skips(self.name, on_error)
        total = self._some()
        with Meanwhile(self._service, self.name) as meanwhile:
            documents = self._progress(self.documents(*_SAMPLE), total)
            x, y, ids = fill(documents, samples, total, skips, self._decode)
        skips.tell(len(ids))
        meanwhile.tell()
        return Arrays(x, y.astype("int64") if labels is not None else y, ids, skips.reasons)

    def to_pandas(self) -> Any:
        """All instances as a `pandas.DataFrame`: a row each, by `_id`, and a column a field.

        `x` is decoded. What Marcelle keeps for itself (`datasetName`, `thumbnail`, the dates) is left out.

        Raises:
            DatasetError: There is no instance, or one can't be decoded.
            ImportError: pandas is not installed.
        """
        total = self._some()
        return tables.frame(self._progress(self, total))

    def to_tf(
        self,
        size: Size | None = None,
        batch_size: int = 32,
        labels: Sequence[Any] | None = None,
        resizing: Resizing = "page",
    ) -> Any:
        """A `tf.data.Dataset` of batches, which reads instances as they are needed, and anew for each epoch.

        Args:
            size: As for `to_numpy`.
            batch_size: Instances in a batch; memory holds a few batches.
            labels: As for `to_numpy`.
            resizing: As for `to_numpy`.

        Raises:
            DatasetError: There is no instance, or the first can't be used. One that is found out later ends the
                iteration with TensorFlow's own error, which has the sentence and the `_id` in it.
            ImportError: TensorFlow is not installed.
        """
        from .frameworks import to_tf

        samples = self._samples(size, labels, resizing)
        self._some()

        def read() -> Iterator[tuple[Any, Any]]:
            for document in self.documents(*_SAMPLE):
                whole = self.decoded(document)
                try:
                    yield samples.x(whole), samples.y(whole)
                except Unreadable as error:
                    self._fail(document, error)

        return to_tf(read, batch_size)

    def to_torch(
        self, size: Size | None = None, labels: Sequence[Any] | None = None, resizing: Resizing = "page"
    ) -> MapDataset:
        """What PyTorch's `DataLoader` takes: `len(...)`, and `x, y` by place, each read when it is asked for.

        Args:
            size: As for `to_numpy`.
            labels: As for `to_numpy`.
            resizing: As for `to_numpy`.

        Returns:
            The instances that are there now, in the order of `to_numpy`; images are `[3, h, w]`.

        Raises:
            DatasetError: There is no instance.
        """
        from .frameworks import MapDataset

        samples = self._samples(size, labels, resizing)
        self._some()
        ids = [document["_id"] for document in self.documents("_id")]
        return MapDataset(ids, self._get, samples, self._fail)

    # How it is done

    def _query(self, more: Mapping[str, Any] = NOTHING) -> Document:
        return {"datasetName": self.name, **more}

    def _some(self) -> int:
        """How many instances there are, if there are any."""
        total = self.count()
        if not total:
            raise DatasetError(self.name, listing.there_are(self._store, self.name))
        return total

    def _get(self, identity: str) -> Document:
        try:
            return self.decoded(self._service.get(identity, {"query": self._query()}))
        except NotFound as error:
            raise DatasetError(self.name, "is not there (any more)", identity) from error

    def _samples(self, size: Size | None, labels: Sequence[Any] | None, way: str) -> Samples:
        return Samples(_checked(size), ways.way(way), labels)

    def _decode(self, document: Document) -> Document:
        return decoding.decoded(document, self._asset)

    def _asset(self, path: str) -> bytes:
        return assets.read(self._store, path)

    def _fail(self, document: Document, error: Unreadable) -> NoReturn:
        raise DatasetError(self.name, str(error), document.get("_id")) from error

    def _progress(self, documents: Iterable[Document], total: int) -> Iterator[Document]:
        return iter(self._bar(documents, total, "Reading"))

    def _bar(self, documents: Iterable[Document] | None, total: int | None, doing: str) -> Any:
        """A progress bar that comes after a second, on a terminal or in a notebook."""
        return bar(documents, f"{doing} {self.name}", total, delay=_SHOW_AFTER, unit=" instances")


_SAMPLE = ("_id", "x", "y", "file")  # the fields that make a sample


def _checked(size: Size | None) -> Size | None:
    if size is None:
        return None
    try:
        height, width = (0, 0) if isinstance(size, str) else (int(side) for side in size)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1:
        raise InvalidData("size", size, "is not a height and a width in pixels; write it like (64, 64)")
    return height, width
