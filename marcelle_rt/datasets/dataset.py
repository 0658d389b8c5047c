"""`Dataset`: what a page records, in Python, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from ..client.data_store import DataStore
from ..errors import DatasetError, InvalidData
from . import adding, assets, decoding, naming, resizing
from .arrays import Arrays, Samples, Size, fill
from .skips import Skips
from .unreadable import Unreadable

if TYPE_CHECKING:
    from ..client.service import Service

Document = dict[str, Any]
OnError = Literal["raise", "skip"]


class Dataset:
    """A dataset of a Marcelle dashboard: what `dataset(name, store)` is in a page.

    Example:
        with Dataset("http://localhost:3030", "sketches") as sketches:
            x, y = sketches.to_numpy(size=(64, 64), labels=["circle", "square"])

    Args:
        store: The backend: a `DataStore` of yours (one that is signed in, say), its URL, or `None` for
            `$MARCELLE_BACKEND`, or else `http://localhost:3030`.
        name: The name that the page gives to the dataset.

    Attributes:
        name: As given.

    Raises:
        InvalidData: It can't be a dataset's name, or the store is not a URL.
    """

    def __init__(self, store: DataStore | str | None, name: str) -> None:
        service = naming.service_name(naming.INSTANCES, name)
        self.name = name
        self._owns_store = not isinstance(store, DataStore)
        self._store = store if isinstance(store, DataStore) else DataStore(store)
        self._service: Service = self._store.service(service)

    def __repr__(self) -> str:
        return f"Dataset({self._store.location!r}, {self.name!r})"

    def close(self) -> None:
        """Lets go of the connection, where the dataset has made its own."""
        if self._owns_store:
            self._store.close()

    def __enter__(self) -> Dataset:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # What is there

    def __len__(self) -> int:
        return self.count()

    def count(self, label: Any = None) -> int:
        """How many instances there are, of one label if one is given."""
        return self._service.count(self._query({} if label is None else {"y": label}))

    def __iter__(self) -> Iterator[Document]:
        """All instances, each a mapping with its fields as they are stored, but `x` decoded.

        Raises:
            DatasetError: One can't be decoded; it has the instance's `_id`.
        """
        for document in self._service.items(self._query()):
            yield self._decoded(document)

    def to_numpy(
        self,
        size: Size | None = None,
        labels: Sequence[Any] | None = None,
        on_error: OnError = "raise",
        resizing: Literal["page", "smooth"] = "page",
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
        selected = self._query({"$select": ["_id", "x", "y", "file"]})
        x, y, ids = fill(self._service.items(selected), samples, self.count(), skips, self._decode)
        if not ids:
            raise DatasetError(self.name, "has no instances")
        skips.tell(len(ids))
        return Arrays(x, y.astype("int64") if labels is not None else y, ids, skips.reasons)

    # The way back

    def add(self, x: Any, y: Any = None, thumbnail: str | None = None, **fields: Any) -> Document:
        """Adds an instance, which shows in pages at once.

        Args:
            x: An image (`uint8 [h, w]` or `[h, w, 1 | 3 | 4]`, or Pillow's; stored as pages do, as a JPEG at quality
                92), numbers of any other type and shape, or a text. `None` for an instance of fields alone.
            y: The label, as pages have it: mostly a text. An array stays an array.
            thumbnail: A `data:` URL of a small image; made of `x` if that is an image.
            **fields: What else to keep, for example `public=True`, which lets other users see it where users sign in.

        Returns:
            What was stored, with its `_id`.

        Raises:
            DatasetError: No page could read `x`.
            InvalidData: A value or a field's name can't be stored.
            PayloadTooLarge: It is over a megabyte, more than a backend takes at once.
        """
        document: Document = self._service.create(self._instance(x, y, thumbnail, fields))
        return document

    # How it is done

    def _instance(self, x: Any, y: Any, thumbnail: str | None, fields: Mapping[str, Any]) -> Document:
        try:
            return adding.instance(self.name, x, y, thumbnail, fields)
        except Unreadable as error:
            raise DatasetError(self.name, f"x {error.reason}; nothing was added") from error

    def _query(self, more: Mapping[str, Any] = {}) -> Document:
        return {"datasetName": self.name, **more}

    def _samples(self, size: Size | None, labels: Sequence[Any] | None, way: str) -> Samples:
        return Samples(_checked(size), resizing.way(way), labels)

    def _decode(self, document: Document) -> Document:
        return decoding.decoded(document, lambda path: assets.read(self._store, path))

    def _decoded(self, document: Document) -> Document:
        try:
            return self._decode(document)
        except Unreadable as error:
            raise DatasetError(self.name, f"x {error.reason}", document.get("_id")) from error


def _checked(size: Size | None) -> Size | None:
    if size is None:
        return None
    try:
        height, width = (int(side) for side in size)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1:
        raise InvalidData("size", size, "is not a height and a width in pixels; write it like (64, 64)")
    return height, width
