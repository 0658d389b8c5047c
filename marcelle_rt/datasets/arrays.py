"""Instances as two arrays, filled as they come: memory holds the arrays and one page of documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InvalidData
from .stored.sounds import Sound
from .stored.unreadable import Unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

Size = tuple[int, int]


class Arrays(tuple["NDArray[Any]", "NDArray[Any]"]):
    """`x, y`, and which instances they are.

    Attributes:
        ids: The instances' ids, in the arrays' order.
        skipped: Why each instance was left out that was, by its `_id`.
    """

    ids: list[str]
    skipped: dict[str, str]

    def __new__(cls, x: NDArray[Any], y: NDArray[Any], ids: list[str], skipped: dict[str, str]) -> Arrays:
        made = super().__new__(cls, (x, y))
        made.ids, made.skipped = ids, skipped
        return made

    @property
    def x(self) -> NDArray[Any]:
        """What was recorded."""
        return self[0]

    @property
    def y(self) -> NDArray[Any]:
        """The labels."""
        return self[1]


class Samples:
    """What makes a sample of a decoded instance: the same for NumPy, TensorFlow and PyTorch.

    Args:
        size: Height and width of images, or `None`.
        resize: Makes them so.
        labels: Whose places `y` becomes, or `None` to leave `y` as it is.

    Raises:
        InvalidData: There is a label twice.
    """

    def __init__(
        self, size: Size | None, resize: Callable[[NDArray[Any], Size], NDArray[Any]], labels: Sequence[Any] | None
    ) -> None:
        self._size = size
        self._resize = resize
        self._places = None if labels is None else {label: place for place, label in enumerate(labels)}
        if labels is not None and len(self._places or ()) != len(labels):
            raise InvalidData("labels", list(labels), "has a label twice, so that it has two places")

    def x(self, document: dict[str, Any]) -> Any:
        """The sample's `x`.

        Raises:
            Unreadable: There is none, or no image where a size was asked for.
        """
        x = document.get("x")
        if x is None:
            raise Unreadable("is missing; if this is a table, to_pandas() reads its columns")
        if self._size is None:
            return x.samples if isinstance(x, Sound) else x
        if not is_image(x):
            raise Unreadable("is not an image, so that it has no size; leave size out")
        return self._resize(x, self._size)

    def y(self, document: dict[str, Any]) -> Any:
        """The sample's `y`: its place in the labels, or as it is stored.

        Raises:
            Unreadable: There is none, or it is not among the labels.
        """
        y = document.get("y")
        if y is None:
            raise Unreadable("is missing: the instance has no label; give it one, or pass on_error='skip'", "y")
        if self._places is None:
            return y
        place = self._places.get(y) if not isinstance(y, (list, dict)) and not hasattr(y, "shape") else None
        if place is None:
            raise Unreadable(f"is {y!r}, which is not among labels={list(self._places)!r}", "y")
        return place


def is_image(x: object) -> bool:
    """Whether a decoded `x` is an image."""
    return getattr(x, "ndim", 0) == 3 and str(getattr(x, "dtype", "")) == "uint8"


class Column:
    """An array that grows by one sample at a time.

    Args:
        expected: How many there will be, more or less: so many places are taken at once.
    """

    def __init__(self, expected: int) -> None:
        self._expected = max(1, expected)
        self._array: NDArray[Any] | None = None
        self._others: list[Any] = []
        self._count = 0

    def check(self, sample: Any) -> None:
        """Looks whether a sample goes with those before it.

        Raises:
            Unreadable: It has another shape, or is of another kind.
        """
        if not self._count:
            return
        shape = getattr(sample, "shape", None)
        expected = None if self._array is None else self._array.shape[1:]
        if shape != expected:
            hint = "give size=(h, w)" if len(shape or ()) == 3 else "read them one by one: for instance in dataset"
            raise Unreadable(f"has the shape {_words(shape)} and those before it {_words(expected)}; {hint}")
        if self._array is not None and sample.dtype != self._array.dtype:  # would be cast without a word
            raise Unreadable(
                f"has {sample.dtype} values and those before it {self._array.dtype}: images beside numbers"
            )

    def append(self, sample: Any) -> None:
        """Adds a sample that was checked."""
        import numpy as np

        shape = getattr(sample, "shape", None)
        if shape is None:
            self._others.append(sample)
        else:
            if self._array is None:
                self._array = np.empty((self._expected, *shape), sample.dtype)
            elif self._count == len(self._array):
                self._array = np.concatenate([self._array, np.empty_like(self._array[: self._count // 8 + 1])])
            self._array[self._count] = sample
        self._count += 1

    def finish(self) -> NDArray[Any]:
        """The array of all samples."""
        if self._array is not None:
            return self._array[: self._count]
        return of_values(self._others)


def of_values(values: Sequence[Any]) -> NDArray[Any]:
    """An array of values as they are stored: text, numbers, truth values, or lists of equally many numbers.

    What is of several kinds becomes an array of objects.
    """
    import numpy as np

    kinds = {type(value) for value in values}
    if kinds in ({str}, {bool}, {int}, {float}, {int, float}):
        return np.asarray(values)
    if kinds and (kinds == {list} or all(hasattr(value, "shape") for value in values)):
        try:
            array = np.asarray(values)
        except ValueError:  # not equally many
            array = np.empty(0, object)
        if array.dtype.kind in "iufb" and len(array) == len(values):
            return array
    made = np.empty(len(values), object)
    for place, value in enumerate(values):
        made[place] = value
    return made


def fill(
    documents: Iterable[dict[str, Any]],
    samples: Samples,
    expected: int,
    skip: Callable[[dict[str, Any], Unreadable], None],
    decode: Callable[[dict[str, Any]], dict[str, Any]],
) -> tuple[NDArray[Any], NDArray[Any], list[str]]:
    """Fills two arrays with all samples.

    Args:
        documents: As they are stored.
        samples: What makes a sample of one.
        expected: How many documents there will be, more or less.
        skip: Is told of each that can't be used; it may raise.
        decode: Decodes a document.

    Returns:
        `x`, `y` and the ids.
    """
    xs, ys, ids = Column(expected), [], []
    same: dict[Any, Any] = {}  # equal labels share one object
    for document in documents:
        try:
            whole = decode(document)
            x, y = samples.x(whole), samples.y(whole)
            xs.check(x)
        except Unreadable as reason:
            skip(document, reason)
            continue
        xs.append(x)
        ys.append(same.setdefault(y, y) if isinstance(y, str) else y)
        ids.append(document["_id"])
    return xs.finish(), of_values(ys), ids


def _words(shape: tuple[int, ...] | None) -> str:
    return "of a single value" if shape is None else str(list(shape))
