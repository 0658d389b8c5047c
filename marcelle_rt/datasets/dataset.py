"""`Dataset`: what a page records, in Python, and the way back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ..client.data_store import DataStore
from ..errors import DatasetError, NotFound
from .files import kinds
from .reading import OnError, Reading
from .sending import FullSpeed, Pace, create_many
from .skips import Skips
from .stored import encoding
from .stored.unreadable import Unreadable

Document = dict[str, Any]


class Dataset(Reading):
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
        super().__init__(store, name)
        self._pace = Pace()

    def add(self, x: Any, y: Any = None, thumbnail: str | None = None, **fields: Any) -> Document:
        """Adds an instance, which shows in pages at once.

        Args:
            x: An image (`uint8 [h, w]` or `[h, w, 1 | 3 | 4]`, or Pillow's; stored as pages do, as a JPEG at quality
                92), numbers of any other type and shape, a `Sound` (as a WAV), or a text. `None` for an instance of
                fields alone.
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
        try:
            document = encoding.instance(self.name, x, y, thumbnail, fields)
        except Unreadable as error:
            raise DatasetError(self.name, f"{error}; nothing was added") from error
        stored: Document = self._service.create(document)
        return stored

    def add_many(
        self,
        xs: Iterable[Any],
        ys: Iterable[Any],
        thumbnails: Iterable[str | None] | None = None,
        *,
        gently: bool = True,
        **fields: Any,
    ) -> list[str]:
        """Adds instances, in messages of several, with a progress bar if it takes over a second.

        Args:
            xs: As `add` takes one; an iterator is read as far as needed.
            ys: A label for each.
            thumbnails: One for each; made of images if `None`.
            gently: Go as slowly as an open `datasetBrowser` can draw them: a hundred a second at first and 16 after
                the first 1,500. `False` goes as fast as the backend, which freezes such pages for minutes.
            **fields: What else to keep in each.

        Returns:
            The instances' ids, in order.

        Raises:
            PartlyAdded: Some are stored and the next can't be, or the line was lost: its `added` has the ids of those
                that are, and its `unsure` of those that may be.
            DatasetError: No page could read the first, or there are more of some than of others; none is stored. Where
                the numbers are not known before (iterators), it is `PartlyAdded`.
            MarcelleError: As `add`, and none is stored.
        """
        self._check_numbers({"xs": xs, "ys": ys, **({} if thumbnails is None else {"thumbnails": thumbnails})})
        total = len(xs) if isinstance(xs, Sized) else None
        with self._bar(None, total, "Adding to") as bar:
            documents = self._documents(xs, ys, thumbnails, fields)
            return create_many(self._service, self.name, documents, self._speed(gently), bar.update)

    def relabel(self, id: str, y: Any) -> Document:
        """Gives an instance another label.

        It is stored anew under another `_id` and the old one is removed, because Marcelle's `datasetBrowser` fails on
        instances that change.

        Args:
            id: The instance's `_id`.
            y: The label.

        Returns:
            What was stored, with its new `_id`.

        Raises:
            DatasetError: There is no such instance.
        """
        try:
            old = self._service.get(id, {"query": self._query()})
        except NotFound as error:
            raise DatasetError(self.name, "is not there", id) from error
        kept = {field: value for field, value in old.items() if field not in ("_id", "createdAt", "updatedAt")}
        new: Document = self._service.create({**kept, "y": y})
        self._service.remove(id, {"query": self._query()})
        return new

    def remove(self, *ids: str) -> None:
        """Removes instances.

        Args:
            *ids: The `_id` of each.

        Raises:
            DatasetError: No instance has that `_id`; those before it are removed.
        """
        for identity in ids:
            try:
                self._service.remove(identity, {"query": self._query()})
            except NotFound as error:
                raise DatasetError(self.name, "is not there", identity) from error

    def clear(self) -> int:
        """Removes all instances, and returns how many there were."""
        return self._remove_all(self._query({"$select": ["_id", "datasetName", "y"]}))

    def export(self, path: str | os.PathLike[str]) -> int:
        """Writes all instances to a file, or to a folder of images.

        Args:
            path: `name.json` (Marcelle's own, which a page's `dataset.upload` takes), `name.csv` or `name.parquet` (a
                table), or a folder that is empty or not there (an image a file, a folder a label). A file that is
                there is replaced.

        Returns:
            How many were written.

        Raises:
            DatasetError: There is no instance, or one that such a file can't hold.
            UnsupportedFormat: The file has another ending.
            OSError: It can't be written.
        """
        target = Path(path)
        kind = kinds.kind_of(target)
        total = self._some()
        try:
            return kind.write(target, self._bar(self.documents(), total, "Writing"))
        except Unreadable as error:
            raise DatasetError(self.name, f"{target} {error.reason}") from error

    def load(self, path: str | os.PathLike[str], on_error: OnError = "raise", *, gently: bool = True) -> list[str]:
        """Adds the instances of a file, or the images of a folder; see `export` for which.

        What pages have downloaded can be loaded too; it holds the first 100 instances at most.

        Args:
            path: The file or folder.
            on_error: What an instance does that no page could read, such as a broken image: `"raise"`, or `"skip"`
                with a warning that counts them.
            gently: As for `add_many`.

        Returns:
            The instances' ids.

        Raises:
            PartlyAdded: The line was lost, or the backend refused one; `remove(*error.added)` before loading it again.
            DatasetError: It is not such a file, or an instance can't be read; nothing was added.
            UnsupportedFormat: The file has another ending.
            OSError: It can't be read.
        """
        source = Path(path)
        skips = Skips(self.name, on_error)
        with self._bar(None, None, "Loading") as bar:
            documents = self._loaded(source, skips)
            ids = create_many(self._service, self.name, documents, self._speed(gently), bar.update)
        skips.tell(len(ids))
        return ids

    def _loaded(self, source: Path, skips: Skips) -> Iterator[Document]:
        """The instances of a file; where one that can't be read raises, that is found out before the first is given."""

        def made(where: str, make: Callable[[], Document]) -> Document | None:
            try:
                return {"datasetName": self.name, **make()}
            except Unreadable as error:
                skips({"_id": f"{source}: {where}"}, error)
            return None

        try:
            found = list(kinds.kind_of(source).read(source))
        except Unreadable as error:
            raise DatasetError(self.name, f"{source} {error.reason}") from error
        if skips.raises:
            for where, make in found:
                made(where, make)
        for where, make in found:
            if (document := made(where, make)) is not None:
                yield document

    def _check_numbers(self, given: Mapping[str, Iterable[Any]]) -> None:
        numbers = {name: len(values) for name, values in given.items() if isinstance(values, Sized)}
        if len(set(numbers.values())) > 1:
            told = ", ".join(f"{number:,} {name}" for name, number in numbers.items())
            raise DatasetError(self.name, f"{told} don't go together; give the same number of each. Nothing was added")

    def _documents(
        self,
        xs: Iterable[Any],
        ys: Iterable[Any],
        thumbnails: Iterable[str | None] | None,
        fields: Mapping[str, Any],
    ) -> Iterator[Document]:
        rows = zip_longest(xs, ys, *([] if thumbnails is None else [thumbnails]), fillvalue=_MISSING)
        for place, row in enumerate(rows):
            try:
                if any(value is _MISSING for value in row):
                    raise Unreadable("and its label don't go together: there are more of one than of the other")
                x, y, *rest = row
                yield encoding.instance(self.name, x, y, rest[0] if rest else None, fields)
            except Unreadable as error:
                raise DatasetError(self.name, f"xs[{place}] {error.reason}") from error

    def _speed(self, gently: bool) -> Pace:
        return self._pace if gently else FullSpeed()


_MISSING = object()
